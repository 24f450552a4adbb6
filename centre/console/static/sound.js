// Two short tones when something urgent is new: an element says how many there are, data-urgent="3". Off until the first click; remembered.

const STORED = "doorward.sound";
const button = /** @type {HTMLElement | null} */ (document.querySelector("[data-sound]"));
const count = () => [...document.querySelectorAll("[data-urgent]")].reduce((sum, each) => sum + Number(/** @type {HTMLElement} */ (each).dataset.urgent), 0);
/** @type {AudioContext | undefined} */
let audio;
let before = count();

const isOn = () => localStorage.getItem(STORED) === "on";

function show() {
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isOn()));
  const words = button.querySelector("span");
  if (words) words.textContent = (isOn() ? button.dataset.on : button.dataset.off) ?? "";
  const use = button.querySelector("use");
  use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, isOn() ? "#sound" : "#sound-off"));
}

function tones() {
  audio ??= new AudioContext();
  void audio.resume();
  [880, 660].forEach((pitch, at) => {
    const tone = new OscillatorNode(/** @type {AudioContext} */ (audio), { frequency: pitch });
    const level = new GainNode(/** @type {AudioContext} */ (audio), { gain: 0.15 });
    tone.connect(level).connect(/** @type {AudioContext} */ (audio).destination);
    const from = /** @type {AudioContext} */ (audio).currentTime + at * 0.22;
    tone.start(from);
    tone.stop(from + 0.16);
  });
}

button?.addEventListener("click", () => {
  localStorage.setItem(STORED, isOn() ? "off" : "on");
  show();
  if (isOn()) tones();
});
document.addEventListener("console:shown", () => {
  const now = count();
  if (now > before && isOn()) tones();
  before = now;
});
show();
