// The one module of all pages: charts, tooltips, times by the reader's clock, filters that apply at once, the theme.
// Everything that a page says is there without it.

const root = document.documentElement;
root.classList.add("with-script");
const script = document.querySelector("script[data-definitions]");

// Times: sent as UTC, shown by the reader's own clock, with its zone.
const FORMS = {
  minute: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" },
  second: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" },
};

export function localTimes(within) {
  for (const element of within.querySelectorAll("time[datetime]")) {
    const time = new Date(element.dateTime);
    element.textContent = time.toLocaleString(undefined, { hour12: false, ...FORMS[element.dataset.form] });
    element.title = time.toISOString();
  }
}

// Filters apply when they are chosen.
export function filters(within) {
  for (const form of within.querySelectorAll("form[data-filters]")) {
    form.addEventListener("change", () => form.requestSubmit());
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
    });
  }
}

// The theme: the system's, or what was chosen here.
function theme() {
  const button = document.querySelector("[data-theme-switch]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    try { localStorage.setItem("agentgauge-theme", root.dataset.theme); } catch { /* kept for this page alone */ }
  });
}

// Charts.
let definitions = null;
const views = new WeakMap();

async function definition(form) {
  definitions ??= fetch(script.dataset.definitions).then((answer) => answer.json());
  return (await definitions)[form];
}

export async function draw(figure) {
  const canvas = figure.querySelector(".canvas");
  const data = figure.querySelector("script[type='application/json']");
  if (!canvas || !data || views.get(canvas)?.text === data.textContent) return;
  const text = data.textContent;
  const { form, unit, rows } = JSON.parse(text);
  const plain = await definition(form);
  const specification = { ...plain, datasets: { rows }, params: [{ name: "figures", value: unit }, ...(plain.params ?? []).filter((param) => param.name !== "figures")] };
  if (!globalThis.vegaEmbed) await new Promise((loaded) => addEventListener("load", loaded, { once: true }));
  const old = views.get(canvas);
  const drawn = await vegaEmbed(canvas, specification, {
    ast: true, actions: false, defaultStyle: false, renderer: "svg",
    tooltip: (handler, event, item, value) => tip(event, value == null ? null : item, rows, unit),
  });
  old?.finalize();
  views.set(canvas, { text, view: drawn.view, rows, finalize: () => drawn.finalize() });
}

export function charts(within) {
  for (const figure of within.querySelectorAll("figure[data-chart]")) {
    const canvas = figure.querySelector(".canvas");
    const late = setTimeout(() => canvas.classList.add("late"), 300);
    draw(figure).finally(() => { clearTimeout(late); canvas.classList.remove("late"); });
    canvas.addEventListener("keydown", (event) => walk(event, canvas));
    canvas.addEventListener("blur", () => tip(null, null));
  }
}

// The tooltip: all figures of a time, with their sum where they add up; of other marks the mark's own.
const bubble = document.createElement("div");
bubble.className = "tip";
bubble.hidden = true;
bubble.setAttribute("role", "status");
document.body.append(bubble);

function tip(event, item, rows) {
  bubble.hidden = !item;
  if (!item) return;
  const datum = item.datum;
  const at = new Date(datum.x).getTime();
  const alike = datum.label ? rows.filter((row) => new Date(row.x).getTime() === at || row.label === datum.label && row.x === datum.x) : [datum];
  fill(alike.length ? alike : [datum]);
  place(event.clientX, event.clientY);
}

function fill(rows) {
  const table = document.createElement("table");
  table.createCaption().textContent = rows[0].label ?? rows[0].y ?? "";
  for (const row of rows) {
    const line = table.insertRow();
    line.className = row.total ? "total" : "";
    const name = document.createElement("th");
    name.textContent = row.series ?? "";
    line.append(name);
    line.insertCell().textContent = row.text;
  }
  bubble.replaceChildren(table);
}

function place(x, y) {
  const box = bubble.getBoundingClientRect();
  bubble.style.left = `${Math.max(8, Math.min(x + 16, innerWidth - box.width - 8))}px`;
  bubble.style.top = `${Math.max(8, Math.min(y + 16, innerHeight - box.height - 8))}px`;
}

// With the keyboard: left and right walk through the times of a chart.
function walk(event, canvas) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const kept = views.get(canvas);
  if (!step || !kept) return;
  event.preventDefault();
  const places = [...new Set(kept.rows.map((row) => row.label ?? row.y))];
  const last = places.length - 1;
  kept.at = Math.max(0, Math.min(last, kept.at === undefined ? (step > 0 ? 0 : last) : kept.at + step));
  fill(kept.rows.filter((row) => (row.label ?? row.y) === places[kept.at]));
  bubble.hidden = false;
  const box = canvas.getBoundingClientRect();
  place(box.left + ((kept.at + 0.5) / places.length) * box.width, box.top + box.height / 2);
}

export function liven(within) {
  localTimes(within);
  filters(within);
  charts(within);
}

theme();
liven(document);
