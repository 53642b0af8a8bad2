// The administration of this tenant, for whom its operator names: the same questions as with a token, for the minutes of a fresh login.
import { html, useState, useEffect } from "./preact.js";
import { count, ago, duration, link, now, query, server, useData, usePlace, useSettled } from "./lib.js";
import { Card, Stale, Status, Table, Waiting } from "./parts.js";
import { Explain } from "./explain.js";
import { Hour, Limits, Refusals, UpstreamHour } from "./traffic.js";
import { Sessions } from "./sessions.js";
import { Completeness, LineFilters, Lines, MostLines, everyLine } from "./lines.js";
import { Configuration } from "./configuration.js";
import { ErrorsOfPart, Part } from "./part.js";
import { PasswordForm, Providers } from "./account.js";
import { Robots } from "./robots.js";

const Root = "/page/admin";
const views = [["usage", "Usage"], ["upstreams", "Upstreams"], ["configuration", "Configuration"], ["sessions", "Sessions"], ["robots", "Robots"],
  ["explain", "Explain"], ["audit", "Audit log"]];

/** What is used of each limit that the operator has set. */
const used = (usage, history) => [["requestsPerSecond", usage.requestsPerSecond], ["bytesPerSecond", moved(history)], ["concurrentStreams", usage.transfers]]
  .map(([name, use]) => ({ name, limit: usage.limits[name], use })).filter(limit => limit.limit != null);

/** Bytes per second in the last whole minute. */
const moved = history => (history.series.sent.at(-2) + history.series.received.at(-2)) / history.seconds;

function Usage() {
  const { data, at, error, again } = useData(`${Root}/usage`, 5000);
  const history = useData(`${Root}/history`, 10000);
  if (!data || !history.data) return html`<h1 tabindex="-1">Usage</h1><${Waiting} error=${error ?? history.error} again=${error ? again : history.again}/>`;
  return html`<h1 tabindex="-1">Usage</h1><${Stale} at=${at} error=${error}/>
  <${Card} title="Now" wide><dl class="pairs">${[["Requests per second", count(data.requestsPerSecond)], ["Refused per second", count(data.refusedPerSecond)], ["Errors per second", count(data.errorsPerSecond)], ["Sessions", count(data.sessions)], ["Robots", count(data.robots)]]
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl><//>
  <${Hour} history=${history.data}/>
  <div class="cards"><${Limits} limits=${used(data, history.data)} note="Requests and transfers now; bytes of the last whole minute."/><${Refusals} refusals=${data.refusals} since=${data.countedSince}/></div>
  <${Card} title="Most pulled repositories" wide note=${data.isPartial && "Those of a gateway may be missing: not all have answered."}><${Table} id="pulls" caption="Most pulled repositories" rows=${Object.entries(data.pulls)} rowKey=${([name]) => name} empty="Nothing was pulled lately." columns=${[
    { title: "Repository", cell: ([name]) => html`<a href=${`#/repositories/${encodeURIComponent(name)}`}>${name}</a>` }, { title: "Pulls", number: true, cell: ([, pulls]) => count(pulls) }]}/><//>`;
}

const stateOf = row => row.failingSince ? html`<${Status} kind="bad">${`${row.state} for ${duration(now() - new Date(row.failingSince))}`}<//>`
  : html`<${Status} kind=${row.state === "healthy" ? "good" : "idle"}>${row.state}<//>`;

const whatToDo = row => row.lastError ?? (row.failingSince ? "The operator of this registry knows more: it is shared." : "");

/** How the upstreams of the tenant's routes fare. */
function Upstreams() {
  const { data, at, error, again } = useData(`${Root}/upstreams`, 10000);
  return html`<h1 tabindex="-1">Upstreams</h1><p class="lead">The registries behind the routes of this tenant.</p>
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
  <${Table} id="upstreams" caption="Upstreams" rows=${data} rowKey=${row => row.name} empty="There are no routes." columns=${[
    { title: "Upstream", value: row => row.name, cell: row => row.isOwn ? html`<a href=${link("administration", "upstreams", row.name)}>${row.name}</a>` : html`<code>${row.name}</code>` },
    { title: "Whose", value: row => row.isOwn ? 0 : 1, cell: row => row.isOwn ? "this tenant's" : "the operator's" },
    { title: "State", value: row => row.failingSince ? 0 : 1, cell: stateOf }, { title: "Last answer", value: row => row.lastSuccess ?? "", cell: row => row.lastSuccess ? ago(row.lastSuccess) : "none yet" },
    { title: "Why", kind: "whole", cell: whatToDo }]}/>`}`;
}

/** The last hour of an upstream that the tenant's own part defines: that of shared ones is of all who use them. */
function Upstream({ name }) {
  const { data, at, error, again } = useData(`${Root}/history?${query({ upstream: name })}`, 10000);
  return html`<p class="crumbs"><a href=${link("administration", "upstreams")}>Upstreams</a></p><h1 tabindex="-1">${name}</h1>
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/><${UpstreamHour} history=${data}/>`}`;
}

