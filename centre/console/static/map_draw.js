// How a map looks: areas with their names, then signs, the urgent ones on top. Each state has its shape as anywhere else.
/** @typedef {import("./map.js").Shown} Shown */

const PAD = 12;
const NAMED = 44; // pixels of width from which an area is named
const TOOLS = 44; // of the buttons at the right
const SAMPLES = 60;
const LARGEST = 7;
const SMALLEST = { well: 1.5, away: 2.5, look: 4, urgent: 4.5 }; // what needs a look is seen in any crowd
const ORDER = ["well", "away", "look", "urgent"];

/** The page's own tokens, so that a map follows light and dark. @param {Element} at */
export function colours(at) {
  const style = getComputedStyle(at);
  const names = ["surface", "ground", "line", "edge", "text", "muted", "accent", "accent-soft", "well", "look", "urgent", "away"];
  return Object.fromEntries([...names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]), ["font", style.fontFamily]]);
}

/** @param {import("./map.js").Layout} layout @param {number} width @param {number} height */
export function fitted(layout, width, height) {
  const room = width - 2 * PAD - (width > 8 * TOOLS ? TOOLS : 0);
  const scale = Math.min(room / layout.width, (height - 2 * PAD) / layout.height);
  return { scale, x: PAD + (room - layout.width * scale) / 2, y: (height - layout.height * scale) / 2 };
}

/** How far apart units stand, of the map's numbers: the middle of the distances to the nearest. @param {import("./map.js").Layout} layout */
export function spacing({ units, width }) {
  const some = units.filter((_, at) => at % Math.ceil(units.length / SAMPLES) === 0);
  const nearest = some.map(([, , x, y]) => {
    const far = units.map(([, , ux, uy]) => (ux - x) ** 2 + (uy - y) ** 2).filter((each) => each > 0);
    return Math.sqrt(Math.min(...far, width ** 2));
  });
  return nearest.sort((a, b) => a - b)[nearest.length >> 1] ?? width;
}

/** @param {HTMLCanvasElement} canvas @param {Shown} shown @param {Record<string, string>} dye */
export function draw(canvas, shown, dye) {
  const pen = canvas.getContext("2d");
  if (!pen) return;
  const ratio = canvas.width / (canvas.clientWidth || 1);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  areas(pen, shown, dye);
  route(pen, shown, dye);
  signs(pen, canvas, shown, dye);
}

/** @param {CanvasRenderingContext2D} pen @param {Shown} shown @param {Record<string, string>} dye */
function areas(pen, { layout, view, picked, said }, dye) {
  pen.font = `12px ${dye.font}`;
  pen.textBaseline = "top";
  for (const area of layout.areas) {
    pen.beginPath();
    for (const [x, y] of area.outline) pen.lineTo(x * view.scale + view.x, y * view.scale + view.y);
    pen.closePath();
    const isPicked = picked.has(area.scope);
    const heat = said.heat?.[area.scope];
    pen.fillStyle = isPicked ? dye["accent-soft"] : dye.surface;
    pen.fill();
    if (heat) {
      pen.globalAlpha = 0.15 + 0.6 * Math.min(heat, 1);
      pen.fillStyle = dye.accent;
      pen.fill();
      pen.globalAlpha = 1;
    }
    pen.lineWidth = isPicked ? 2.5 : 1;
    pen.strokeStyle = isPicked ? dye.accent : dye.edge;
    pen.stroke();
    const left = Math.min(...area.outline.map(([x]) => x)) * view.scale + view.x;
    const right = Math.max(...area.outline.map(([x]) => x)) * view.scale + view.x;
    const top = Math.min(...area.outline.map(([, y]) => y)) * view.scale + view.y;
    if (right - left < NAMED) continue;
    pen.fillStyle = dye.text;
    pen.fillText(short(pen, area.name, right - left - 8), left + 4, top + 4);
  }
}

/** @param {CanvasRenderingContext2D} pen @param {string} text @param {number} width */
function short(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let signs = [...text];
  while (signs.length > 1 && pen.measureText(`${signs.join("")}…`).width > width) signs = signs.slice(0, -1);
  return `${signs.join("")}…`;
}

/** The stops of a round, in their order. @param {CanvasRenderingContext2D} pen @param {Shown} shown @param {Record<string, string>} dye */
function route(pen, { layout, view, said }, dye) {
  const known = new Map(layout.units.map((unit) => [unit[0], unit]));
  const stops = (said.route ?? []).map((unit) => known.get(unit)).filter((unit) => unit !== undefined);
  pen.beginPath();
  for (const [, , x, y] of stops) pen.lineTo(x * view.scale + view.x, y * view.scale + view.y);
  pen.strokeStyle = dye.accent;
  pen.lineWidth = 2;
  pen.stroke();
  pen.fillStyle = dye.text;
  stops.forEach(([, , x, y], at) => pen.fillText(String(at + 1), x * view.scale + view.x + 8, y * view.scale + view.y - 16));
}

/** @param {CanvasRenderingContext2D} pen @param {HTMLCanvasElement} canvas @param {Shown} shown @param {Record<string, string>} dye */
function signs(pen, canvas, { layout, view, states, over, apart }, dye) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const fits = Math.min(apart * view.scale * 0.36, LARGEST);
  const sizes = Object.fromEntries(Object.entries(SMALLEST).map(([state, least]) => [state, Math.max(fits, least)]));
  /** @type {Record<string, Path2D>} */
  const paths = Object.fromEntries(ORDER.map((state) => [state, new Path2D()]));
  for (const [unit, , ux, uy] of layout.units) {
    const x = ux * view.scale + view.x;
    const y = uy * view.scale + view.y;
    const state = states.get(unit) ?? "well";
    const size = sizes[state] ?? 0;
    if (state in paths && x > -size && y > -size && x < width + size && y < height + size) shape(paths[state], state, x, y, size);
  }
  for (const state of ORDER) {
    pen.fillStyle = pen.strokeStyle = dye[state];
    pen.lineWidth = Math.min(2, fits / 2);
    if (state === "away") {
      pen.fillStyle = dye.surface;
      pen.fill(paths[state]);
      pen.stroke(paths[state]);
    } else pen.fill(paths[state]);
  }
  if (!over) return;
  pen.beginPath();
  pen.arc(over[2] * view.scale + view.x, over[3] * view.scale + view.y, fits + 5, 0, 7);
  pen.strokeStyle = dye.text;
  pen.stroke();
}

/** @param {Path2D} path @param {string} state @param {number} x @param {number} y @param {number} size */
function shape(path, state, x, y, size) {
  if (state === "urgent") return path.rect(x - size, y - size, 2 * size, 2 * size);
  if (state === "look") {
    path.moveTo(x, y - size * 1.2);
    path.lineTo(x + size * 1.2, y + size);
    path.lineTo(x - size * 1.2, y + size);
    return path.closePath();
  }
  const round = state === "away" ? size - 1 : size;
  path.moveTo(x + round, y);
  path.arc(x, y, round, 0, 7);
}
