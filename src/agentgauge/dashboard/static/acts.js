// Sends the forms of acts without leaving the page: it becomes what the answer is, and says what was done.

import { become, messageOf, parsed, refresh, say } from "./refreshing.js";

let hasLeft = false;

export function acts(liven) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-act]")) return;
    event.preventDefault();
    if (form.dataset.busy !== undefined) return;
    const sent = new URLSearchParams(new FormData(form, event.submitter));
    if (form.dataset.question !== undefined) {
      if (!(await confirmed(form.dataset.question, event.submitter?.textContent ?? "Yes"))) return;
      sent.set("confirmed", "yes");
    }
    form.dataset.busy = "";
    try {
      await send(form.getAttribute("action"), sent, liven);
    } finally {
      delete form.dataset.busy;
    }
  });
  addEventListener("popstate", () => { if (hasLeft) location.reload(); });
}

async function send(address, sent, liven) {
  let answer;
  try {
    answer = await fetch(address, { method: "POST", body: sent, headers: { Accept: "text/html" } });
  } catch {
    say("The server could not be reached: nothing is known to have been done.", "bad");
    return;
  }
  const page = await parsed(answer);
  if (!answer.ok) {
    const link = answer.status === 401 ? [location.href, "Sign in"] : null;
    say(`Nothing was done. ${messageOf(page)}`, "bad", link);
    if (answer.status === 409 || answer.status === 412) await refresh(liven);
    return;
  }
  const there = new URL(answer.url);
  const isElsewhere = there.pathname !== location.pathname;
  if (there.href !== location.href.split("#")[0]) {
    hasLeft = true;
    history.pushState(null, "", there.href);
  }
  const before = document.activeElement;
  become(page, liven);
  const words = page.querySelector("[data-said] p");
  if (words) say(words.textContent, words.className);
  document.querySelector("[data-said]")?.append(...page.querySelectorAll("[data-said] form")); // what is offered with it
  if (isElsewhere) scrollTo(0, 0);
  if (isElsewhere || (before !== document.body && !before?.isConnected)) document.querySelector("[data-said]")?.focus({ preventScroll: true });
}

// Asks before what cannot be taken back. Escape is no.
function confirmed(question, yes) {
  const dialog = document.createElement("dialog");
  const heading = document.createElement("h2");
  heading.textContent = question;
  heading.id = "question";
  dialog.setAttribute("aria-labelledby", heading.id);
  const form = document.createElement("form");
  form.method = "dialog";
  form.className = "confirmation";
  for (const [value, words, kind] of [["no", "Cancel", "button"], ["yes", yes, "button bad"]]) {
    const button = document.createElement("button");
    [button.value, button.textContent, button.className] = [value, words.trim(), kind];
    form.append(button);
  }
  dialog.append(heading, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    }, { once: true });
  });
}
