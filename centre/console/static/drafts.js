// What was filled in and sent, until the answer shows that it came: a session that was over, a line that broke or a fault of the centre loses no words.
// <form data-draft>; kept by this tab alone, under the name of who typed it, and gone with signing out. Never passwords, card numbers or files.

const who = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="who"]'))?.content;
const MARK = `doorward.draft ${who} `;
const MOST_MS = 12 * 3600_000;
const NEVER = new Set(["csrftoken", "card", "number", "password"]);

/** @param {HTMLFormElement} form */
const name = (form) => MARK + (form.getAttribute("action") ?? location.pathname);
/** @param {HTMLFormElement} form */
const values = (form) => [...new FormData(form)].filter(([each, value]) => typeof value === "string" && !NEVER.has(each));
const forms = () => /** @type {HTMLFormElement[]} */ ([...document.querySelectorAll("form[data-draft]")]);

document.addEventListener(
  "submit",
  (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!who || form.dataset.draft === undefined) return;
    try {
      sessionStorage.setItem(name(form), JSON.stringify({ at: Date.now(), values: values(form) }));
    } catch {
      // no room: it is sent all the same
    }
  },
  { capture: true },
);

/** @param {HTMLFormElement} form @param {[string, string][]} kept */
function put(form, kept) {
  const left = [...kept];
  const taken = (/** @type {(each: [string, string]) => boolean} */ fits) => {
    const at = left.findIndex(fits);
    return at < 0 ? undefined : left.splice(at, 1)[0][1];
  };
  for (const each of form.elements) {
    const field = /** @type {HTMLInputElement} */ (each);
    if (!field.name || NEVER.has(field.name) || ["file", "submit"].includes(field.type)) continue;
    if (field.type === "checkbox" || field.type === "radio") field.checked = taken(([at, value]) => at === field.name && value === field.value) !== undefined;
    else field.value = taken(([at]) => at === field.name) ?? field.value;
  }
}

/** @param {HTMLFormElement} form */
function restore(form) {
  const text = sessionStorage.getItem(name(form));
  if (!text) return;
  const { at, values: kept } = JSON.parse(text);
  if (Date.now() - at > MOST_MS) return sessionStorage.removeItem(name(form));
  if (JSON.stringify(values(form)) === JSON.stringify(kept) || form.querySelector("[aria-invalid]")) return;
  put(form, kept);
  const said = document.createElement("div");
  said.className = "flash hint back";
  said.setAttribute("role", "status");
  said.append(Object.assign(document.createElement("p"), { textContent: document.documentElement.dataset.draftBack ?? "" }));
  form.prepend(said);
}

/** What the centre says it did, or whose form stands nowhere any more and no fault is told, has come. */
function look() {
  if (!who) return;
  const isDone = document.querySelector(".flash.done") !== null;
  const here = isDone ? [] : forms();
  here.forEach(restore);
  if (!isDone && document.querySelector("[data-fault], .flash.failed")) return;
  const standing = new Set(here.map(name));
  for (const each of Object.keys(sessionStorage)) {
    if (each.startsWith(MARK) && !standing.has(each)) sessionStorage.removeItem(each);
  }
}

document.addEventListener("console:pane", look);
look();
