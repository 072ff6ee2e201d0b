// Keeps a page up to date while somebody looks at it: listens for changes, and asks for the page again when there are.

import { refresh, say, unsay } from "./refreshing.js";
import { keep, kept } from "./storage.js";

const PAUSED = "agentgauge-live";
const PATIENCE_MS = 3000; // a stream that ends is there again before anybody has to know
const AGAIN_MS = 30_000;

export function live(liven) {
  const button = document.querySelector("[data-live-switch]");
  const script = document.querySelector("script[data-live]");
  if (!button || !script) return;
  let [source, known, away, later] = [null, null, null, null];
  let isPaused = kept(() => localStorage, PAUSED) === "paused";

  function show(isAway = false) {
    const [word, time] = [button.querySelector("[data-live-word]"), document.querySelector("footer time")];
    const isWhole = !document.querySelector("[data-unfinished]");
    const said = !isWhole ? "Loading" : isPaused ? "Paused" : isAway ? `Reconnecting, data of ${time?.textContent ?? "before"}` : "Live";
    if (word.textContent !== said) word.textContent = said;
    button.setAttribute("aria-pressed", String(!isPaused));
    button.classList.toggle("away", isAway && !isPaused);
    button.hidden = false;
  }

  function changed(event) {
    clearTimeout(away);
    away = null;
    show();
    const { version } = JSON.parse(event.data);
    if (event.type === "now" && version === known) return;
    known = version;
    refresh(liven).then(() => show());
  }

  function lost() {
    away ??= setTimeout(() => show(true), PATIENCE_MS);
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    close();
    refresh(liven); // says what is wrong, where it is not the stream alone
    later = setTimeout(open, AGAIN_MS);
  }

  // Paused or not: a page that was asked for is wanted whole.
  function finish() {
    if (document.querySelector("[data-unfinished]")) refresh(liven).then(() => show());
  }

  function open() {
    if (source || isPaused || document.hidden) return;
    clearTimeout(later);
    source = new EventSource(script.dataset.live);
    source.addEventListener("now", changed);
    source.addEventListener("changed", changed);
    source.addEventListener("error", lost);
  }

  function close() {
    clearTimeout(later);
    source?.close();
    source = null;
  }

  button.addEventListener("click", () => {
    isPaused = !isPaused;
    keep(() => localStorage, PAUSED, isPaused ? "paused" : "live");
    clearTimeout(away);
    away = null;
    show();
    if (isPaused) close(); else open();
  });
  // Browsers open six connections to a server at most: tabs that nobody sees hold none.
  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else open(); });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) { known = null; open(); finish(); } });
  document.addEventListener("click", async (event) => {
    if (!event.target.closest?.("[data-retry]")) return;
    event.preventDefault();
    const card = event.target.closest(".card")?.id;
    await refresh(liven);
    if (document.getElementById(card)?.querySelector("[data-retry]")) say("It still cannot be shown.", "warn"); else unsay("warn");
  });
  show();
  finish();
  if (document.readyState === "complete") open(); else addEventListener("load", open, { once: true });
}
