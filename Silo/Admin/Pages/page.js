"use strict";
// What operators keep open: asks the silo every two seconds, writes text and never markup.
const $ = id => document.getElementById(id);
const number = value => value >= 100 ? value.toFixed(0) : value.toFixed(1);
const since = (then, now) => {
  const seconds = Math.round(Math.abs(now - new Date(then)) / 1000);
  return seconds < 90 ? `${seconds} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
};

function fill(id, rows) {
  const body = $(id).tBodies[0];
  body.replaceChildren(...rows.map(cells => {
    const row = document.createElement("tr");
    for (const cell of cells) {
      const place = row.insertCell();
      if (cell instanceof Node) place.append(cell);
      else if (cell && typeof cell === "object") { place.textContent = cell.text; place.className = cell.kind; }
      else place.textContent = cell ?? "";
    }
    return row;
  }));
  if (rows.length === 0) {
    const place = body.insertRow().insertCell();
    place.colSpan = $(id).tHead.rows[0].cells.length;
    place.textContent = "none";
    place.className = "dim";
  }
}

const count = (value, kind) => ({ text: number(value), kind: value > 0 && kind ? `number ${kind}` : "number" });

function left(account, now) {
  if (account?.throttledUntil) return { text: `none for ${since(account.throttledUntil, now)}`, kind: "bad" };
  return account?.limit ? { text: `${account.remaining} of ${account.limit}`, kind: account.remaining * 10 < account.limit ? "bad" : "" } : "";
}

function state(upstream, now) {
  const bad = upstream.failingSince || upstream.breaker !== "closed";
  const text = upstream.failingSince ? `${upstream.state} for ${since(upstream.failingSince, now)}` : bad ? upstream.breaker : upstream.state;
  return { text, kind: bad ? "bad" : upstream.state === "healthy" ? "good" : "" };
}

function show(view) {
  const now = new Date();
  $("configuration").textContent = view.configuration;
  $("broken").hidden = view.configurationErrors.length === 0;
  $("errors").replaceChildren(...view.configurationErrors.map(error => {
    const item = document.createElement("li");
    item.textContent = error;
    return item;
  }));
  fill("tenants", view.tenants.map(tenant => [
    tenant.name, tenant.hosts.join(", "), count(tenant.perSecond.requests), count(tenant.perSecond.refused), count(tenant.perSecond.errors, "bad")]));
  fill("upstreams", view.upstreams.map(upstream => [
    upstream.upstream, upstream.credential, upstream.scheme,
    upstream.expires ? (new Date(upstream.expires) > now ? `in ${since(upstream.expires, now)}` : { text: "expired", kind: "bad" }) : "",
    left(upstream.account, now),
    state(upstream, now),
    upstream.lastError ? `${upstream.lastError} (${since(upstream.lastErrorAt, now)} ago)` : ""]));
  fill("repositories", view.repositories.map(pulls => [pulls.repository, pulls.tenant, { text: pulls.pulls, kind: "number" }]));
  fill("processes", view.processes.map(process => [
    process.kind, process.host, process.version, process.silentSeconds > 6 ? { text: `silent for ${process.silentSeconds} s`, kind: "bad" } : since(process.started, now),
    { text: process.configuration, kind: process.configuration === view.configuration ? "" : "bad" }]));
  const names = view.tenants.map(tenant => tenant.name);
  if ([...$("tenant").options].map(option => option.value).join() !== names.join()) {
    const chosen = $("tenant").value;
    $("tenant").replaceChildren(...names.map(name => new Option(name, name, false, name === chosen)));
  }
}

async function ask(address, options, see) {
  const response = await fetch(address, { cache: "no-store", ...options });
  see?.(response);
  if (response.status === 401) location.assign("/login");
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

async function revoke(tenant, session, subject) {
  if (!confirm(`End this session of ${subject}?`)) return;
  try {
    const body = JSON.stringify({ tenant, session });
    const reply = await ask("/admin/sessions/revoke", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    $("notice").textContent = reply.revoked ? `The session of ${subject} has ended.` : reply.message;
  } catch (problem) {
    $("notice").textContent = problem.message;
  }
  await showSessions();
}

async function showSessions() {
  const tenant = $("tenant").value;
  if (!tenant) return;
  const now = new Date();
  let total = 0;
  const sessions = await ask(
    `/admin/sessions?tenant=${encodeURIComponent(tenant)}&limit=200`, undefined, response => total = Number(response.headers.get("X-Total-Count")));
  fill("sessions", sessions.map(session => {
    const button = document.createElement("button");
    button.textContent = "Revoke";
    button.dataset.session = session.session;
    button.addEventListener("click", () => revoke(tenant, session.session, session.subject));
    return [session.subject, session.authenticator, `${since(session.opened, now)} ago`, `in ${since(session.expires, now)}`, session.clientAddress, button];
  }));
  $("shown").textContent = total > sessions.length ? `The newest ${sessions.length} of ${total} sessions.` : "";
}

const bytes = value => value >= 1e9 ? `${number(value / 1e9)} GB` : `${number(value / 1e6)} MB`;

function showCaches(caches) {
  fill("caches", caches.map(cache => [
    cache.gateway, { text: cache.state, kind: cache.state === "ok" ? "good" : "bad" }, `${bytes(cache.bytes)} of ${bytes(cache.maxBytes)}`,
    ...[cache.objects, cache.hits, cache.misses, cache.joined, cache.evicted].map(value => ({ text: value, kind: "number" })),
    { text: bytes(cache.savedBytes), kind: "number" }, { text: cache.corrupt, kind: cache.corrupt > 0 ? "number bad" : "number" }]));
}

async function refresh() {
  try {
    show(await ask("/admin/overview"));
    showCaches(await ask("/admin/cache"));
    await showSessions();
    $("state").textContent = "live";
    $("state").className = "good";
  } catch (problem) {
    $("state").textContent = `the silo does not answer: ${problem.message}`;
    $("state").className = "bad";
  }
}

$("tenant").addEventListener("change", showSessions);
(async () => {
  while (true) {
    await refresh();
    await new Promise(done => setTimeout(done, 2000));
  }
})();
