// A new notice as it is written: templates and hours fill in the text, places are opened and counted, and the panel's picture follows.
// All of it works without this by buttons that send the form.
import { fragment } from "./fragment.js";

const PAUSE_MS = 400;

/** @param {HTMLElement} element */
export function start(element) {
  const form = /** @type {HTMLFormElement} */ (element);
  /** @template {HTMLElement} T @param {string} name @returns {T} */
  const field = (name) => /** @type {any} */ (form.elements.namedItem(name));
  /** @type {{id: string, category: string, title: string, text: string}[]} */
  const templates = JSON.parse(form.querySelector("[data-template-texts]")?.textContent ?? "[]");
  for (const each of form.querySelectorAll("[data-without-script]")) /** @type {HTMLElement} */ (each).hidden = true;

  // --- templates and hours

  const hoursOf = () => {
    const from = /** @type {HTMLInputElement | null} */ (field("begin"))?.value;
    const until = /** @type {HTMLInputElement | null} */ (field("end"))?.value;
    if (!from || !until) return "";
    const day = (/** @type {string} */ text) =>
      (form.dataset.day ?? "").replace("{month}", String(Number(text.slice(5, 7)))).replace("{day}", String(Number(text.slice(8, 10))));
    const time = (/** @type {string} */ text) => text.slice(11, 16);
    if (from.slice(0, 10) === until.slice(0, 10)) return `${day(from)} ${time(from)}–${time(until)}`;
    return `${day(from)} ${time(from)} – ${day(until)} ${time(until)}`;
  };
  let said = hoursOf();
  const picked = () => templates.find((each) => each.id === /** @type {RadioNodeList} */ (form.elements.namedItem("template"))?.value);
  const isTimed = () => [...form.querySelectorAll("[name=title], [name=text]")].some((each) => said && /** @type {any} */ (each).value.includes(said));
  const showHours = () => {
    const hours = /** @type {HTMLElement | null} */ (form.querySelector("[data-hours]"));
    if (hours) hours.hidden = !isTimed();
  };
  const fill = () => {
    const template = picked();
    if (!template) return;
    said = hoursOf();
    const filled = (/** @type {string} */ text) => (said ? text.replaceAll("{hours}", said) : text);
    /** @type {any} */ (field("title")).value = filled(template.title);
    /** @type {any} */ (field("text")).value = filled(template.text);
    /** @type {any} */ (field("category")).value = template.category;
    if (template.text.includes("{hours}")) /** @type {any} */ (field("until")).value = /** @type {any} */ (field("end")).value;
    showHours();
  };
  const moved = () => {
    const now = hoursOf();
    if (!now || now === said) return;
    for (const name of ["title", "text"]) {
      const at = /** @type {any} */ (field(name));
      if (said) at.value = at.value.replaceAll(said, now);
    }
    /** @type {any} */ (field("until")).value = /** @type {any} */ (field("end")).value;
    said = now;
  };

  // --- places

  const tree = /** @type {HTMLElement | null} */ (form.querySelector("[data-tree]"));
  const boxes = () => /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[name=scope]:not([type=hidden])")]);
  const count = () => {
    for (const each of boxes()) {
      const inside = each.closest("li")?.parentElement?.closest("li");
      const above = inside?.querySelector(":scope > .branch > .leaf input[name=scope]");
      const covered = each.type === "checkbox" && above && (/** @type {HTMLInputElement} */ (above).checked || /** @type {HTMLInputElement} */ (above).disabled);
      if (covered) each.checked = false;
      each.disabled = Boolean(covered);
    }
    const sum = boxes().reduce((all, each) => all + (each.checked ? Number(each.dataset.count) : 0), 0);
    const chosen = /** @type {HTMLElement | null} */ (form.querySelector("[data-chosen]"));
    if (!chosen) return;
    chosen.textContent = (chosen.dataset.words ?? "").replace("{count}", String(sum));
    const go = form.querySelector("[data-go]");
    if (go) go.textContent = (sum ? form.dataset.put : form.dataset.none)?.replace("{count}", String(sum)) ?? "";
  };
  const fetched = async (/** @type {Element} */ into, /** @type {string} */ query) => {
    try {
      const { body } = await fragment(`/notices/places?${query}&kind=${tree?.dataset.tree}`);
      into.replaceChildren(...body.childNodes);
    } catch {
      return; // the link in it leads there
    }
    count();
  };
  form.addEventListener("toggle", (event) => {
    const at = /** @type {HTMLDetailsElement} */ (event.target);
    const scope = at.dataset.places;
    if (!at.open || !scope) return;
    delete at.dataset.places;
    const into = document.createElement("div");
    const link = at.querySelector(":scope > p");
    link?.replaceWith(into);
    void fetched(into, `in=${encodeURIComponent(scope)}`);
  }, true);
  const find = /** @type {HTMLElement | null} */ (form.querySelector("[data-find-place]"));
  const whole = tree?.firstElementChild;
  if (find && tree && whole) {
    find.hidden = false;
    const found = document.createElement("div");
    const also = document.createElement("div"); // what is chosen and not in sight
    let timer = 0;
    const show = (/** @type {Element} */ view) => {
      const chosen = new Map(boxes().filter((each) => each.checked).map((each) => [each.value, each.closest("label")]));
      const inside = /** @type {HTMLInputElement[]} */ ([...view.querySelectorAll("input[name=scope]")]);
      for (const each of inside) each.checked = chosen.has(each.value);
      const others = [...chosen].filter(([value]) => !inside.some((each) => each.value === value));
      also.replaceChildren(...others.map(([, label]) => {
        const row = document.createElement("div");
        row.className = "leaf";
        row.append(/** @type {Node} */ (label?.cloneNode(true)));
        return row;
      }));
      for (const each of /** @type {NodeListOf<HTMLInputElement>} */ (also.querySelectorAll("input"))) each.checked = true;
      tree.replaceChildren(also, view);
      count();
    };
    find.querySelector("input")?.addEventListener("input", (event) => {
      event.stopPropagation();
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const text = /** @type {HTMLInputElement} */ (event.target).value.trim();
        if (!text) return show(whole);
        const next = document.createElement("div");
        await fetched(next, `q=${encodeURIComponent(text)}`);
        found.replaceChildren(...next.childNodes);
        show(found);
      }, PAUSE_MS / 2);
    });
    form.addEventListener("console:pick", async (event) => {
      event.preventDefault();
      const { scope, unit } = /** @type {CustomEvent} */ (event).detail;
      const value = scope ?? `unit/${unit}`;
      const box = () => boxes().find((each) => each.value === value);
      if (!box()) {
        const next = document.createElement("div");
        await fetched(next, `q=${encodeURIComponent(value)}`);
        const input = find.querySelector("input");
        if (input) input.value = value;
        found.replaceChildren(...next.childNodes);
        show(found);
      }
      box()?.click();
    });
    find.querySelector("input")?.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  }

  // --- as a panel draws it

  const picture = /** @type {HTMLElement | null} */ (form.querySelector("[data-preview]"));
  let timer = 0;
  let asked = 0;
  const draw = async () => {
    if (!picture || !(/** @type {any} */ (field("title")).value.trim())) return;
    const mine = ++asked;
    picture.setAttribute("aria-busy", "true");
    const values = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    try {
      const { body, status } = await fragment(picture.dataset.preview ?? "", { method: "POST", body: new URLSearchParams(/** @type {any} */ (values)) });
      if (mine === asked && status === 200) picture.replaceChildren(...body.childNodes);
    } catch {
      // it stays as it was; the next change asks again
    }
    if (mine === asked) picture.removeAttribute("aria-busy");
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(draw, PAUSE_MS);
  };

  form.addEventListener("change", (event) => {
    const name = /** @type {HTMLInputElement} */ (event.target).name;
    if (name === "template") fill();
    else if (name === "begin" || name === "end") moved();
    else if (name === "scope") count();
    later();
  });
  form.addEventListener("input", (event) => {
    if (["title", "text", "options"].includes(/** @type {HTMLInputElement} */ (event.target).name)) later();
  });
  const map = /** @type {HTMLDetailsElement | null} */ (form.querySelector("details[data-map]"));
  if (map && matchMedia("(min-width: 900px)").matches) map.open = true;
  showHours();
  count();
  void draw();
}
