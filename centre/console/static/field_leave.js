// Signing out takes what is kept here away, for whoever has the phone next. What was not sent yet would be lost: that is said first.
import { all } from "./field_queue.js";

for (const each of document.querySelectorAll("form[data-leave]")) {
  const form = /** @type {HTMLFormElement} */ (each);
  form.addEventListener("submit", async (event) => {
    if (form.dataset.asked !== undefined) return;
    event.preventDefault();
    event.stopPropagation();
    form.dataset.asked = "";
    const count = (await all().catch(() => [])).length;
    if (!count) return form.requestSubmit();
    const said = document.createElement("p");
    said.setAttribute("role", "alert");
    said.className = "small state-urgent";
    said.textContent = (form.dataset.leave ?? "").replace("{count}", String(count));
    form.append(said);
  });
}
