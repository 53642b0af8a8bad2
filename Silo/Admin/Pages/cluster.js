import { html } from "./preact.js";
import { useData, count, bytes } from "./lib.js";
import { Card, Status, Table, Waiting, Stale } from "./parts.js";
import { Processes, inTrouble } from "./overview.js";

const number = (title, value, write = count) => ({ title, number: true, value, cell: row => write(value(row)) });

/** Of what was asked for, the part that was here; below 0 where nothing was asked for. */
const hitRate = row => row.hits + row.misses + row.joined > 0 ? (row.hits + row.joined) / (row.hits + row.misses + row.joined) : -1;

/** Those with something wrong first. */
const worst = rows => [...rows].sort((a, b) => (a.state === "ok") - (b.state === "ok") || hitRate(a) - hitRate(b));

/** What each gateway keeps on its disk. */
export function Caches() {
  const { data, at, error, again } = useData("/admin/cache", 5000);
  return html`<h1 tabindex="-1">Cache</h1><p class="lead">What each gateway keeps on its disk, and what that was good for since it started.</p>
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
  <${Table} id="caches" caption="Caches of gateways" rows=${worst(data)} rowKey=${row => row.gateway} empty="No gateway has a cache: set cache.path, and cache: true on a route." columns=${[
    { title: "Gateway", value: row => row.gateway, cell: row => html`<code>${row.gateway}</code>` },
    { title: "State", falls: true, value: row => row.state === "ok" ? "" : row.state, cell: row => html`<${Status} kind=${row.state === "ok" ? "good" : "bad"}>${row.state}<//>` },
    { title: "Use", number: true, value: row => row.bytes / row.maxBytes, cell: row => html`<progress aria-label=${`use of the cache of ${row.gateway}`} value=${row.bytes} max=${row.maxBytes}></progress> ${bytes(row.bytes)} of ${bytes(row.maxBytes)}` },
    number("Files", row => row.objects),
    number("Hit rate", hitRate, value => value < 0 ? "–" : `${Math.round(100 * value)} %`),
    number("Hits", row => row.hits), number("Misses", row => row.misses), number("Joined", row => row.joined), number("Evicted", row => row.evicted),
    number("Saved", row => row.savedBytes, bytes),
    number("Wrong bytes", row => row.corrupt, value => html`<span class=${value > 0 ? "bad" : ""}>${count(value)}</span>`)]}/>`}`;
}

/** Silos, gateways, the configuration, and where to look further. */
export function Cluster() {
  const { data, at, error, again } = useData("/admin/summary", 3000);
  if (!data) return html`<h1 tabindex="-1">Cluster</h1><${Waiting} error=${error} again=${again}/>`;
  const notes = data.problems.filter(problem => problem.subject === "configuration");
  const errors = data.configurationErrors;
  return html`<h1 tabindex="-1">Cluster</h1><${Stale} at=${at} error=${error}/>
  <${Card} title="Silos and gateways" wide><${Processes} rows=${inTrouble(data.processes, data.configuration)} version=${data.configuration}/><//>
  <div class="cards"><${Card} title="Configuration"><p>In use: <code id="version">${data.configuration}</code>, with ${count(data.tenants)} tenants and ${count(data.upstreams)} upstreams.</p>
    ${errors.length + notes.length === 0 ? html`<p><${Status} kind="good">the files of this silo are in use as they are<//></p>` : notes.map(problem => html`<p class="bad">${problem.what}</p><p>${problem.advice}</p>`)}
    ${errors.length > 0 && html`<h3>Errors in the files of this silo</h3><ul id="errors">${errors.map(line => html`<li><code>${line}</code></li>`)}</ul>`}<//>
  <${Card} title="Look further"><dl class="links">
    <div><dt><a href="/dashboard">Orleans Dashboard</a></dt><dd>How the program itself runs: activations, calls per second, latencies and exceptions of each grain type and silo. For whoever hunts a slow or failing grain; everyday questions are answered here.</dd></div>
    <div><dt><a href="/metrics">Metrics</a></dt><dd>Of this process, for Prometheus. Dashboards and alerts for Grafana come with RegistryProxy.</dd></div>
    <div><dt><a href="/admin/summary">JSON</a></dt><dd>What this page shows, for scripts.</dd></div></dl><//></div>`;
}
