// Detail over the page that led to it. <a data-drawer href> and <a data-dialog href> open what stands at that address, in a pane;
// without script, or where it fails, the link leads there. Back closes it. A form in it is sent from where it stands.
import { fragment, tell } from "./fragment.js";

const under = { address: location.href, title: document.title };
/** @type {Element | null} */
let opener = null;
let numbers = 0;
let depth = 0; // panes opened one after another since the page below

/** @param {string} kind */
const pane = (kind) => /** @type {HTMLDialogElement | null} */ (document.querySelector(`dialog[data-pane="${kind}"]`));
const shown = () => /** @type {HTMLDialogElement | null} */ ([...document.querySelectorAll("dialog[data-pane][open]")].pop() ?? null);

/** @param {string} kind @param {string} address @param {boolean} [isPushed] */
async function open(kind, address, isPushed = true) {
  try {
    put(kind, await fragment(address), isPushed);
  } catch {
    location.assign(address);
  }
}

/** @param {string} kind @param {{body: HTMLElement, title: string, address: string}} found @param {boolean} isPushed */
function put(kind, found, isPushed) {
  const dialog = pane(kind);
  const into = dialog?.querySelector("[data-pane-body]");
  if (!dialog || !into) return location.assign(found.address);
  into.replaceChildren(...apart(found.body).childNodes);
  dialog.setAttribute("aria-label", found.title);
  dialog.querySelector("[data-pane-alone]")?.setAttribute("href", found.address);
  if (isPushed) history.pushState({ kind, address: found.address, depth: ++depth }, "", found.address);
  document.title = found.title || document.title;
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  const first = /** @type {HTMLElement | null} */ (into.querySelector("[aria-invalid]") ?? into.querySelector("[autofocus], h1"));
  if (first?.matches("h1")) first.tabIndex = -1;
  first?.focus();
  tell("pane", dialog);
}

/** Ids of its own, so that labels name the fields beside them and not the page's below. @param {HTMLElement} body */
function apart(body) {
  const mark = `p${++numbers}-`;
  const names = new Set([...body.querySelectorAll("[id]")].map((each) => each.id));
  for (const each of body.querySelectorAll("[id]")) each.id = mark + each.id;
  for (const name of ["for", "aria-describedby", "aria-labelledby", "aria-controls", "list", "form"]) {
    for (const each of body.querySelectorAll(`[${name}]`)) {
      const given = (each.getAttribute(name) ?? "").split(/\s+/);
      each.setAttribute(name, given.map((id) => (names.has(id) ? mark + id : id)).join(" "));
    }
  }
  for (const each of body.querySelectorAll('a[href^="#"]')) {
    const id = (each.getAttribute("href") ?? "").slice(1);
    if (names.has(id)) each.setAttribute("href", `#${mark}${id}`);
  }
  return body;
}

function close() {
  for (const each of document.querySelectorAll("dialog[data-pane][open]")) /** @type {HTMLDialogElement} */ (each).close();
  document.title = under.title;
  const back = /** @type {HTMLElement | null} */ (opener?.isConnected ? opener : document.getElementById("content"));
  back?.focus({ preventScroll: true });
}

/** Back to the page's own address; what closes is then closed. */
function leave() {
  if (depth > 0) history.go(-depth);
  else close();
}

/** The page below, as it is after what was done. @param {HTMLElement} body */
function renew(body) {
  const page = document.getElementById("content");
  page?.replaceChildren(...page.querySelectorAll(":scope > [data-line]"), ...body.childNodes);
  leave();
  if (page) tell("pane", page);
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} by */
async function send(form, by) {
  const button = /** @type {HTMLButtonElement | null} */ (by);
  const address = button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  const values = new FormData(form);
  if (button?.name) values.append(button.name, button.value);
  const isMany = form.enctype === "multipart/form-data";
  const body = isMany ? values : new URLSearchParams(/** @type {any} */ ([...values].filter(([, value]) => typeof value === "string")));
  try {
    const found = await fragment(address, { method: "POST", body });
    if (found.address === under.address) return renew(found.body);
    put(shown()?.dataset.pane ?? "drawer", found, true);
  } catch {
    location.reload(); // whether it was done cannot be told from here: the page shows what is
  }
}

document.addEventListener("click", (event) => {
  const at = /** @type {Element} */ (event.target);
  const link = /** @type {HTMLAnchorElement | null} */ (at.closest("a[data-drawer], a[data-dialog]"));
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    if (!shown()) opener = link;
    void open("dialog" in link.dataset ? "dialog" : "drawer", link.href);
  } else if (shown() && (at.closest("[data-pane-close]") || at.matches("dialog[data-pane]"))) {
    event.preventDefault();
    leave();
  }
});
document.addEventListener("cancel", (event) => {
  if (!(/** @type {Element} */ (event.target).matches("dialog[data-pane]"))) return;
  event.preventDefault();
  leave();
}, true);
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.closest("dialog[data-pane]") || form.method !== "post" || "whole" in form.dataset || event.defaultPrevented) return;
  event.preventDefault();
  void send(form, /** @type {HTMLElement | null} */ (event.submitter));
});
addEventListener("popstate", (event) => {
  depth = event.state?.depth ?? 0;
  if (event.state?.kind) void open(event.state.kind, event.state.address, false);
  else if (location.href === under.address) close();
  else location.reload();
});
