// Asks for a page of ours without its frame, to be put into the page that is open. What comes is the server's own markup.

/**
 * @param {string} address
 * @param {RequestInit} [asked]
 * @returns {Promise<{body: HTMLElement, title: string, address: string, status: number}>} throws where there is no answer, or another page's.
 */
export async function fragment(address, asked = {}) {
  const answer = await fetch(address, { ...asked, headers: { ...asked.headers, "x-fragment": "1" }, credentials: "same-origin" });
  if (!(answer.headers.get("content-type") ?? "").startsWith("text/html")) throw new Error("not a page");
  const read = new DOMParser().parseFromString(await answer.text(), "text/html");
  const body = read.getElementById("content");
  if (read.querySelector(".alone") || !(body ?? read.body).firstElementChild) throw new Error("a page of its own");
  const title = body?.dataset.title ?? "";
  return { body: document.importNode(body ?? read.body, true), title, address: answer.url, status: answer.status };
}

/** @param {string} name @param {HTMLElement} where Told to the other modules when a part of the page is new. */
export function tell(name, where) {
  where.dispatchEvent(new CustomEvent(`console:${name}`, { bubbles: true }));
}
