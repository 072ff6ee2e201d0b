// What pages do beside being read. Everything that a page says is there without it, and everything can be done.

import { acts } from "./acts.js";
import { charts } from "./charts.js";
import { filters, focusAgain } from "./filters.js";
import { live } from "./live.js";
import { keep } from "./storage.js";
import { localTimes } from "./times.js";

const root = document.documentElement;
root.classList.add("with-script");

// The theme: the system's, or what was chosen here.
function theme() {
  const button = document.querySelector("[data-theme-switch]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    keep(() => localStorage, "agentgauge-theme", root.dataset.theme);
  });
}

function liven() {
  localTimes(document);
  filters(document);
  charts(document);
}

// On a narrow screen the menu is wider than it: the page that this is comes into view.
// Not by scrollIntoView, which would move where the keyboard begins.
const current = document.querySelector(".top nav [aria-current]");
const menu = current?.closest("nav");
if (menu) menu.scrollLeft = current.offsetLeft - menu.offsetLeft - (menu.clientWidth - current.offsetWidth) / 2;

theme();
liven();
focusAgain();
acts(liven);
live(liven);
