import { html } from "./preact.js";
import { useData, useSettled, usePlace, query, count, bytes, link } from "./lib.js";
import { Card, Status, Table, Pager, Spark, Waiting, Stale, Field, Empty } from "./parts.js";
import { Hour, Limits, Refusals } from "./traffic.js";
import { Sessions } from "./sessions.js";
import { ErrorsOfPart, Part } from "./part.js";
import { Configuration } from "./configuration.js";

const Limit = 50;
const stateOf = tenant => tenant.trouble === 3 ? html`<${Status} kind="bad">not served (503)<//>`
  : tenant.trouble === 2 ? html`<${Status} kind="warning">${tenant.errors} configuration ${tenant.errors === 1 ? "error" : "errors"}<//>`
  : tenant.trouble === 1 ? html`<${Status} kind="warning">server errors<//>`
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
      { title: "State", sort: "state", falls: true, cell: stateOf },
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
  <${ErrorsOfPart} errors=${data.errors} isUsable=${data.summary.isUsable} write=${line => html`<code>${line}</code>`}/>
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
  <${Part} part=${data.part} upstream=${name => html`<a href=${link("upstreams", name)}>${name}</a>`}>
    <p>Public address: ${data.publicUrl ? html`<code>${data.publicUrl}</code>` : html`<span class="dim">that of the request, on loopback</span>`}.</p><//>
  ${data.part.keptBy === "managed" && html`<${Configuration} key=${`part of ${name}`} root="/admin/configuration" tenant=${name}><h2 id="managed">The part that its administrators keep</h2><//>`}`;
}
