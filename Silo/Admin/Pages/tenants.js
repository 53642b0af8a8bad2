import { html } from "./preact.js";
import { useData, useSettled, usePlace, query, count, bytes, link } from "./lib.js";
import { Card, Status, Table, Pager, Spark, Waiting, Stale, Field, Empty } from "./parts.js";
import { Hour, Limits, Refusals } from "./traffic.js";
import { Sessions } from "./sessions.js";

const Limit = 50;
const stateOf = tenant => !tenant.isUsable ? html`<${Status} kind="bad">not served (503)<//>`
  : tenant.errors > 0 ? html`<${Status} kind="warning">${tenant.errors} configuration ${tenant.errors === 1 ? "error" : "errors"}<//>`
  : tenant.lastHour.errors > tenant.lastHour.requests * 0.05 ? html`<${Status} kind="warning">server errors<//>`
  : tenant.lastHour.requests > 0 ? html`<${Status} kind="good">served<//>` : html`<${Status} kind="idle">idle<//>`;

/** All tenants; the silo searches, sorts and cuts, so that a thousand of them cost no more than fifty. */
export function Tenants({ fields }) {
  const [{ search: typed, by, order, offset }, set] = usePlace(fields, { search: "", by: "requests", order: "desc", offset: 0 });
  const search = useSettled(typed);
  const sort = { by, descending: order === "desc" };
  const { data, total, at, error, again } = useData(`/admin/tenants?${query({ search, sort: by, order, offset, limit: Limit })}`, 5000);
  return html`<h1 tabindex="-1">Tenants</h1>
  <div class="tools"><${Field} label="Search by name or host"><input type="search" id="search" value=${typed}
    onInput=${event => set({ search: event.target.value, offset: 0 })}/><//></div>
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
    <${Table} id="tenants" caption="Tenants, with their traffic of the last hour" sort=${sort} onSort=${next => set({ by: next.by, order: next.descending ? "desc" : "asc", offset: 0 })} rows=${data} rowKey=${row => row.name}
      empty=${search ? `No tenant has “${search}” in its name or hosts.` : "There are no tenants in the configuration."} columns=${[
      { title: "Tenant", sort: "name", cell: row => html`<a href=${link("tenants", row.name)}>${row.name}</a><small>${row.hosts.join(", ")}</small>` },
      { title: "State", cell: stateOf },
      { title: "Last hour", cell: row => html`<${Spark} values=${row.requests} label=${`requests of the last hour, at most ${count(Math.max(...row.requests))} in two minutes`}/>` },
      { title: "Requests", sort: "requests", number: true, cell: row => count(row.lastHour.requests) },
      { title: "Refused", sort: "refused", number: true, cell: row => count(row.lastHour.refused) },
      { title: "Errors", sort: "errors", number: true, cell: row => html`<span class=${row.lastHour.errors > 0 ? "bad" : ""}>${count(row.lastHour.errors)}</span>` },
      { title: "Pulls", sort: "pulls", number: true, cell: row => count(row.lastHour.pulls) },
      { title: "Sent", sort: "sent", number: true, cell: row => bytes(row.lastHour.sent) }]}/>
    <${Pager} offset=${Number(offset)} limit=${Limit} total=${total} onMove=${next => set({ offset: next })}/>`}`;
}

/** One tenant. */
export function Tenant({ name }) {
  const { data, at, error, again } = useData(`/admin/tenants/${encodeURIComponent(name)}`, 5000);
  const head = html`<nav class="crumbs" aria-label="breadcrumb"><a href="#/tenants">Tenants</a> <span aria-hidden="true">/</span></nav><h1 tabindex="-1">${name}</h1>`;
  if (!data) return html`${head}<${Waiting} error=${error} again=${again}/>`;
  return html`${head}<${Stale} at=${at} error=${error}/>
  <p class="facts">${stateOf(data.summary)} <span>${data.summary.hosts.join(", ")}</span>
    <a href=${`#/audit?${query({ tenant: name })}`}>Audit log</a> <a href=${`#/explain?${query({ tenant: name })}`}>Explain access</a></p>
  ${data.errors.length > 0 && html`<div class="note bad" id="errors"><h2>Its configuration has errors</h2><ul>${data.errors.map(line => html`<li><code>${line}</code></li>`)}</ul>
    <p>${data.summary.isUsable ? "The last good text stays in use until they are mended." : "Its hosts answer 503 until they are mended."}</p></div>`}
  <${Hour} history=${data.history}/>
  <div class="cards">
    <${Limits} limits=${data.limits} note="Requests of the last whole minute; bytes of transfers that ended in it."/>
    <${Refusals} refusals=${data.refusals} since=${data.countedSince}/>
    <${Card} title="Top repositories" note=${`Pulls since each gateway started.${data.isPartial ? " Those of a gateway may be missing: not all have answered." : ""}`}>${data.repositories.length === 0 ? html`<${Empty}>${data.isPartial ? "Nothing is known yet." : "Nothing has been pulled since."}<//>`
      : html`<${Table} caption="Top repositories" columns=${[{ title: "Repository", cell: row => html`<code>${row.repository}</code>` },
        { title: "Pulls", number: true, cell: row => count(row.pulls) },
        { label: "Audit log", cell: row => html`<a href=${`#/audit?${query({ tenant: name, repository: row.repository })}`} aria-label=${`who pulled ${row.repository}`}>who</a>` }]} rows=${data.repositories}/>`}<//>
  </div>
  <${Sessions} key=${name} tenant=${name}/>
  <${Configuration} data=${data}/>`;
}

const Configuration = ({ data }) => html`<${Card} title="Its part of the configuration" wide>
  <p>Authenticators, in their order: ${data.authenticators.length === 0 ? html`<span class="dim">none</span>` : data.authenticators.map((name, i) => html`${i > 0 ? ", " : ""}<code>${name}</code>`)}.
    Public address: ${data.publicUrl ? html`<code>${data.publicUrl}</code>` : html`<span class="dim">that of the request, on loopback</span>`}.</p>
  <h3>Routes</h3>
  <${Table} caption="Routes" empty="There are no routes: every name is not found." rows=${data.routes} columns=${[
    { title: "Prefix", cell: row => row.prefix ? html`<code>${row.prefix}</code>` : html`<span class="dim">everything</span>` },
    { title: "Upstreams", cell: row => row.upstreams.map((name, i) => html`${i > 0 ? ", then " : ""}<a href=${link("upstreams", name)}>${name}</a>`) },
    { title: "Name there", cell: row => html`<code>${row.rewrite ? `${row.rewrite}/…` : "…"}</code>` },
    { title: "Cache", cell: row => row.cache ? "on" : "off" }]}/>
  <h3>Access rules</h3>
  <${Table} caption="Access rules" empty="There are no rules: nothing is allowed." rows=${data.access} columns=${[
    { title: "Rule", cell: row => row.name },
    { title: "Who", cell: row => html`<code>${row.who.join(", ")}</code>` },
    { title: "When", cell: row => Object.entries(row.when).map(([claim, globs]) => html`<code>${claim}: ${globs.join(" | ")}</code> `) },
    { title: "Repositories", cell: row => html`<code>${row.repositories.join(", ")}</code>` },
    { title: "Actions", cell: row => row.actions.join(", ") }]}/>
  ${Object.keys(data.namespaces).length > 0 && html`<h3>Namespaces of mirrors</h3><dl class="pairs">${Object.entries(data.namespaces).map(([host, prefix]) =>
    html`<div><dt><code>${host}</code></dt><dd>${prefix ? html`<code>${prefix}</code>` : html`<span class="dim">everything</span>`}</dd></div>`)}</dl>`}
<//>`;
