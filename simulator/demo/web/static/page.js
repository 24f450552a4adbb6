// @ts-check
/** The demo's page: shows what the server says is so, draws the panels' newest pictures, and posts what is pressed. Decides nothing. */

/** @typedef {{id: string, sign: string, shape: string, name: string, words: string}} State */
/** @typedef {{name: string, frame: number, size: number[], text: string[], open: boolean, unlocked: boolean, states: State[], switches: Record<string, {on: boolean, words: string}>}} Unit */
/** @typedef {{at: string, who: string, words: string, fact: string}} Line */
/** @typedef {{units: Record<string, Unit>, happened: Line[]}} Scene */

const LOST_MS = 12000;
const FAULT_MS = 8000;
const KEYS = "0123456789*#";

const line = /** @type {HTMLElement} */ (document.getElementById("line"));
const fault = /** @type {HTMLElement} */ (document.getElementById("fault"));
const sections = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-unit]")]);

/** @param {ParentNode} where @param {string} what */
const one = (where, what) => /** @type {HTMLElement | null} */ (where.querySelector(what));

/** @param {Element | null} element @param {string} text */
function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

// --- pictures: one is fetched at a time, and always the newest

/** @type {Map<string, {wanted: number, shown: number, busy: boolean}>} */
const pictures = new Map();

/** @param {string} unit @param {number} frame */
function picture(unit, frame) {
  const known = pictures.get(unit) ?? { wanted: 0, shown: 0, busy: false };
  pictures.set(unit, known);
  known.wanted = frame;
  if (!known.busy) void fetched(unit, known);
}

/** @param {string} unit @param {{wanted: number, shown: number, busy: boolean}} known */
async function fetched(unit, known) {
  known.busy = true;
  try {
    while (known.shown !== known.wanted) {
      const asked = known.wanted;
      const answer = await fetch(`/units/${encodeURIComponent(unit)}/panel.png`);
      if (!answer.ok) break;
      const bitmap = await createImageBitmap(await answer.blob());
      for (const canvas of document.querySelectorAll(`#${CSS.escape(unit)} [data-canvas], [data-thumb="${CSS.escape(unit)}"]`)) {
        draw(/** @type {HTMLCanvasElement} */ (canvas), bitmap);
      }
      known.shown = asked;
      const section = document.getElementById(unit);
      if (section) section.dataset.drawn = (answer.headers.get("etag") ?? "").replaceAll('"', "");
      bitmap.close();
    }
  } catch {
    // The line to the server is gone; the stream says so, and begins anew with the newest frame.
    known.shown = 0;
  } finally {
    known.busy = false;
  }
}

/** @param {HTMLCanvasElement} canvas @param {ImageBitmap} bitmap */
function draw(canvas, bitmap) {
  if (canvas.dataset.canvas !== undefined && (canvas.width !== bitmap.width || canvas.height !== bitmap.height)) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
}

// --- states and lines

/** @param {Scene} scene */
function show(scene) {
  for (const section of sections) {
    const unit = scene.units[section.id];
    if (!unit) continue;
    section.dataset.frame = String(unit.frame);
    if (unit.frame) picture(section.id, unit.frame);
    write(one(section, "[data-text]"), unit.text.join("\n"));
    for (const state of unit.states) sign(one(section, `[data-state="${state.id}"]`), state, "b");
    sign(one(document, `[data-short="${CSS.escape(section.id)}"]`), unit.states[0], "span:last-child");
    for (const [name, { on, words }] of Object.entries(unit.switches)) {
      const button = one(section, `[data-switch="${name}"]`);
      write(button, words);
      if (button) button.dataset.on = String(on);
    }
    const leaf = /** @type {SVGElement | null} */ (section.querySelector("[data-door]"));
    if (leaf) Object.assign(leaf.dataset, { open: String(unit.open), unlocked: String(unit.unlocked) });
  }
  list(scene.happened);
}

