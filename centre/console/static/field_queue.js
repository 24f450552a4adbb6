// What was written in the field and is not at the centre yet: kept in this browser, in its order, sent once. For pages and for the service worker.
// An entry names who wrote it and goes out under no other name; its key makes the centre take it once, however often it is sent.

const NAME = "doorward-field";
const DAY_MS = 86400000;
// A line that takes what is sent and never answers must not hold back the next try: one page at a time sends. Photos of 300 KB pass at 5 KB/s.
const ASK_MS = 10000;
const SEND_MS = 90000;

/** @typedef {{n?: number, key: string, who: string, path: string, value: Record<string, unknown>, photo: Blob | null, about: string, fault?: string}} Kept */

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("entries", { keyPath: "n", autoIncrement: true });
      asked.result.createObjectStore("me");
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

/** @template T @param {string} store @param {IDBTransactionMode} mode @param {(at: IDBObjectStore) => IDBRequest<T>} act @returns {Promise<T>} */
async function inStore(store, mode, act) {
  const db = await opened();
  try {
    return await new Promise((done, failed) => {
      const change = db.transaction(store, mode, { durability: "strict" });
      const asked = act(change.objectStore(store));
      change.oncomplete = () => done(asked.result);
      change.onabort = change.onerror = () => failed(change.error ?? asked.error);
    });
  } finally {
    db.close();
  }
}

/** The oldest first. @returns {Promise<(Kept & {n: number})[]>} */
export const all = () => inStore("entries", "readonly", (at) => at.getAll());
/** Raises where there is no room. @param {Kept} entry */
export const keep = (entry) => inStore("entries", "readwrite", (at) => at.add(entry));
/** Nothing where it was deleted meanwhile. @param {number} n @param {string | undefined} fault */
const judge = (n, fault) =>
  inStore("entries", "readwrite", (at) => {
    const asked = at.get(n);
    asked.onsuccess = () => asked.result && at.put({ ...asked.result, fault });
    return asked;
  });
/** @param {number} n */
export const drop = (n) => inStore("entries", "readwrite", (at) => at.delete(n));

/** What is refused is tried once more. @param {number} n */
export const again = (n) => judge(n, undefined);

/** Who is signed in, and which doors there are to choose from: for a day. @param {Record<string, unknown>} me */
export const remember = (me) => inStore("me", "readwrite", (at) => at.put({ ...me, at: Date.now() }, "me"));

/** @returns {Promise<Record<string, any> | null>} */
export async function remembered() {
  const me = await inStore("me", "readonly", (at) => at.get("me"));
  if (me && Date.now() - me.at < DAY_MS) return me;
  if (me) await inStore("me", "readwrite", (at) => at.delete("me"));
  return null;
}

/** Random also where the page came without TLS. */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
}

/** Sends what waits, one after the other; one at a time sends, whatever pages are open. Says "sent", "empty", "no line" or "signed out". @returns {Promise<string>} */
export async function send() {
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request(NAME, sendAll) : sendAll();
}

async function sendAll() {
  const waits = (await all()).filter((each) => !each.fault);
  if (!waits.length) return "empty";
  const me = await whoAmI();
  if (!me) return "no line";
  if (!me.name) return "signed out";
  let sent = 0;
  for (const entry of waits.filter((each) => each.who === me.name)) {
    const answer = await post(entry, me.token);
    if (answer === "sent") {
      await drop(entry.n);
      sent += 1;
    } else if (typeof answer === "object") await judge(entry.n, answer.problem);
    else return answer;
  }
  return sent ? "sent" : "empty";
}

/** A page of somebody else's, as of a hotel's network, is no answer of ours. @returns {Promise<{name: string | null, token: string} | null>} */
async function whoAmI() {
  try {
    const answer = await fetch("/field/token", { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(ASK_MS) });
    const me = await answer.json();
    return answer.ok && "name" in me ? me : null;
  } catch {
    return null;
  }
}

/** @param {Kept} entry @param {string} token @returns {Promise<string | {problem: string}>} */
async function post(entry, token) {
  try {
    const value = entry.photo ? { ...entry.value, photo: await base64(entry.photo) } : entry.value;
    const answer = await fetch(entry.path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrftoken": token },
      body: JSON.stringify({ ...value, key: entry.key }),
      redirect: "error",
      signal: AbortSignal.timeout(SEND_MS),
    });
    const said = await answer.json();
    if (answer.ok && said.report) return "sent";
    if (answer.status === 401) return "signed out";
    return answer.status < 500 && answer.status !== 429 && said.problem ? { problem: said.problem } : "no line";
  } catch {
    return "no line";
  }
}

/** @param {Blob} blob */
async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
