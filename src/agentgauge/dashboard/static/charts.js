// Charts: Vega draws them where their figures changed. What follows a pointer or the keyboard is in pointing.js.

import { follow } from "./pointing.js";

const drawings = new WeakMap();
const followed = new WeakSet();
let definitions = null;
let loading = null;

export function charts(within) {
  for (const figure of within.querySelectorAll("figure[data-chart]")) {
    const canvas = figure.querySelector(".canvas");
    const text = figure.querySelector("script[type='application/json']")?.textContent;
    if (!canvas || !text || drawings.get(canvas)?.text === text) continue;
    const drawing = drawings.get(canvas) ?? { canvas };
    drawing.text = text;
    drawings.set(canvas, drawing);
    const late = drawing.view ? undefined : setTimeout(() => canvas.classList.add("late"), 300);
    drawing.turn = (drawing.turn ?? Promise.resolve())
      .then(() => draw(drawing, figure, text))
      .catch(() => undrawn(figure))
      .finally(() => { clearTimeout(late); canvas.classList.remove("late"); });
    if (followed.has(canvas)) continue;
    followed.add(canvas);
    follow(canvas, () => (drawing.view ? drawing : undefined));
  }
}

async function draw(drawing, figure, text) {
  const { form, rows, totals, given } = JSON.parse(text);
  const isAnother = drawing.form !== form;
  Object.assign(drawing, { form, rows, totals, zooms: figure.dataset.zooms });
  if (!isAnother && await redraw(drawing, given)) return;
  definitions ??= fetch(document.querySelector("script[data-definitions]").dataset.definitions).then((answer) => answer.json());
  const plain = (await definitions)[form];
  await (loading ??= loaded());
  const params = plain.params.map((param) => ({ ...param, value: given[param.name] }));
  const sized = given.height === undefined ? {} : { height: given.height };
  drawing.finalize?.();
  const drawn = await vegaEmbed(drawing.canvas, { ...plain, ...sized, datasets: { rows }, params }, {
    ast: true, actions: false, defaultStyle: false, hover: false, renderer: "svg", tooltip: () => {},
  });
  // What it shows is said of the canvas as a whole, and in the table: not mark by mark.
  drawing.canvas.querySelector("svg").setAttribute("aria-hidden", "true");
  drawing.mark = document.createElement("div");
  drawing.mark.className = "cursor";
  drawing.mark.hidden = true;
  drawing.canvas.append(drawing.mark);
  drawing.view = drawn.view;
  drawing.finalize = () => drawn.finalize();
}

// Vega comes beside the page's own script: nothing else waits for it.
function loaded() {
  return new Promise((done, fail) => {
    const look = () => {
      if (globalThis.vegaEmbed) done();
      else if (document.readyState === "complete") fail(new Error("charts cannot be drawn without their script"));
    };
    document.querySelector("script[data-drawing]").addEventListener("load", look);
    addEventListener("load", look);
    look();
  });
}

// The same form with other figures: nothing is taken down, so that nothing flickers or loses the pointer. Whether it
// could be done so: where Vega derives a size from the figures, it is drawn anew.
async function redraw({ view, rows }, given) {
  try {
    for (const [name, value] of Object.entries(given)) view.signal(name, value);
    view.data("rows", rows);
    await view.runAsync();
    return true;
  } catch {
    return false;
  }
}

function undrawn(figure) {
  figure.querySelector(".canvas").remove();
  figure.querySelector("details").open = true;
}
