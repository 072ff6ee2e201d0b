// The fields of an event open beside its waterfall, which stays as it was folded and scrolled. Each is at an address of
// its own: back closes it, and without this module the links lead there.

import { localTimes } from "./times.js";

const event = () => document.querySelector(".event-panel");
let opener = null;

document.addEventListener("click", (click) => {
  const link = click.target.closest("a[data-panel], a[data-panel-close]");
  if (!link || click.button || click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return;
  click.preventDefault();
  const opens = "panel" in link.dataset;
  if (opens) opener = link;
  show(link.href).then(() => {
    history.pushState(null, "", link.href.replace(/#.*/, ""));
    if (opens) event().focus({ preventScroll: innerWidth > 1000 });
    else opener?.focus();
  }, () => { location.href = link.href; });
});

addEventListener("popstate", () => { show(location.href).catch(() => location.reload()); });

async function show(address) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.querySelector(".event-panel");
  if (!found) throw new Error("no panel");
  event().replaceWith(found);
  found.parentElement.classList.toggle("has-event", !found.hidden);
  const chosen = page.querySelector(".wf-row.chosen a[data-panel]")?.getAttribute("href");
  for (const link of document.querySelectorAll(".wf-row a[data-panel]")) {
    const isChosen = link.getAttribute("href") === chosen;
    link.closest(".wf-row").classList.toggle("chosen", isChosen);
    link.toggleAttribute("aria-current", isChosen);
    if (isChosen) link.setAttribute("aria-current", "true");
  }
  localTimes(found);
}
