// Ages grow while the page stands: <span data-age="2026-11-24T14:05:00+08:00">3 min ago</span>.

const spoken = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

function age() {
  for (const each of document.querySelectorAll("[data-age]")) {
    const at = /** @type {HTMLElement} */ (each);
    const seconds = (Date.now() - Date.parse(at.dataset.age ?? "")) / 1000;
    const unit = UNITS.find(([, length]) => seconds >= length);
    if (unit) at.textContent = spoken.format(-Math.floor(seconds / unit[1]), unit[0]);
  }
}

setInterval(age, 15000);
