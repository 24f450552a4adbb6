// The pages in the field: what is written is kept in this browser first and sent from there, so that a line that breaks or a page that closes loses nothing.
import { again, all, drop, keep, newKey, remember, remembered, send } from "./field_queue.js";
import { small } from "./field_photo.js";

const TRY_MS = 20000;
const here = /** @type {HTMLElement} */ (document.querySelector("[data-queue-here]"));
const words = JSON.parse(here.dataset.words ?? "{}");
const list = /** @type {HTMLElement} */ (here.querySelector("[data-queue-list]"));

/** @param {string} tag @param {string} text @param {string} [kind] */
function element(tag, text, kind) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/** @param {string} text @param {string} kind done, hint or failed @param {HTMLElement} [then] what can be done about it */
function say(text, kind, then) {
  const at = /** @type {HTMLElement} */ (here.querySelector("[data-queue-said]"));
  const made = element("div", "", `flash ${kind}`);
  const words = element("p", text);
  if (then) words.append(" ", then);
  made.append(words);
  at.replaceChildren(...(text ? [made] : []));
}

async function show() {
  const found = await all();
  const me = here.dataset.me || (await remembered())?.name;
  const mine = found.filter((each) => each.who === me);
  const waits = mine.filter((each) => !each.fault);
  const parts = [];
  if (waits.length) parts.push(element("p", words.count.replace("{count}", waits.length), "waiting"));
  if (mine.length) {
    const rows = element("ol", "", "entries");
    rows.append(...mine.map(row));
    parts.push(rows);
  }
  if (found.length > mine.length) parts.push(element("p", words.other.replace("{count}", found.length - mine.length), "muted"));
  list.replaceChildren(...parts);
  list.dataset.count = String(mine.length);
}

/** @param {any} entry */
function row(entry) {
  const made = element("li", "");
  const about = [entry.about, entry.value.text, entry.photo && words.with_photo].filter(Boolean).join(" · ");
  made.append(element("p", about), element("p", entry.fault ? `${words.refused}: ${entry.fault}` : words.waits, entry.fault ? "refused" : "muted"));
  if (entry.fault) {
    const buttons = element("div", "", "buttons");
    const once = element("button", words.again, "button");
    const gone = element("button", words.drop, "button");
    once.addEventListener("click", () => again(entry.n).then(sendNow));
    gone.addEventListener("click", () => drop(entry.n).then(show));
    buttons.append(once, gone);
    made.append(buttons);
  }
  return made;
}

async function sendNow() {
  const before = Number(list.dataset.count);
  const how = await send();
  await show();
  // the service worker may have been faster
  if (how === "sent" || (how === "empty" && Number(list.dataset.count) < before)) say(words.sent, "done");
  if (how === "signed out") say(words.signed_out, "failed", Object.assign(element("a", words.sign_in), { href: "/sign-in?to=/field" }));
  return how;
}

/** @param {HTMLFormElement} form */
async function written(form) {
  const given = new FormData(form);
  const who = here.dataset.me || (await remembered())?.name;
  if (!who) return say(words.strange, "failed");
  const file = given.get("photo");
  let photo = null;
  if (file instanceof File && file.size) {
    try {
      photo = await small(file);
    } catch {
      return say(words.photo_fault, "failed");
    }
  }
  const value = Object.fromEntries([...given].filter(([name, each]) => typeof each === "string" && !["csrftoken", "key"].includes(name)));
  const chosen = /** @type {HTMLSelectElement | null} */ (form.querySelector('select[name="unit"]'));
  const about = form.dataset.about ?? chosen?.selectedOptions[0]?.text ?? value.unit;
  const entry = { key: newKey(), who, path: form.dataset.queue ?? "", value: { ...value, at_utc: Date.now() / 1000 }, photo, about: String(about) };
  try {
    await keep(entry);
  } catch {
    if (here.dataset.me && navigator.onLine) return form.submit(); // nothing can be kept here, and there is a line: it goes as it is
    return say(words.full, "failed");
  }
  form.reset();
  delete form.dataset.writing; // the next can be written while this one is sent
  say(words.kept, "hint");
  await show();
  /** @type {HTMLElement} */ (here.querySelector("[data-queue-said]")).focus();
  here.scrollIntoView({ block: "nearest" });
  // a phone without a page of ours open sends it too, where the browser can
  const ready = /** @type {any} */ (await navigator.serviceWorker?.getRegistration("/field"));
  await ready?.sync?.register("doorward-field").catch(() => undefined);
  await sendNow();
}

document.addEventListener(
  "submit",
  (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (form.dataset.queue === undefined) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.dataset.writing !== undefined) return;
    form.dataset.writing = "";
    written(form).finally(() => delete form.dataset.writing);
  },
  { capture: true },
);

/** Without a line the doors to choose from are those that were seen last. */
async function offer() {
  const me = await remembered();
  const units = document.querySelector("datalist#units");
  const code = /** @type {HTMLSelectElement | null} */ (document.querySelector('select[name="code"]'));
  if (here.dataset.me || !me) return;
  units?.append(...(me.units ?? []).map((/** @type {string[]} */ [unit, label]) => new Option(label, unit)));
  code?.append(...(me.codes ?? []).map((/** @type {string[]} */ [value, label]) => new Option(label, value)));
  const field = /** @type {HTMLElement | null} */ (code?.closest(".field") ?? null);
  if (field) field.hidden = !me.codes?.length;
}

async function begin() {
  if (here.dataset.me) {
    const before = await remembered().catch(() => null);
    const seen = here.dataset.units ? { units: JSON.parse(here.dataset.units), codes: JSON.parse(here.dataset.codes ?? "[]") } : {};
    await remember({ ...(before?.name === here.dataset.me ? before : {}), ...seen, name: here.dataset.me }).catch(() => undefined); // no room for it
    await navigator.serviceWorker?.register("/field-worker.js", { type: "module", scope: "/field" }).catch(() => undefined);
  } else await offer().catch(() => undefined);
  await show().catch(() => undefined); // this browser keeps nothing
  document.documentElement.dataset.queueReady = "";
  await sendNow().catch(() => undefined);
}

addEventListener("online", () => void sendNow());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void sendNow());
setInterval(() => Number(list.dataset.count) && void sendNow(), TRY_MS);
void begin();
