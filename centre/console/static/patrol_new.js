// A stop is added to the list by its unit and hours, instead of being typed as a line.

/** @param {HTMLFormElement} form */
export function start(form) {
  const add = form.querySelector("[data-add]");
  const stops = form.querySelector("#f-stops");
  const unit = form.querySelector("[data-unit]");
  const begins = form.querySelector("[data-begins]");
  const ends = form.querySelector("[data-ends]");
  if (!add || !stops) return;
  add.hidden = false;
  const put = () => {
    const wanted = unit.value.trim();
    if (!wanted || !begins.value || !ends.value) {
      unit.focus();
      return;
    }
    const known = [...form.querySelectorAll("#units option")].find((each) => each.value === wanted);
    const name = known && known.textContent !== wanted ? ` ${known.textContent}` : "";
    const before = stops.value.trimEnd();
    stops.value = `${before ? `${before}\n` : ""}${wanted} ${begins.value}-${ends.value}${name}\n`;
    unit.value = "";
    unit.focus();
  };
  form.querySelector("[data-more]").addEventListener("click", put);
  unit.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      put();
    }
  });
}
