// Whether whoever opened this page is signed in still: asked when the page is looked at again, and when the line to the centre breaks.
// Signed in anew meanwhile, in another tab, they go on here: the forms that stand here get the new session's token.

/** @param {string} name */
const meta = (name) => /** @type {HTMLMetaElement | null} */ (document.querySelector(`meta[name="${name}"]`));
const me = meta("who")?.content ?? "";

/** Says "here", "signed out", "another" or "no line". @returns {Promise<string>} */
export async function whoIsHere() {
  try {
    const answer = await fetch("/who", { cache: "no-store", credentials: "same-origin", redirect: "error" });
    const { name, token } = await answer.json();
    if (!answer.ok) return "no line";
    if (name === me) renew(token);
    return name === me ? "here" : name ? "another" : "signed out";
  } catch {
    return "no line";
  }
}

/** @param {string} token */
function renew(token) {
  meta("csrf")?.setAttribute("content", token);
  for (const each of document.querySelectorAll("input[name=csrftoken]")) /** @type {HTMLInputElement} */ (each).value = token;
}

/** What is shown is of that time; to sign in again in another tab leaves what is typed here. @param {string} how @param {Date} asOf */
export function sayWho(how, asOf) {
  const said = /** @type {HTMLElement | null} */ (document.querySelector("[data-line]"));
  const page = document.documentElement;
  if (!said || (how === "here" && said.dataset.line !== "who")) return;
  const words = how === "signed out" ? page.dataset.signedOut : how === "another" ? page.dataset.another : "";
  if (!words && how !== "here") return;
  const time = asOf.toLocaleTimeString(page.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  said.dataset.line = words ? "who" : "";
  said.hidden = !words;
  said.textContent = words ? `${words.replace("{time}", time)} ` : "";
  if (how !== "signed out") return;
  const link = Object.assign(document.createElement("a"), { href: `/sign-in?to=${encodeURIComponent(location.pathname)}`, target: "_blank" });
  link.textContent = page.dataset.signIn ?? "";
  said.append(link);
}

const opened = new Date();
document.addEventListener("visibilitychange", () => {
  if (me && document.visibilityState === "visible") void whoIsHere().then((how) => sayWho(how, opened));
});
