// How the page asks the silo, and how it writes what it gets. Text is never markup: all of it goes through Preact.
import { useState, useEffect, useRef } from "/assets/preact.js";

/** Asks the silo; throws an Error with its own words when it refuses. */
export async function ask(address, options) {
  let response;
  try {
    response = await fetch(address, { cache: "no-store", ...options });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Error("the silo does not answer");
  }
  if (response.status === 401) {
    location.assign("/login?next=%2F");
    return new Promise(() => { });
  }
  const body = await response.json().catch(() => ({ error: `the silo answers ${response.status}` }));
  if (!response.ok) throw new Error(body.error);
  return { body, total: Number(response.headers.get("X-Total-Count") ?? 0) };
}

/** Asks again every so many milliseconds while the page is seen; keeps what there was when an answer fails. */
export function useData(address, period) {
  const [state, setState] = useState({ address: null });
  const again = useRef(() => { });
  useEffect(() => {
    let timer;
    const abort = new AbortController();
    const run = async () => {
      clearTimeout(timer);
      try {
        const answer = await ask(address, { signal: abort.signal });
        setState({ address, data: answer.body, total: answer.total });
      } catch (fault) {
        if (fault.name === "AbortError") return;
        setState(former => ({ ...former, error: fault.message, failed: address }));
      }
      if (period && !abort.signal.aborted) timer = setTimeout(next, period);
    };
    const next = () => document.hidden ? timer = setTimeout(next, 1000) : run();
    again.current = run;
    if (address) run();
    return () => { abort.abort(); clearTimeout(timer); };
  }, [address, period]);
  return { data: state.data, total: state.total ?? 0, error: state.error, stale: state.address !== address, again: () => again.current() };
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

/** Where the hash leads: its parts, and its query. */
export function place() {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(part => part).map(part => {
    try { return decodeURIComponent(part); } catch { return part; }
  });
  return { parts, fields: Object.fromEntries(new URLSearchParams(search ?? "")) };
}

export function count(value) {
  if (value >= 1e9) return `${(value / 1e9).toFixed(1)} G`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : value.toFixed(value < 0.1 && value > 0 ? 2 : 1);
}

export function bytes(value) {
  for (const [unit, size] of [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) if (value >= size) return `${(value / size).toFixed(1)} ${unit}`;
  return `${Math.round(value)} B`;
}

export function duration(milliseconds) {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  return seconds < 90 ? `${seconds} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min`
    : seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

export const ago = (time, now = Date.now()) => `${duration(now - new Date(time))} ago`;
export const clock = time => new Date(time).toLocaleTimeString("en-GB");
export const minute = time => new Date(time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
