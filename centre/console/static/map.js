// Yards as areas and units as state-shaped signs, drawn on a canvas; the same as a list beneath, for keyboards and readers of screens.
// What is where comes from data-layout (once); in which state what is, from [data-map-states] inside the figure, whenever that is new.
// A click tells `console:pick` {unit, scope, name}; unless somebody prevents it, it checks the form's field of that scope, or opens the unit's page.
import { list } from "./map_list.js";
import { colours, draw, fitted, framed, holds, spacing, stateOf } from "./map_draw.js";

const REACH = 14; // pixels from a sign's middle within which it is meant
const MOST = 24;
/** @typedef {[unit: string, name: string, x: number, y: number, area: number]} Unit */
/** @typedef {{scope: string, name: string, outline: [number, number][]}} Area */
/** @typedef {{width: number, height: number, areas: Area[], units: Unit[]}} Layout */
/** @typedef {Record<string, [shade: number, count: number]>} Heat by scope; a unit's is at its spot. */
/** @typedef {{urgent?: string[], look?: string[], away?: string[], due?: string[], well?: string[], rest?: "hidden" | "plain", routes?: string[][], heat?: Heat}} Said */
/** @typedef {{scale: number, x: number, y: number}} View */
/** @typedef {{layout: Layout, units: Map<string, Unit>, said: Said, states: Map<string, string>, picked: Set<string>, view: View, over: Unit | null, apart: number}} Shown */

/** @param {HTMLElement} figure */
export async function start(figure) {
  const canvas = figure.querySelector("canvas");
  try {
    const answer = await fetch(figure.dataset.layout ?? "", { credentials: "same-origin" });
    if (!canvas || !answer.ok) throw new Error("no map");
    new Chart(figure, canvas, await answer.json()).begin();
  } catch {
    figure.classList.add("map-failed"); // the page's own list tells the same
  }
}

class Chart {
  /** @param {HTMLElement} figure @param {HTMLCanvasElement} canvas @param {Layout} layout */
  constructor(figure, canvas, layout) {
    this.figure = figure;
    this.canvas = canvas;
    this.says = /** @type {HTMLElement} */ (figure.querySelector(".map-says"));
    /** @type {Shown} */
    this.shown = { layout, units: new Map(layout.units.map((unit) => [unit[0], unit])), said: {}, states: new Map(), picked: new Set(), view: { scale: 1, x: 0, y: 0 }, over: null, apart: spacing(layout) };
    this.colours = colours(canvas);
    this.due = 0;
    this.least = 1;
    this.begun = 1;
  }

