// Parts of the page that follow what changes: <section data-live="alarms facts" data-from="/overview/needs">.
// One line to the server a page; it names topics, and the parts of these are asked for again. What is typed, focused or opened stays.
import { fragment, tell } from "./fragment.js";
import { sayWho, whoIsHere } from "./session.js";

const LEAST_MS = 1000; // between two fetches of a part
const MOST_MS = 30000; // between two tries of a line that is gone
const part = (/** @type {Element} */ at) => /** @type {HTMLElement} */ (at);

/** @type {WeakMap<HTMLElement, {busy: boolean, again: boolean}>} */
const courses = new WeakMap();
let freshAt = new Date();
let lost = false;
/** @type {EventSource | undefined} */
let line;
let waits = LEAST_MS;
let rested = false; // the line was given up while nobody looked
/** @type {(() => void) | undefined} */
let letGo;

/** @returns {HTMLElement[]} */
const parts = () => [...document.querySelectorAll("[data-live][data-from]")].map(part);

/** @param {HTMLElement} place */
async function refresh(place) {
  const course = courses.get(place) ?? { busy: false, again: false };
  courses.set(place, course);
  if (course.busy) {
    course.again = true;
    return;
  }
  course.busy = true;
  try {
    const { body, status } = await fragment(place.dataset.from ?? "");
    if (status === 200 && place.isConnected && !isEdited(place)) {
      exchange(place, body);
      place.removeAttribute("data-stale");
      if (!lost) freshAt = new Date();
      tell("shown", place);
    }
  } catch {
    place.setAttribute("data-stale", "");
  }
  setTimeout(() => {
    course.busy = false;
    if (course.again) {
      course.again = false;
      void refresh(place);
    }
  }, LEAST_MS);
}

/** Something in it was typed or chosen and not sent: nothing is taken from under the hands. @param {HTMLElement} place */
function isEdited(place) {
  return [...place.querySelectorAll("input, textarea, select")].some((each) => {
    const field = /** @type {any} */ (each);
    if (field.type === "hidden" || field.closest("[data-filters]")) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected && option.defaultSelected);
    return field.value !== field.defaultValue;
  });
}

/** @param {HTMLElement} place @param {HTMLElement} body */
function exchange(place, body) {
  // What came may be the part alone, or the whole page that has it.
  const inner = body.querySelector(`[data-live][data-from="${CSS.escape(place.dataset.from ?? "")}"]`) ?? body;
  const focused = place.contains(document.activeElement) ? pathOf(place, /** @type {Element} */ (document.activeElement)) : null;
  const opened = [...place.querySelectorAll("details")].map((each) => each.open);
  const scrolled = [...place.querySelectorAll(".table-wrap, .board")].map((each) => [each.scrollLeft, each.scrollTop]);
  const keys = [...place.querySelectorAll("[data-keep]")];
  place.replaceChildren(...inner.childNodes);
  for (const kept of keys) place.querySelector(`[data-keep="${CSS.escape(part(kept).dataset.keep ?? "")}"]`)?.replaceWith(kept);
  [...place.querySelectorAll("details")].forEach((each, at) => at in opened && (each.open = opened[at]));
  [...place.querySelectorAll(".table-wrap, .board")].forEach((each, at) => scrolled[at] && each.scrollTo(scrolled[at][0], scrolled[at][1]));
  if (focused) /** @type {HTMLElement | null} */ (found(place, focused))?.focus({ preventScroll: true });
}

/** By its id, address or name; else by where it stands. @param {Element} top @param {Element} at */
function pathOf(top, at) {
  const name = at.id ? `#${CSS.escape(at.id)}` : at.matches("a[href]") ? `a[href="${CSS.escape(at.getAttribute("href") ?? "")}"]` : "";
  return { name, number: [...top.querySelectorAll("a, button, input, select, textarea, summary")].indexOf(at) };
}

/** @param {Element} top @param {{name: string, number: number}} path */
function found(top, path) {
  return (path.name && top.querySelector(path.name)) || [...top.querySelectorAll("a, button, input, select, textarea, summary")][path.number];
}

/** @param {string[]} topics */
function changed(topics) {
  for (const place of parts()) {
    if ((place.dataset.live ?? "").split(/\s+/).some((topic) => topics.includes(topic))) void refresh(place);
  }
}

function connect() {
  if (line && line.readyState !== EventSource.CLOSED) return;
  line = new EventSource("/live");
  line.addEventListener("ready", () => {
    waits = LEAST_MS;
    parts().forEach((place) => void refresh(place)); // what was missed meanwhile, or since the page was made
    say(false);
  });
  line.addEventListener("changed", (event) => changed(JSON.parse(/** @type {MessageEvent} */ (event).data)));
  line.onerror = () => {
    line?.close();
    if (rested) return;
    say(true);
    void whoIsHere().then((how) => lost && how !== "here" && sayWho(how, freshAt)); // it may not be the network
    setTimeout(connect, waits * (0.5 + Math.random()));
    waits = Math.min(waits * 2, MOST_MS);
  };
}

/** @param {boolean} gone */
function say(gone) {
  if (gone === lost) return;
  lost = gone;
  const said = document.querySelector("[data-line]");
  if (!said) return;
  const time = freshAt.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  said.textContent = gone ? (document.documentElement.dataset.lineLost ?? "").replace("{time}", time) : "";
  part(said).hidden = !gone;
}

/** A browser has six connections to a host: pages that nobody looks at give theirs up, but for one that is to be heard. */
async function rest() {
  if (localStorage.getItem("doorward.sound") === "on" && (!navigator.locks || (await isOnly()))) return;
  if (document.visibilityState !== "hidden") return;
  rested = true;
  line?.close();
}

/** Whether of all hidden pages this one keeps the line, until it is looked at. @returns {Promise<boolean>} */
function isOnly() {
  return new Promise((resolve) => {
    void navigator.locks.request("doorward.line", { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock));
      return lock ? new Promise((release) => (letGo = () => release(undefined))) : undefined;
    });
  });
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") return void rest();
  letGo?.();
  if (rested) connect();
});
document.addEventListener("console:pane", () => parts().length && connect());
addEventListener("pagehide", () => line?.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
if (parts().length) connect();
