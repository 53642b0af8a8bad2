import { html } from "./preact.js";
import { useData, usePlace, count, link, duration, ago, until, now, query } from "./lib.js";
import { Card, Status, Table, Pager, Waiting, Stale, Field, Meter } from "./parts.js";
import { UpstreamHour } from "./traffic.js";

const Limit = 50;
const none = { requests: 0, failures: 0, refused: 0, seconds: 0 };
const milliseconds = value => `${count(Math.round(value))} ms`;
const latency = numbers => numbers.requests > 0 ? 1000 * numbers.seconds / numbers.requests : 0;
const isBad = upstream => upstream.state !== "limited" && (Boolean(upstream.failingSince) || upstream.breaker !== "closed");
const isLimited = upstream => upstream.state === "limited" || Boolean(upstream.account?.throttledUntil);

const stateOf = upstream => isBad(upstream) ? html`<${Status} kind="bad">${upstream.failingSince ? `${upstream.state} for ${duration(now() - new Date(upstream.failingSince))}` : `circuit breaker ${upstream.breaker}`}<//>`
  : isLimited(upstream) ? html`<${Status} kind="warning">rate limited<//>`
  : html`<${Status} kind=${upstream.state === "healthy" ? "good" : "idle"}>${upstream.state}<//>`;

const left = account => account?.limit ? html`<${Meter} label="used of the rate limit" value=${account.limit - account.remaining} most=${account.limit}/> ${account.remaining} of ${account.limit}` : html`<span class="dim">not counted</span>`;

const expiry = upstream => !upstream.expires ? html`<span class="dim">–</span>` : new Date(upstream.expires) > now() ? `in ${until(upstream.expires)}` : html`<${Status} kind="bad">expired<//>`;

const orders = {
  name: row => row.upstream, state: row => isBad(row) ? 2 : isLimited(row) ? 1 : 0, requests: row => row.hour.requests,
  failures: row => row.hour.failures, latency: row => latency(row.hour),
};

/** Every upstream; those that fail come first unless another order is wanted. */
export function Upstreams({ fields }) {
  const [place, set] = usePlace(fields, { search: "", by: "state", order: "desc", offset: 0 });
  const [typed, offset, sort] = [place.search, Number(place.offset), { by: place.by in orders ? place.by : "state", descending: place.order === "desc" }];
  const { data, at, error, again } = useData("/admin/upstreams", 5000);
  const activity = useData("/admin/upstreams/activity", 5000).data ?? [];
  if (!data) return html`<h1 tabindex="-1">Upstreams</h1><${Waiting} error=${error} again=${again}/>`;
  const known = new Map(activity.map(item => [item.name, item.lastHour]));
  const value = orders[sort.by];
  const rows = data.filter(row => row.upstream.toLowerCase().includes(typed.toLowerCase())).map(row => ({ ...row, hour: known.get(row.upstream) ?? none }))
    .sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (sort.descending ? -1 : 1) || (a.upstream < b.upstream ? -1 : 1));
  return html`<h1 tabindex="-1">Upstreams</h1><${Stale} at=${at} error=${error}/>
  <div class="tools"><${Field} label="Search by name"><input type="search" id="search" value=${typed} onInput=${event => set({ search: event.target.value, offset: 0 })}/><//></div>
  <${Table} id="upstreams" caption="Upstreams, with their traffic of the last hour" sort=${sort} onSort=${next => set({ by: next.by, order: next.descending ? "desc" : "asc", offset: 0 })} rows=${rows.slice(offset, offset + Limit)} rowKey=${row => row.upstream}
    empty=${typed ? `No upstream has “${typed}” in its name.` : "There are no upstreams in the configuration."} columns=${[
    { title: "Upstream", sort: "name", cell: row => html`<a href=${link("upstreams", row.upstream)}>${row.upstream}</a>` },
    { title: "State", sort: "state", falls: true, cell: row => html`${stateOf(row)}${(isBad(row) || isLimited(row)) && row.lastError ? html`<small>${row.lastError}</small>` : ""}` },
    { title: "Credential", cell: row => row.credential },
    { title: "Expires", cell: expiry },
    { title: "Limit left", cell: row => left(row.account) },
    { title: "Requests", sort: "requests", number: true, cell: row => count(row.hour.requests) },
    { title: "Failures", sort: "failures", number: true, cell: row => html`<span class=${row.hour.failures > 0 ? "bad" : ""}>${count(row.hour.failures)}</span>` },
    { title: "Latency", sort: "latency", number: true, cell: row => row.hour.requests > 0 ? milliseconds(latency(row.hour)) : "" }]}/>
  <${Pager} offset=${offset} limit=${Limit} total=${rows.length} onMove=${next => set({ offset: next })}/>`;
}

/** One upstream. */
export function Upstream({ name }) {
  const { data, at, error, again } = useData("/admin/upstreams", 5000);
  const history = useData(`/admin/history?${query({ upstream: name, points: 60 })}`, 5000).data;
  const head = html`<nav class="crumbs" aria-label="breadcrumb"><a href="#/upstreams">Upstreams</a> <span aria-hidden="true">/</span></nav><h1 tabindex="-1">${name}</h1>`;
  if (!data || !history) return html`${head}<${Waiting} error=${error} again=${again}/>`;
  const upstream = data.find(row => row.upstream === name);
  if (!upstream) return html`${head}<p class="note warning">There is no upstream of this name any more.</p>`;
  return html`${head}<${Stale} at=${at} error=${error}/>
  <p class="facts">${stateOf(upstream)}${upstream.lastError && html`<span class=${isBad(upstream) ? "bad" : "dim"}>${upstream.lastError} (${ago(upstream.lastErrorAt)})</span>`}</p>
  ${(upstream.troubles ?? []).filter(trouble => trouble.what !== upstream.lastError).map(trouble => html`<p class="note warning" key=${trouble.kind}>${trouble.what}</p>`)}
  <${UpstreamHour} history=${history}/>
  <${Card} title="How it is opened" wide><dl class="pairs">
    <div><dt>Credential</dt><dd>${upstream.credential}</dd></div><div><dt>It asks for</dt><dd>${upstream.scheme}</dd></div>
    <div><dt>Token expires</dt><dd>${expiry(upstream)}</dd></div><div><dt>Last refresh</dt><dd>${upstream.lastRefresh ? ago(upstream.lastRefresh) : "never"}</dd></div>
    <div><dt>Last answer</dt><dd>${upstream.lastSuccess ? ago(upstream.lastSuccess) : "never"}</dd></div><div><dt>Circuit breaker</dt><dd>${upstream.breaker}</dd></div>
    <div><dt>Rate limit</dt><dd>${left(upstream.account)}</dd></div></dl><//>`;
}
