// Makes a page what a newer one is, by changing only what differs: focus, selection, scroll, open details and drawn
// charts stay as they are.

export function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  if (from.isEqualNode(to) || from.matches("[data-said], noscript, dialog[open], select:focus")) return;
  if (from.matches(".canvas")) {
    from.setAttribute("aria-label", to.getAttribute("aria-label") ?? "");
    return;
  }
  if (from.matches("time")) {
    if (from.dateTime !== to.dateTime) {
      from.removeAttribute("title"); // so that it is shown by the reader's clock again
      from.dateTime = to.dateTime;
      from.textContent = to.textContent;
    }
    return;
  }
  attributes(from, to);
  if (from.matches("script")) {
    if (from.textContent !== to.textContent) from.textContent = to.textContent;
    return;
  }
  children(from, to);
}

function attributes(from, to) {
  const names = new Set([...from.getAttributeNames(), ...to.getAttributeNames()]);
  names.delete("open"); // what the person opened stays open
  for (const name of names) {
    const value = to.getAttribute(name);
    if (value === null) from.removeAttribute(name); else if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

// Children that are of the same thing are kept, in the order of the newer page; what is of nothing any more goes first,
// so that the others need not be moved where one came at the top and one left at the end.
function children(from, to) {
  const kept = new Map();
  for (const node of from.childNodes) {
    const key = thing(node);
    if (kept.has(key)) kept.get(key).push(node); else kept.set(key, [node]);
  }
  const wanted = [...to.childNodes].map((next) => [next, kept.get(thing(next))?.shift()]);
  for (const nodes of kept.values()) for (const node of nodes) node.remove();
  let at = from.firstChild;
  for (const [next, own] of wanted) {
    if (!own) {
      from.insertBefore(document.importNode(next, true), at);
      continue;
    }
    if (own === at) at = at.nextSibling; else move(from, own, at);
    morph(own, next);
  }
}

function move(parent, node, before) {
  const hasFocus = node.contains(document.activeElement) ? document.activeElement : null;
  if (parent.moveBefore) parent.moveBefore(node, before); else parent.insertBefore(node, before);
  if (hasFocus && hasFocus !== document.activeElement) hasFocus.focus({ preventScroll: true });
}

// What a node is of: its id, or what its first link leads to where it is a row of a table or an entry of a list.
function thing(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeName;
  if (node.id) return `#${node.id}`;
  if (node.dataset.key) return `${node.nodeName} ${node.dataset.key}`;
  const isEntry = node.nodeName === "TR" || node.nodeName === "LI";
  return isEntry ? `${node.nodeName} ${node.querySelector("a[href]")?.getAttribute("href") ?? ""}` : node.nodeName;
}
