// What follows a pointer or the keyboard over a chart: the figures of a place, and a part of its time to choose.

const DAY = 86_400_000;

export function follow(canvas, drawing) {
  canvas.addEventListener("keydown", (event) => walk(event, drawing()));
  canvas.addEventListener("blur", () => leave(drawing()));
  canvas.addEventListener("pointerdown", (event) => begin(event, drawing()));
  canvas.addEventListener("pointermove", (event) => point(event, drawing()));
  canvas.addEventListener("pointerup", () => choose(drawing()));
  canvas.addEventListener("pointerleave", () => leave(drawing()));
}

// The places of a chart that have figures: times, classes, names, cells or points, in pixels of its plot.
function stops({ view, form, rows }) {
  const [x, y] = [view.scale("x"), view.scale("y")];
  const along = (scale, value) => scale.bandwidth ? scale(value) + scale.bandwidth() / 2 : scale(typeof value === "string" ? Date.parse(value) : value);
  const together = ["area", "columns", "lines", "band", "histogram"].includes(form);
  const found = new Map();
  for (const row of rows) {
    const key = together ? row.x : found.size;
    if (found.has(key)) { found.get(key).rows.push(row); continue; }
    const left = along(x, row.x);
    const right = together && row.x2 !== undefined ? along(x, row.x2) : left;
    found.set(key, { left, right, x: (left + right) / 2, y: together ? view.height() / 2 : along(y, row.y), rows: [row] });
  }
  const all = [...found.values()];
  return together ? all.sort((one, other) => one.x - other.x) : all;
}

const APART = {
  bars: (stop, x, y) => Math.abs(stop.y - y),
  intervals: (stop, x, y) => Math.abs(stop.y - y),
  heat: (stop, x, y) => Math.hypot(stop.x - x, stop.y - y),
  points: (stop, x, y) => Math.hypot(stop.x - x, stop.y - y),
};

function nearest(drawing, event) {
  const box = plot(drawing);
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  if (x < -8 || y < -8 || x > box.width + 8 || y > box.height + 8) return null;
  const apart = APART[drawing.form] ?? ((stop) => Math.abs(stop.x - x));
  const all = stops(drawing);
  const distances = all.map((stop) => apart(stop, x, y));
  const least = Math.min(...distances);
  return drawing.form === "points" && least > 32 ? null : distances.indexOf(least);
}

function plot({ canvas, view }) {
  const box = canvas.querySelector("svg").getBoundingClientRect();
  const [left, top] = view.origin();
  return { left: box.left + left, top: box.top + top, width: view.width(), height: view.height() };
}

function point(event, drawing) {
  if (!drawing) return;
  const at = nearest(drawing, event);
  if (at === null) { if (drawing.from === undefined) leave(drawing); return; }
  show(drawing, at, event.clientX, event.clientY);
}

// All figures of a place, with their sum where they add up.
function show(drawing, at, clientX, clientY) {
  const all = stops(drawing), box = plot(drawing), stop = all[at];
  drawing.at = at;
  fill(stop.rows, drawing.totals[stop.rows[0].label]);
  bubble.hidden = false;
  place(clientX ?? box.left + stop.x, clientY ?? box.top + stop.y);
  const from = all[drawing.from ?? at];
  const [left, right] = [Math.min(stop.left, from.left), Math.max(stop.right, from.right)];
  drawing.mark.hidden = drawing.form in APART;
  drawing.mark.classList.toggle("chosen", from !== stop);
  drawing.mark.classList.toggle("line", left === right);
  const inside = drawing.canvas.getBoundingClientRect();
  drawing.mark.style.left = `${box.left - inside.left + left}px`;
  drawing.mark.style.width = `${Math.max(1, right - left)}px`;
  drawing.mark.style.top = `${box.top - inside.top}px`;
  drawing.mark.style.height = `${box.height}px`;
}

function leave(drawing) {
  bubble.hidden = true;
  if (!drawing) return;
  drawing.mark.hidden = true;
  delete drawing.from;
}

// A part of a chart's time becomes the range of the page: by dragging, or Shift with the arrows and then Enter.
function begin(event, drawing) {
  if (!drawing?.zooms || event.button !== 0 || event.pointerType === "touch") return;
  const at = nearest(drawing, event);
  if (at === null) return;
  event.preventDefault();
  drawing.canvas.focus({ preventScroll: true });
  drawing.canvas.setPointerCapture(event.pointerId);
  drawing.from = at;
}

function choose(drawing) {
  if (drawing?.from === undefined) return;
  const { from, at } = drawing;
  delete drawing.from;
  if (from === at) return;
  const all = stops(drawing), [first, last] = [Math.min(from, at), Math.max(from, at)];
  const time = (index) => Date.parse(all[index].rows[0].x);
  const after = all[last].rows[0].x2 ?? all[last + 1]?.rows[0].x;
  const [start, end] = [time(first), after ? Date.parse(after) : 2 * time(last) - time(last - 1)];
  const whole = start % DAY === 0 && end % DAY === 0;
  const said = (moment) => new Date(moment).toISOString().slice(0, whole ? 10 : 16);
  const url = new URL(drawing.zooms, location.href);
  url.searchParams.delete("range");
  url.searchParams.set("start", said(start));
  url.searchParams.set("end", said(whole ? end - DAY : end));
  location.assign(url);
}

function walk(event, drawing) {
  if (!drawing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") { leave(drawing); return; }
  if (event.key === "Enter") { choose(drawing); return; }
  const last = stops(drawing).length - 1;
  const { at } = drawing;
  const next = {
    ArrowLeft: at === undefined ? last : at - 1, ArrowRight: at === undefined ? 0 : at + 1, Home: 0, End: last,
  }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  if (event.shiftKey && drawing.zooms) drawing.from ??= at ?? next; else delete drawing.from;
  show(drawing, Math.max(0, Math.min(last, next)));
}

const bubble = document.createElement("div");
bubble.className = "tip";
bubble.hidden = true;
bubble.setAttribute("role", "status");
document.body.append(bubble);

function fill(rows, total) {
  const table = document.createElement("table");
  table.createCaption().textContent = rows[0].label ?? rows[0].y ?? "";
  const lines = total === undefined ? rows : [...rows.filter((row) => row.y), { series: "Total", text: total, isTotal: true }];
  for (const row of lines) {
    const line = table.insertRow();
    if (row.isTotal) line.className = "total";
    const name = document.createElement("th");
    name.scope = "row";
    if (row.colour) name.append(swatch(row.colour));
    name.append(row.series ?? "");
    line.append(name);
    line.insertCell().textContent = row.text;
  }
  bubble.replaceChildren(table);
}

function swatch(colour) {
  const [drawn, square] = ["svg", "rect"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
  drawn.setAttribute("viewBox", "0 0 10 10");
  drawn.setAttribute("class", "swatch");
  for (const [name, value] of [["width", 10], ["height", 10], ["rx", 2], ["fill", colour]]) square.setAttribute(name, value);
  drawn.append(square);
  return drawn;
}

function place(x, y) {
  const box = bubble.getBoundingClientRect();
  const left = x + 16 + box.width > innerWidth - 8 ? x - 16 - box.width : x + 16;
  bubble.style.left = `${Math.max(8, left)}px`;
  bubble.style.top = `${Math.max(8, Math.min(y + 16, innerHeight - box.height - 8))}px`;
}
