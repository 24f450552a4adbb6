// The search of the top line answers while one types; `/` leads to it. Without script it is a form that leads to /search.
import { fragment } from "./fragment.js";

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-search]"));
const input = form?.querySelector("input");
const PAUSE_MS = 200;

if (form && input) {
  const list = Object.assign(document.createElement("div"), { className: "found", id: "found", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.getAttribute("aria-label") ?? "");
  form.append(list);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-controls", "found");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-autocomplete", "list");
  let timer = 0;
  let asked = "";
  let at = -1;

  const links = () => [...list.querySelectorAll("a")];
  const show = (/** @type {boolean} */ isShown) => {
    list.hidden = !isShown;
    input.setAttribute("aria-expanded", String(isShown));
    if (!isShown) mark(-1);
  };
  const mark = (/** @type {number} */ to) => {
    at = to;
    links().forEach((each, number) => each.setAttribute("aria-selected", String(number === at)));
    if (links()[at]) input.setAttribute("aria-activedescendant", links()[at].id);
    else input.removeAttribute("aria-activedescendant");
  };
  const ask = async () => {
    const text = input.value.trim();
    asked = text;
    if (!text) return show(false);
    try {
      const { body } = await fragment(`/search?q=${encodeURIComponent(text)}`);
      if (asked !== text || document.activeElement !== input) return;
      const found = [...body.querySelectorAll("[data-found] a")].slice(0, 12);
      found.forEach((each, number) => Object.assign(each, { id: `found-${number}`, role: "option", tabIndex: -1 }));
      list.replaceChildren(...found);
      show(found.length > 0);
    } catch {
      show(false); // the form still leads to the page of what is found
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") show(false);
    else if (event.key === "Enter" && links()[at]) {
      event.preventDefault();
      links()[at].click();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && links().length) {
      event.preventDefault();
      mark((at + (event.key === "ArrowDown" ? 1 : links().length + (at < 0 ? 0 : -1))) % links().length);
      links()[at].scrollIntoView({ block: "nearest" });
    }
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(/** @type {Node | null} */ (event.relatedTarget))) setTimeout(() => show(false), 150);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey) return;
    if (/** @type {Element} */ (event.target).closest("input, textarea, select, [contenteditable], dialog")) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}
