// How a page asks its server, and how it writes what it gets. Text is never markup: all of it goes through Preact.
import { useState, useEffect, useRef } from "./preact.js";

/** How long an answer may take, if nothing else is said. */
const Patience = 10000;

/**
 * Which server the page asks, and what goes with each question; what the page does where a login is needed: it leaves for it (login), or looks
 * again who it is shown to (unknown); whether a change may be sent once more that came with the login of a moment ago (renew); whether nothing
 * is asked again for now (paused). Each page says its own.
 */
export const server = { name: "the silo", headers: () => ({}), login: null, unknown: () => { }, renew: async () => false, paused: false };

/** How far the clock of the server is ahead of that of the browser. */
let ahead = 0;

/** The time as the server has it. */
export const now = () => Date.now() + ahead;

/**
 * Asks the server for JSON, or for a text (isText); throws an Error with its own words, its status and all its errors when it refuses, and when
 * the answer is not whole or does not come.
 */
export async function ask(address, { signal, isText, isRenewed, patience = Patience, ...options } = {}) {
  const limit = AbortSignal.timeout(patience);
  let response, text;
  try {
    response = await fetch(address, { cache: "no-store", ...options, headers: { ...server.headers(), ...options.headers }, signal: signal ? AbortSignal.any([signal, limit]) : limit });
    text = await response.text();
  } catch (fault) {
    if (signal?.aborted) throw fault;
    throw new Error(limit.aborted ? `${server.name} has not answered for ${patience / 1000} seconds`
      : response ? `the answer of ${server.name} ended too early` : `${server.name} does not answer`);
  }
  if (response.status === 401 && server.login) {
    server.login();
    return new Promise(() => { });
  }
  if (response.status === 401) server.unknown();
  const sent = Date.parse(response.headers.get("Date"));
  if (sent) ahead = Math.abs(sent - Date.now()) > 2000 ? sent - Date.now() : 0;
  if (response.status === 403 && response.headers.get("X-Registryproxy-Page") === "stale" && !isRenewed && await server.renew()) {
    return ask(address, { signal, isText, isRenewed: true, patience, ...options });
  }
  const body = isText && response.ok ? text : parsed(text);
  if (!response.ok) throw Object.assign(new Error(body?.errors?.[0]?.message ?? body?.error ?? `${server.name} answers ${response.status}`), { status: response.status, errors: body?.errors ?? [] });
  if (body === undefined) throw new Error(`the answer of ${server.name} is not whole`);
  return { body, total: Number(response.headers.get("X-Total-Count") ?? 0), headers: response.headers };
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}

/**
 * Asks again every so many milliseconds while the page is seen; keeps what there was when an answer fails, and says of when it is (at) and
 * whether it answers another question (stale).
 */
export function useData(address, period) {
  const [state, setState] = useState({});
  const again = useRef(() => { });
  useEffect(() => {
    let timer, newest = 0;
    const abort = new AbortController();
    const run = async () => {
      clearTimeout(timer);
      const turn = ++newest;
      let change;
      try {
        const answer = await ask(address, { signal: abort.signal });
        change = { address, data: answer.body, total: answer.total, at: now() };
      } catch (fault) {
        change = { failed: address, error: fault.message };
      }
      // What was asked before a change says nothing of it.
      if (abort.signal.aborted || turn !== newest) return;
      setState(former => change.address ? change : { ...former, ...change });
      if (period) timer = setTimeout(next, period);
    };
    const next = () => document.hidden || server.paused ? timer = setTimeout(next, 1000) : run();
    again.current = run;
    if (address) run();
    return () => { abort.abort(); clearTimeout(timer); };
  }, [address, period]);
  return {
    data: state.data, total: state.total ?? 0, at: state.at, error: state.failed === address ? state.error : undefined,
    stale: state.address !== address, again: () => again.current(),
  };
}

/** What is typed, once nothing was typed for a moment. */
export function useSettled(value, wait = 250) {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), wait);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

export const query = fields => new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== "" && value != null)).toString();

export const link = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

/** Where the hash leads: its parts, and its query; each time that it is followed is another turn. */
export function place(turn = 0) {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(part => part).map(part => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { parts, fields: Object.fromEntries(new URLSearchParams(search ?? "")), turn };
}

/** State that is kept in the hash: it is there again after a reload, behind the back button, and for whoever gets the link. */
export function usePlace(fields, blank) {
  const [state, setState] = useState(() => ({ ...blank, ...Object.fromEntries(Object.entries(fields).filter(([name]) => name in blank)) }));
  useEffect(() => {
    const said = query(Object.fromEntries(Object.entries(state).filter(([name, value]) => String(value) !== String(blank[name]))));
    const hash = location.hash.split("?")[0] + (said ? `?${said}` : "");
    if (hash !== location.hash) history.replaceState(null, "", hash);
  }, [state]);
  return [state, change => setState(former => ({ ...former, ...change }))];
}

export function count(value) {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toFixed(value < 0.1 && value > 0 ? 2 : 1);
}

export function bytes(value) {
  for (const [unit, size] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) if (value >= size) return `${(value / size).toFixed(1)} ${unit}`;
  return `${value >= 10 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} B`;
}

export function duration(milliseconds) {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  return seconds < 90 ? `${seconds} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min`
    : seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

export const ago = time => `${duration(now() - new Date(time))} ago`;

/** How long it lasts until a time. */
export const until = time => new Date(time) > now() ? duration(new Date(time) - now()) : "over";

const isToday = date => date.toDateString() === new Date(now()).toDateString();
const day = date => isToday(date) ? "" : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} `;

/** A time of today; of another day with its date. */
export const clock = time => day(new Date(time)) + new Date(time).toLocaleTimeString("en-GB");
export const minute = time => day(new Date(time)) + new Date(time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** What the times of the page are of. */
export const zone = () => new Date().toLocaleTimeString("en-GB", { timeZoneName: "short" }).split(" ").pop();
