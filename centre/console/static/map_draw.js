// How a map looks: areas with their names, then signs, the urgent ones on top. Each state has its shape as anywhere else.
/** @typedef {import("./map.js").Shown} Shown */

const PAD = 12;
const NAMED = 44; // pixels of width from which an area is named
const TOOLS = 44; // of the buttons at the right
const SAMPLES = 60;
const NEIGHBOURS = 40; // pixels between two, where few units are told of
const LARGEST = 7;
const SMALLEST = { plain: 1.5, well: 1.5, away: 2.5, due: 4, look: 4, urgent: 4.5 }; // what needs a look is seen in any crowd
const FEW = 5; // the least size of what is told of a few units, the others left out
const ORDER = ["plain", "well", "away", "due", "look", "urgent"];
const HOLLOW = ["away", "due"];
const SHADE = 0.08; // of the accent over the surface, a step: as in the table beside it (reports.css)

/** The state that a unit is drawn in; "hidden" is not drawn. @param {Shown} shown @param {string} unit */
export function stateOf(shown, unit) {
  const state = shown.states.get(unit) ?? shown.said.rest ?? "well";
  return shown.said.heat?.[`unit/${unit}`] ? "plain" : state;
}

/** The page's own tokens, so that a map follows light and dark. @param {Element} at */
export function colours(at) {
  const style = getComputedStyle(at);
  const names = ["surface", "ground", "line", "edge", "text", "muted", "accent", "accent-soft", "well", "look", "urgent", "away"];
  // "due" and "plain" are no states of a door: greys of the page
  const found = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  return { ...found, due: found.text, plain: found.edge, font: style.fontFamily };
}

/** @param {import("./map.js").Layout} layout @param {number} width @param {number} height */
export function fitted(layout, width, height) {
  const room = width - 2 * PAD - (width > 8 * TOOLS ? TOOLS : 0);
  const scale = Math.min(room / layout.width, (height - 2 * PAD) / layout.height);
  return { scale, x: PAD + (room - layout.width * scale) / 2, y: (height - layout.height * scale) / 2 };
}

