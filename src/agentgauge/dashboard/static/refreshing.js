// Brings a page up to date: asks for its own address with the tag of what it has, and changes what differs.

import { morph } from "./morph.js";

const PARTS = [".top nav", "#content", "footer"];
let tag = null;
let underWay = null;
let isWanted = false;
let turn = 0; // counts what the page became

// What is said to the person, where the page says it; read out by screen readers.
export function say(text, tone = "good", link = null) {
  const region = document.querySelector("[data-said]");
  if (!region) return;
  const words = document.createElement("p");
  words.className = tone;
  words.textContent = text;
  if (link) {
    const way = document.createElement("a");
    [way.href, way.textContent] = link;
    words.append(" ", way);
  }
  region.replaceChildren(words);
}

export function unsay(tone) {
  for (const words of document.querySelectorAll(`[data-said] > .${tone}`)) words.remove();
}

// At most one request is under way; what is wanted meanwhile is asked for once after it. Whether the page is up to date.
export function refresh(liven) {
  if (underWay) {
    isWanted = true;
    return underWay;
  }
  underWay = ask(liven).finally(() => {
    underWay = null;
    if (!isWanted) return;
    isWanted = false;
    refresh(liven);
  });
  return underWay;
}

async function ask(liven) {
  const asked = turn;
  let answer;
  try {
    // The browser sends the tag of what it keeps of this address, and a 304 is the page that it keeps.
    answer = await fetch(location.href, { cache: "no-cache", headers: { Accept: "text/html", "Agentgauge-Refresh": "1" } });
  } catch {
    // Of a page that is whole, the live stream says that nobody answers.
    if (document.querySelector("[data-unfinished]")) say("This page could not be made: the server cannot be reached.", "warn", [location.href, "Load it again"]);
    return false;
  }
  const given = answer.headers.get("ETag");
  const isNew = !answer.ok || given === null || given !== tag;
  const page = isNew ? await parsed(answer) : null;
  if (turn !== asked) {
    isWanted = true; // an act came first: this is about what the page was before it
    return false;
  }
  if (!answer.ok) {
    const message = messageOf(page);
    const link = answer.status === 401 ? [location.href, "Sign in"] : null;
    say(`This page was not brought up to date. ${message}`, "warn", link);
    return false;
  }
  unsay("warn");
  if (isNew) {
    become(page, liven);
    tag = given;
  }
  return true;
}

export async function parsed(answer) {
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

export function messageOf(page) {
  return page.querySelector("[data-message]")?.textContent ?? "The server did not say why.";
}

// Makes the page in the window what a newer one is.
export function become(page, liven) {
  turn += 1;
  tag = null; // of what an act is answered with nobody knows it, and the page before may come again
  if (document.title !== page.title) document.title = page.title;
  for (const part of PARTS) {
    const [from, to] = [document.querySelector(part), page.querySelector(part)];
    if (from && to) morph(from, to);
  }
  liven();
}