/** @param {HTMLElement | null} element @param {State} state @param {string} words */
function sign(element, state, words) {
  if (!element) return;
  const shape = one(element, ".sign");
  write(shape, state.shape);
  if (shape) shape.className = `sign ${state.sign}`;
  write(one(element, words), state.words);
}

/** @param {string} tag @param {string} name @param {string} text */
function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}

/** @param {Line[]} lines */
function list(lines) {
  const there = one(document, "[data-happened]");
  const empty = one(document, "[data-empty]");
  if (empty) empty.hidden = lines.length > 0;
  there?.replaceChildren(
    ...lines.map((each) => {
      const row = document.createElement("li");
      const what = element("span", "what", ` ${each.words}`);
      what.prepend(element("span", "who", each.who));
      row.append(element("time", "", each.at), " ", what, " ", element("code", "", each.fact));
      return row;
    }),
  );
}

// --- the line to the server

let heard = Date.now();

/** @param {"live" | "lost"} state */
function told(state) {
  if (line.dataset.state === state) return;
  line.dataset.state = state;
  line.textContent = state === "live" ? `● ${line.dataset.live}` : `▲ ${line.dataset.lost}`;
}

const stream = new EventSource(/** @type {string} */ (document.body.dataset.live));
stream.addEventListener("message", (event) => {
  heard = Date.now();
  told("live");
  show(/** @type {Scene} */ (JSON.parse(event.data)));
});
stream.addEventListener("beat", () => {
  heard = Date.now();
  told("live");
});
stream.addEventListener("error", () => told("lost"));
setInterval(() => {
  if (Date.now() - heard > LOST_MS) told("lost");
}, 2000);

// --- hands

let forgotten = 0;

/** @param {string} words */
function complain(words) {
  fault.textContent = words;
  fault.hidden = false;
  clearTimeout(forgotten);
  forgotten = setTimeout(() => (fault.hidden = true), FAULT_MS);
}

/** One after the other, in the order in which they were pressed. @type {Promise<unknown>} */
let before = Promise.resolve();

/** @param {string} action @param {string} deed */
function act(action, deed) {
  before = before.then(() => posted(action, deed)).catch(() => complain(line.dataset.lost ?? ""));
}

/** @param {string} action @param {string} deed */
async function posted(action, deed) {
  const answer = await fetch(action, { method: "POST", body: new URLSearchParams({ deed }), headers: { accept: "text/plain" } });
  if (!answer.ok) complain(await answer.text());
}

for (const section of sections) {
  const form = /** @type {HTMLFormElement} */ (one(section, "form"));
  form.addEventListener("submit", (event) => {
    const button = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
    if (!button) return;
    event.preventDefault();
    act(form.action, button.value);
  });
  const glass = one(section, "[data-glass]");
  const canvas = /** @type {HTMLCanvasElement | null} */ (section.querySelector("[data-canvas]"));
  glass?.addEventListener("click", (event) => {
    if (!canvas) return;
    const box = canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
    if (x >= 0 && y >= 0 && x < canvas.width && y < canvas.height) act(form.action, `touch:${x},${y}`);
  });
  for (const place of [glass, one(section, "[data-pad]")]) {
    place?.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (KEYS.includes(event.key)) {
        event.preventDefault();
        act(form.action, `keys:${event.key}`);
      } else if (place === glass && canvas && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        act(form.action, `touch:${canvas.width >> 1},${canvas.height >> 1}`);
      }
    });
  }
}

// --- one unit at a time, the other small beside it

const tabs = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("[data-tab]")]);

/** @param {string} unit */
function choose(unit) {
  for (const section of sections) section.hidden = section.id !== unit;
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.tab === unit));
}

if (tabs.length > 1) {
  const bar = /** @type {HTMLElement} */ (tabs[0].parentElement);
  bar.hidden = false;
  bar.parentElement?.classList.add("tabbed");
  for (const tab of tabs) tab.addEventListener("click", () => choose(tab.dataset.tab ?? ""));
  const asked = location.hash.slice(1);
  choose(sections.some((section) => section.id === asked) ? asked : sections[0].id);
}