  begin() {
    const { canvas, figure } = this;
    new ResizeObserver(() => this.fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.dye());
    document.addEventListener("console:shown", (event) => figure.contains(/** @type {Node} */ (event.target)) && this.read());
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.drag(event));
    canvas.addEventListener("pointermove", (event) => this.hover(event));
    canvas.addEventListener("pointerleave", () => this.point(null));
    canvas.addEventListener("click", (event) => this.click(event));
    figure.querySelector("[data-map-in]")?.addEventListener("click", () => this.zoom(1.5));
    figure.querySelector("[data-map-out]")?.addEventListener("click", () => this.zoom(1 / 1.5));
    figure.querySelector("[data-map-whole]")?.addEventListener("click", () => this.fit(true));
    this.form()?.addEventListener("change", () => this.readPicked());
    this.read();
    list(figure, this.shown, (unit, scope) => this.pick(unit, scope), (unit) => this.word(unit));
    this.readPicked();
    this.fit();
    figure.dataset.drawn = "";
  }

  form() {
    return this.figure.dataset.picks ? (this.figure.closest("form") ?? null) : null;
  }

  read() {
    const holder = /** @type {HTMLElement | null} */ (this.figure.querySelector("[data-map-states]"));
    this.shown.said = JSON.parse(holder?.dataset.mapStates || "{}");
    this.shown.states.clear();
    for (const state of /** @type {const} */ (["well", "away", "due", "look", "urgent"])) {
      for (const unit of this.shown.said[state] ?? []) this.shown.states.set(unit, state);
    }
    this.figure.dispatchEvent(new Event("map:said"));
    this.draw();
  }

  readPicked() {
    const fields = this.form()?.querySelectorAll(`input[name="${CSS.escape(this.figure.dataset.picks ?? "")}"]:checked`) ?? [];
    this.shown.picked = new Set([...fields].map((each) => /** @type {HTMLInputElement} */ (each).value));
    this.draw();
  }

  /** @param {boolean} [isWhole] */
  fit(isWhole = false) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const whole = fitted(this.shown.layout, width, height);
    this.shown.view = isWhole ? whole : framed(this.shown, width, height);
    this.least = whole.scale;
    this.begun = this.shown.view.scale;
    this.moved();
  }

  moved() {
    this.canvas.classList.toggle("map-moves", this.shown.view.scale > this.begun * 1.01); // until then a finger scrolls the page
    this.draw();
  }

  dye() {
    this.colours = colours(this.canvas);
    this.draw();
  }

  draw() {
    if (this.due) return;
    this.due = requestAnimationFrame(() => {
      this.due = 0;
      draw(this.canvas, this.shown, this.colours);
    });
  }

  /** @param {number} by @param {number} [x] @param {number} [y] */
  zoom(by, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const { view } = this.shown;
    const scale = Math.min(Math.max(view.scale * by, this.least), this.least * MOST);
    const grown = scale / view.scale;
    this.shown.view = { scale, x: x - (x - view.x) * grown, y: y - (y - view.y) * grown };
    if (scale === this.least) this.fit(true);
    else this.moved();
  }

  /** Only with Ctrl, or two fingers: the wheel alone is the page's. @param {WheelEvent} event */
  wheel(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 200), event.offsetX, event.offsetY);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    if (event.button !== 0) return;
    let { clientX: x, clientY: y } = event;
    this.dragged = 0;
    const move = (/** @type {PointerEvent} */ to) => {
      this.dragged = (this.dragged ?? 0) + Math.abs(to.clientX - x) + Math.abs(to.clientY - y);
      if (this.shown.view.scale > this.least) {
        this.shown.view.x += to.clientX - x;
        this.shown.view.y += to.clientY - y;
        this.draw();
      }
      ({ clientX: x, clientY: y } = to);
    };
    const end = () => {
      removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, end);
    };
    addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end);
  }

  /** @param {MouseEvent} event @returns {Unit | null} */
  unitAt(event) {
    const { layout, view } = this.shown;
    const x = (event.offsetX - view.x) / view.scale;
    const y = (event.offsetY - view.y) / view.scale;
    const reach = REACH / view.scale;
    /** @type {Unit | null} */
    let best = null;
    let nearest = reach * reach;
    for (const unit of layout.units) {
      const far = (unit[2] - x) ** 2 + (unit[3] - y) ** 2;
      if (far < nearest && stateOf(this.shown, unit[0]) !== "hidden") [best, nearest] = [unit, far];
    }
    return best;
  }

  /** @param {MouseEvent} event @returns {Area | undefined} */
  areaAt(event) {
    const { layout, view } = this.shown;
    const x = (event.offsetX - view.x) / view.scale;
    const y = (event.offsetY - view.y) / view.scale;
    return layout.areas.find(({ outline }) => holds(outline, x, y));
  }

  /** @param {PointerEvent} event */
  hover(event) {
    if (event.pointerType === "touch") return;
    const unit = this.unitAt(event);
    const area = this.areaAt(event);
    this.canvas.classList.toggle("map-hits", Boolean(unit || (area && this.form())));
    this.point(unit, event, unit || !area ? "" : this.areaWords(area));
  }

  /** Of an area that can be picked, or that is shaded by a count. @param {Area} area */
  areaWords(area) {
    const heat = this.shown.said.heat?.[area.scope];
    if (heat) return `${area.name} · ${heat[1]}`;
    return this.form() ? area.name : "";
  }

  /** @param {Unit | null} unit @param {PointerEvent} [event] @param {string} [words] */
  point(unit, event, words = "") {
    const said = unit ? [unit[1], this.word(unit[0])].filter(Boolean).join(" · ") : words;
    this.says.hidden = !said;
    if (said && event) {
      this.says.textContent = said;
      const left = Math.min(event.offsetX + 12, this.canvas.clientWidth - this.says.offsetWidth - 4);
      this.says.style.left = `${Math.max(4, left)}px`;
      this.says.style.top = `${event.offsetY + 16}px`;
    }
    if (this.shown.over !== unit) {
      this.shown.over = unit;
      this.draw();
    }
  }

  /** The state of a unit, as the legend says it; or its count. @param {string} unit */
  word(unit) {
    const heat = this.shown.said.heat?.[`unit/${unit}`];
    if (heat) return String(heat[1]);
    const state = stateOf(this.shown, unit);
    return this.figure.querySelector(`.legend .state-${state} .words`)?.textContent ?? "";
  }

  /** @param {MouseEvent} event */
  click(event) {
    if ((this.dragged ?? 0) > 6) return;
    const unit = this.unitAt(event);
    const area = unit && !this.form() ? this.shown.layout.areas[unit[4]] : (this.areaAt(event) ?? (unit && this.shown.layout.areas[unit[4]]));
    if (unit || area) this.pick(unit?.[0] ?? null, area?.scope ?? null);
  }

  /** @param {string | null} unit @param {string | null} scope */
  pick(unit, scope) {
    const told = new CustomEvent("console:pick", { bubbles: true, cancelable: true, detail: { unit, scope, name: unit && this.shown.units.get(unit)?.[1] } });
    if (!this.figure.dispatchEvent(told)) return;
    const form = this.form();
    if (form) {
      const name = CSS.escape(this.figure.dataset.picks ?? "");
      for (const value of [unit && `unit/${unit}`, scope]) {
        const field = value && form.querySelector(`input[name="${name}"][value="${CSS.escape(value)}"]`);
        if (field) return /** @type {HTMLInputElement} */ (field).click();
      }
    } else if (unit && this.figure.dataset.link) {
      const link = Object.assign(document.createElement("a"), { href: this.figure.dataset.link + encodeURIComponent(unit) });
      link.dataset.drawer = "";
      link.hidden = true;
      this.figure.append(link);
      link.click();
      link.remove();
    }
  }
}