const remarkOf = error => html`${error.line > 0 && `line ${error.line}: `}<code>${error.field}</code>: ${error.message}`;

/** What is in use of a tenant whose part stands in files, and what is wrong with it. */
function InUse() {
  const { data, at, error, again } = useData(`${Root}/tenant`, 10000);
  return html`<h1 tabindex="-1">Configuration</h1><p class="lead" id="elsewhere">It is not changed here, but in files.</p>${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
    <${ErrorsOfPart} errors=${data.errors} isUsable=${data.isUsable} write=${remarkOf}/><${Part} part=${data.part}/>`}`;
}

function Audit({ me, fields }) {
  const [wanted, change] = usePlace(fields, everyLine);
  const settled = useSettled(wanted);
  const { data: newest, at, error, stale, again } = useData(`${Root}/audit?${query({ ...settled, limit: MostLines })}`, 10000);
  // Lines of another question are not shown under this one.
  const data = stale ? null : newest;
  return html`<h1 tabindex="-1">Audit log</h1><${LineFilters} wanted=${wanted} change=${change}/>
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
  <${Lines} lines=${[...data.lines].reverse()} empty="No line in memory is like this."/><${Completeness} data=${data} tenant=${me.tenant}/>`}`;
}

function Enter({ me, reload }) {
  const { takesPasswords, providers = me.providers } = me.administration;
  return html`<h1 tabindex="-1">Administration</h1><p class="lead">For whom the operator of this registry names, and only after a login of the last minutes: it is open for 15 minutes.</p>
  <${Card} title="Open the administration" wide>${!me.isPrivate ? html`<p>This page was not opened by https: nobody logs in here.</p>` : html`
    <${Providers} names=${providers} purpose="administration" action="Administer"/>
    ${takesPasswords && html`<${PasswordForm} id="administer" address="/page/administration" action="Administer" onDone=${reload}/>`}`}<//>`;
}

function View({ me, view, name, fields }) {
  switch (view) {
    case "usage": return html`<${Usage}/>`;
    case "upstreams": return name ? html`<${Upstream} key=${name} name=${name}/>` : html`<${Upstreams}/>`;
    case "configuration": return html`<${Configuration} root=${`${Root}/configuration`} elsewhere=${html`<${InUse}/>`}><h1 tabindex="-1">Configuration</h1><//>`;
    case "sessions": return html`<h1 tabindex="-1">Sessions</h1><${Sessions} tenant=${me.tenant} address=${`${Root}/sessions`} own/>`;
    case "robots": return html`<${Robots} me=${me} root=${`${Root}/robots`}/>`;
    case "explain": return html`<${Explain} fields=${fields} tenant=${me.tenant} address=${`${Root}/explain`}/>`;
    case "audit": return html`<${Audit} me=${me} fields=${fields}/>`;
    default: return html`<h1 tabindex="-1">There is no such page</h1>`;
  }
}

/**
 * What administrators see, once they have said again who they are. When that is over, the view waits behind the login: what was typed there is
 * there again.
 */
export function Administration({ me, reload, view, name, fields }) {
  const isOpen = Boolean(me.administration?.isOpen);
  const [wasOpen, setOpen] = useState(isOpen);
  if (isOpen && !wasOpen) setOpen(true);
  useEffect(() => {
    server.paused = !isOpen;
    return () => { server.paused = false; };
  }, [isOpen]);
  if (!me.administration) return html`<h1 tabindex="-1">Administration</h1><p>Nobody administers this registry on its own page.</p>`;
  return html`${!isOpen && html`<${Enter} me=${me} reload=${reload}/>`}
  ${wasOpen && html`<div hidden=${!isOpen}><nav aria-label="administration"><ul class="sub">${views.map(([name, title]) => html`<li><a href=${`#/administration/${name}`} aria-current=${view === name ? "page" : null}>${title}</a></li>`)}</ul></nav>
    <${View} me=${me} view=${view} name=${name} fields=${fields}/></div>`}`;
}
