// What people choose of: range, names, clocks. Every form works without this.

import { keep, kept } from "./storage.js";

const FIELD = "agentgauge-field";
const heard = new WeakMap();

export function filters(within) {
  each(within, "form[data-filters]", appliesAtOnce);
  each(within, "form[data-sparse]", sendsWhatIsChosen);
  each(within, "details[data-popover]", closesByItself);
  for (const zones of within.querySelectorAll("select[data-zones]")) {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (own && ![...zones.options].some((option) => option.value === own)) zones.add(new Option(`${own} (yours)`, own));
  }
}

// What is there already is heard once, however often the page is brought up to date.
function each(within, selector, listen) {
  for (const element of within.querySelectorAll(selector)) {
    if (heard.get(element)?.has(listen)) continue;
    heard.set(element, new Set(heard.get(element)).add(listen));
    listen(element);
  }
}

// Filters apply when they are chosen: with a pointer at once, with the keyboard on leaving them or by Enter, so that
// nobody who walks through the names is sent elsewhere. The field has the focus again on the page that follows.
function appliesAtOnce(form) {
  let [byKeys, isChanged] = [false, false];
  form.addEventListener("pointerdown", () => { byKeys = false; });
  form.addEventListener("keydown", (event) => {
    byKeys = true;
    if (event.key === "Enter" && isChanged) form.requestSubmit();
  });
  form.addEventListener("change", () => { isChanged = true; if (!byKeys) form.requestSubmit(); });
  form.addEventListener("focusout", () => { if (isChanged) form.requestSubmit(); });
}

function sendsWhatIsChosen(form) {
  form.addEventListener("submit", () => {
    const field = document.activeElement;
    if (form.contains(field) && field.name) keep(() => sessionStorage, FIELD, field.name);
    for (const each of form.elements) if (each.name && !each.value) each.disabled = true;
  });
}

function closesByItself(popover) {
  popover.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    popover.open = false;
    popover.querySelector("summary").focus();
  });
  popover.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !popover.contains(event.relatedTarget)) popover.open = false;
  });
}

export function focusAgain() {
  const name = kept(() => sessionStorage, FIELD);
  if (!name) return;
  keep(() => sessionStorage, FIELD, "");
  document.querySelector(`.filters select[name="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
}
