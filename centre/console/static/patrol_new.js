// A stop is added to the list by its unit and hours, or by a click on the map, instead of being typed as a line. The list is what is sent.
import { tell } from "./fragment.js";

/** @param {HTMLFormElement} form */
export function start(form) {
  const add = form.querySelector("[data-add]");
  const stops = form.querySelector("#f-stops");
  const unit = form.querySelector("[data-unit]");
  const begins = form.querySelector("[data-begins]");
  const ends = form.querySelector("[data-ends]");
  const said = form.querySelector("[data-said]");
  if (!add || !stops) return;
  add.hidden = false;
  const lines = () => stops.value.split("\n").filter((line) => line.trim());
  const unitOf = (/** @type {string} */ line) => line.trim().split(/[\s,，]/, 1)[0];
  const show = () => {
    const route = lines().map(unitOf);
    const states = add.querySelector("[data-map-states]");
    states.dataset.mapStates = JSON.stringify({ rest: "plain", due: route, routes: [route] });
    tell("shown", states);
  };
  const say = (/** @type {string} */ words, /** @type {Record<string, unknown>} */ values) => {
    said.textContent = words.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  };
  const nameOf = (/** @type {string} */ wanted) => [...form.querySelectorAll("#units option")].find((each) => each.value === wanted)?.textContent ?? wanted;
  const put = (/** @type {string} */ wanted, name = nameOf(wanted)) => {
    if (!wanted || !begins.value || !ends.value) return false;
    const line = `${wanted} ${begins.value}-${ends.value}${name === wanted ? "" : ` ${name}`}`;
    stops.value = `${[...lines(), line].join("\n")}\n`;
    say(said.dataset.added, { name, number: lines().length, from: begins.value, until: ends.value });
    show();
    return true;
  };
  const take = (/** @type {string} */ wanted, /** @type {string} */ name) => {
    stops.value = lines().filter((line) => unitOf(line) !== wanted).map((line) => `${line}\n`).join("");
    say(said.dataset.removed, { name });
    show();
  };
  const typed = () => {
    if (put(unit.value.trim())) unit.value = "";
    unit.focus();
  };
  form.querySelector("[data-more]").addEventListener("click", typed);
  unit.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      typed();
    }
  });
  form.addEventListener("console:pick", (event) => {
    event.preventDefault();
    const { unit: wanted, name } = event.detail;
    if (lines().map(unitOf).includes(wanted)) take(wanted, name);
    else if (!put(wanted, name)) begins.focus();
  });
  stops.addEventListener("input", show);
  show();
}