/** The whole map, or no more of it than is told of a few units, so that signs of neighbours stand apart. @param {Shown} shown @param {number} width @param {number} height */
export function framed({ layout, units, said, apart }, width, height) {
  const whole = fitted(layout, width, height);
  const told = [...(said.routes ?? []).flat(), ...Object.keys(said.heat ?? {}).map((scope) => scope.replace(/^unit\//, ""))];
  const some = told.map((each) => units.get(each)).filter((unit) => unit !== undefined);
  if (said.rest !== "hidden" || !some.length) return whole;
  const [across, down] = [some.map((unit) => unit[2]), some.map((unit) => unit[3])];
  const [left, right, top, bottom] = [Math.min(...across), Math.max(...across), Math.min(...down), Math.max(...down)];
  const scale = Math.min(width / (right - left + 4 * apart), height / (bottom - top + 4 * apart), NEIGHBOURS / apart);
  if (!(scale > whole.scale)) return whole;
  return { scale, x: width / 2 - ((left + right) / 2) * scale, y: height / 2 - ((top + bottom) / 2) * scale };
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
  for (const stops of shown.said.routes ?? []) route(pen, shown, dye, stops);
  signs(pen, canvas, shown, dye);
  counts(pen, shown, dye);
  if (shown.said.routes?.length === 1) numbers(pen, shown, dye, shown.said.routes[0]);
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
      pen.globalAlpha = SHADE * heat[0];
      pen.fillStyle = dye.accent;
      pen.fill();
      pen.globalAlpha = 1;
    }
    pen.lineWidth = isPicked ? 2.5 : 1;
    pen.strokeStyle = isPicked ? dye.accent : dye.edge;
    pen.stroke();
    const { left, right, top, middle, isCorner } = box(area);
    const width = (right - left) * view.scale;
    if (width < NAMED) continue;
    pen.fillStyle = dye.text;
    const name = short(pen, area.name, width - 8);
    if (isCorner) pen.fillText(name, left * view.scale + view.x + 4, top * view.scale + view.y + 4);
    else pen.fillText(name, middle[0] * view.scale + view.x - pen.measureText(name).width / 2, middle[1] * view.scale + view.y - 22);
  }
}

/** @type {WeakMap<Area, Box>} */
const boxes = new WeakMap();
/** @typedef {import("./map.js").Area} Area */
/** @typedef {{left: number, right: number, top: number, middle: [number, number], isCorner: boolean}} Box */

/** Where an area's name and count stand: at its upper left, where that is within it; else in its midst. @param {Area} area @returns {Box} */
function box(area) {
  const known = boxes.get(area);
  if (known) return known;
  const [across, down] = [area.outline.map(([x]) => x), area.outline.map(([, y]) => y)];
  const [left, right, top, bottom] = [Math.min(...across), Math.max(...across), Math.min(...down), Math.max(...down)];
  let [twice, x, y] = [0, 0, 0];
  area.outline.forEach(([ax, ay], at) => {
    const [bx, by] = area.outline[(at || area.outline.length) - 1];
    const cross = bx * ay - ax * by;
    [twice, x, y] = [twice + cross, x + (ax + bx) * cross, y + (ay + by) * cross];
  });
  /** @type {[number, number]} */
  const middle = twice ? [x / (3 * twice), y / (3 * twice)] : [(left + right) / 2, (top + bottom) / 2];
  const isCorner = holds(area.outline, left + (right - left) / 20, top + (bottom - top) / 20);
  const made = { left, right, top, middle, isCorner };
  boxes.set(area, made);
  return made;
}

/** @param {[number, number][]} outline @param {number} x @param {number} y */
export function holds(outline, x, y) {
  let inside = false;
  outline.forEach(([ax, ay], at) => {
    const [bx, by] = outline[(at || outline.length) - 1];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  });
  return inside;
}

/** @param {CanvasRenderingContext2D} pen @param {string} text @param {number} width */
function short(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  let signs = [...text];
  while (signs.length > 1 && pen.measureText(`${signs.join("")}…`).width > width) signs = signs.slice(0, -1);
  return `${signs.join("")}…`;
}

/** From stop to stop, in their order. @param {CanvasRenderingContext2D} pen @param {Shown} shown @param {Record<string, string>} dye @param {string[]} stops */
function route(pen, { units, view }, dye, stops) {
  pen.beginPath();
  for (const stop of stops) {
    const unit = units.get(stop);
    if (unit) pen.lineTo(unit[2] * view.scale + view.x, unit[3] * view.scale + view.y);
  }
  pen.strokeStyle = dye.accent;
  pen.lineWidth = 2;
  pen.stroke();
}

/** Which stop each is; a door that is one twice has both. @param {CanvasRenderingContext2D} pen @param {Shown} shown @param {Record<string, string>} dye @param {string[]} stops */
function numbers(pen, { units, view }, dye, stops) {
  /** @type {Map<string, number[]>} */
  const all = new Map();
  stops.forEach((stop, at) => all.set(stop, [...(all.get(stop) ?? []), at + 1]));
  pen.font = `600 12px ${dye.font}`;
  for (const [stop, mine] of all) {
    const unit = units.get(stop);
    if (unit) written(pen, dye, mine.join(", "), unit[2] * view.scale + view.x + 9, unit[3] * view.scale + view.y - 19);
  }
}

/** How many there are, in the middle of each area or at each unit. @param {CanvasRenderingContext2D} pen @param {Shown} shown @param {Record<string, string>} dye */
function counts(pen, { layout, units, view, said }, dye) {
  if (!said.heat) return;
  pen.font = `600 13px ${dye.font}`;
  pen.textAlign = "center";
  for (const area of layout.areas) {
    const heat = said.heat[area.scope];
    if (!heat) continue;
    const [x, y] = box(area).middle;
    written(pen, dye, String(heat[1]), x * view.scale + view.x, y * view.scale + view.y - 4);
  }
  for (const [scope, [shade, count]] of Object.entries(said.heat)) {
    const unit = scope.startsWith("unit/") && units.get(scope.slice(5));
    if (!unit) continue;
    const [x, y] = [unit[2] * view.scale + view.x, unit[3] * view.scale + view.y];
    pen.beginPath();
    pen.arc(x, y, 8 + shade, 0, 7);
    pen.fillStyle = dye.surface;
    pen.fill();
    pen.globalAlpha = SHADE * shade;
    pen.fillStyle = dye.accent;
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = dye.accent;
    pen.lineWidth = 1;
    pen.stroke();
    written(pen, dye, String(count), x, y - 6);
  }
  pen.textAlign = "start";
}

/** Readable whatever lies beneath. @param {CanvasRenderingContext2D} pen @param {Record<string, string>} dye @param {string} text @param {number} x @param {number} y */
function written(pen, dye, text, x, y) {
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  pen.strokeStyle = dye.surface;
  pen.strokeText(text, x, y);
  pen.fillStyle = dye.text;
  pen.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} pen @param {HTMLCanvasElement} canvas @param {Shown} shown @param {Record<string, string>} dye */
function signs(pen, canvas, shown, dye) {
  const { layout, view, over, apart, said } = shown;
  const { clientWidth: width, clientHeight: height } = canvas;
  const fits = Math.min(apart * view.scale * 0.36, LARGEST);
  const least = (/** @type {string} */ state) => (said.rest && state !== "plain" ? FEW : (SMALLEST[/** @type {keyof SMALLEST} */ (state)] ?? 0));
  const sizes = Object.fromEntries(ORDER.map((state) => [state, Math.max(state === "plain" ? Math.min(fits, 3) : fits, least(state))]));
  /** @type {Record<string, Path2D>} */
  const paths = Object.fromEntries(ORDER.map((state) => [state, new Path2D()]));
  for (const [unit, , ux, uy] of layout.units) {
    const x = ux * view.scale + view.x;
    const y = uy * view.scale + view.y;
    const state = stateOf(shown, unit);
    const size = sizes[state] ?? 0;
    if (state in paths && x > -size && y > -size && x < width + size && y < height + size) shape(paths[state], state, x, y, size);
  }
  for (const state of ORDER) {
    pen.fillStyle = pen.strokeStyle = dye[state];
    pen.lineWidth = Math.min(2, sizes[state] / 2);
    if (HOLLOW.includes(state)) {
      pen.fillStyle = dye.surface;
      pen.fill(paths[state]);
      pen.stroke(paths[state]);
    } else pen.fill(paths[state]);
  }
  if (!over) return;
  pen.beginPath();
  pen.arc(over[2] * view.scale + view.x, over[3] * view.scale + view.y, Math.max(fits, said.rest ? FEW : 0) + 5, 0, 7);
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
  if (state === "due") {
    path.moveTo(x, y - size * 1.2);
    for (const [dx, dy] of [[1.2, 0], [0, 1.2], [-1.2, 0]]) path.lineTo(x + dx * size, y + dy * size);
    return path.closePath();
  }
  const round = state === "away" ? size - 1 : size;
  path.moveTo(x + round, y);
  path.arc(x, y, round, 0, 7);
}
