// The file that was looked at stays chosen, so that putting it is one more press. Without script it is chosen once more.
import { fragment } from "./fragment.js";

/** @param {HTMLFormElement} form */
export function start(form) {
  const result = () => /** @type {HTMLElement} */ (form.querySelector("#import-result"));
  form.addEventListener("submit", async (event) => {
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (button?.value !== "look") return;
    event.preventDefault();
    event.stopPropagation();
    button.setAttribute("aria-busy", "true");
    try {
      const found = await fragment(form.action, { method: "POST", body: new FormData(form, button) });
      const made = found.body.querySelector("#import-result");
      if (!made) throw new Error("not the same page");
      result().replaceChildren(...made.childNodes);
      result().scrollIntoView({ block: "nearest" });
    } catch {
      form.submit();
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  // What was looked at was another file, or for another place.
  form.addEventListener("change", () => result().replaceChildren());
}
