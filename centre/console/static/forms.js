// Small help for forms, all of which work without it: one press sends once, filters act at once, choices show that they are chosen.

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.method !== "post") return;
  if (form.dataset.sent !== undefined) return event.preventDefault();
  form.dataset.sent = "";
  const button = event.submitter;
  button?.setAttribute("aria-busy", "true");
  setTimeout(() => {
    delete form.dataset.sent; // no answer for long, or it came back: it may be tried again
    button?.removeAttribute("aria-busy");
  }, 5000);
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent");
});

// A row of tabs that is longer than the screen begins with the one that stands open in sight.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/** @param {Element} filters */
const go = (filters) => /** @type {HTMLFormElement} */ (filters).requestSubmit();
for (const button of document.querySelectorAll("[data-filters] [data-filters-go]")) {
  if (!button.closest("form")?.querySelector('input[type="search"], input[type="text"]')) /** @type {HTMLElement} */ (button).hidden = true;
}
document.addEventListener("change", (event) => {
  const at = /** @type {HTMLInputElement} */ (event.target);
  const filters = at.closest("[data-filters]");
  if (filters && at.matches("select, [type=date], [type=checkbox], [type=radio]")) go(filters);
  for (const each of at.closest(".pick")?.querySelectorAll("label") ?? []) {
    each.classList.toggle("on", each.querySelector("input")?.checked ?? false);
  }
});

// A menu closes when something else is wanted.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], .bottom details[open]")) {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute("open");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open], .bottom details[open]");
  menu?.removeAttribute("open");
  /** @type {HTMLElement | null} */ (menu?.querySelector("summary") ?? null)?.focus();
});
