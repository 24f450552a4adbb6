// Answers for /field where there is no line: a form to write in, and nothing of anybody. Sends what is kept as soon as there is a line, where the browser can.
import { send } from "/static/field_queue.js";

const SHELL = "doorward-field-1";
const PAGE = "/field/offline";
const WAIT_MS = 8000;
const DAY_MS = 86400000;
const at = /** @type {any} */ (globalThis);

/** The page and the files that it names. */
async function keepShell() {
  const page = await fetch(PAGE, { cache: "no-store", redirect: "error" });
  if (!page.ok) return;
  const text = await page.clone().text();
  const files = [...text.matchAll(/(?:href|src)="(\/static\/[^"#]+)/g)].map((each) => each[1]);
  const cache = await caches.open(SHELL);
  await cache.addAll([...new Set(files)]);
  await cache.put(PAGE, new Response(text, { headers: { ...Object.fromEntries(page.headers), "x-kept": String(Date.now()) } }));
}

async function refreshShell() {
  const kept = await caches.match(PAGE);
  if (!kept || Date.now() - Number(kept.headers.get("x-kept")) > DAY_MS) await keepShell();
}

/** @param {Request} request */
async function page(request) {
  const late = new Promise((_done, failed) => setTimeout(() => failed(new Error("late")), WAIT_MS));
  try {
    return await Promise.race([fetch(request), late]);
  } catch (error) {
    const kept = await caches.match(PAGE);
    if (kept) return kept;
    throw error;
  }
}

at.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keepShell().then(() => at.skipWaiting())));
at.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(at.clients.claim()));
at.addEventListener("sync", (/** @type {any} */ event) => {
  if (event.tag !== "doorward-field") return;
  // "no line" makes the browser try again later
  event.waitUntil(send().then((how) => (how === "no line" ? Promise.reject(new Error(how)) : how)));
});
at.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method !== "GET") {
    // "I am going", without a line: a page of ours says so, however long a slow one takes
    if (request.mode === "navigate") event.respondWith(fetch(request).catch(async (error) => (await caches.match(PAGE)) ?? Promise.reject(error)));
    return;
  }
  const { pathname } = new URL(request.url);
  if (request.mode === "navigate") {
    event.respondWith(page(request));
    event.waitUntil(refreshShell().catch(() => undefined));
  } else if (pathname.startsWith("/static/")) {
    event.respondWith(fetch(request).catch(async (error) => (await caches.match(request)) ?? Promise.reject(error)));
  }
});
