// A map as a list: each area with its units that are shown, and their states. It is made when it is opened, an area's units when that is.
import { stateOf } from "./map_draw.js";

/**
 * @param {HTMLElement} figure
 * @param {import("./map.js").Shown} shown
 * @param {(unit: string | null, scope: string | null) => void} pick
 * @param {(unit: string) => string} word
 */
export function list(figure, shown, pick, word) {
  const whole = /** @type {HTMLDetailsElement | null} */ (figure.querySelector("[data-map-list]"));
  const into = whole?.querySelector("div");
  if (!whole || !into) return;
  whole.addEventListener("toggle", () => {
    if (!whole.open) return;
    const { areas, units } = shown.layout;
    const inside = areas.map(() => /** @type {import("./map.js").Unit[]} */ ([]));
    for (const unit of units) if (stateOf(shown, unit[0]) !== "hidden") inside[unit[4]]?.push(unit);
    into.replaceChildren(...areas.flatMap((area, at) => (inside[at].length ? [one(area, inside[at], pick, word)] : [])));
  });
  figure.addEventListener("map:said", () => {
    for (const each of into.querySelectorAll("[data-unit]")) said(/** @type {HTMLElement} */ (each), word);
  });
}

/**
 * @param {import("./map.js").Area} area @param {import("./map.js").Unit[]} units
 * @param {(unit: string | null, scope: string | null) => void} pick @param {(unit: string) => string} word
 */
function one(area, units, pick, word) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = `${area.name} (${units.length})`;
  const inside = document.createElement("ul");
  details.append(summary, inside);
  details.addEventListener("toggle", () => {
    if (!details.open || inside.firstChild) return;
    inside.append(
      ...units.map(([unit, name]) => {
        const item = document.createElement("li");
        const button = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small" });
        Object.assign(button.dataset, { unit, name });
        button.addEventListener("click", () => pick(unit, area.scope));
        said(button, word);
        item.append(button);
        return item;
      }),
    );
  });
  return details;
}

/** @param {HTMLElement} button @param {(unit: string) => string} word */
function said(button, word) {
  button.textContent = [button.dataset.name, word(button.dataset.unit ?? "")].filter(Boolean).join(" · ");
}
