import { html } from "./preact.js";
import { useData, count, bytes, ago, duration, link, now } from "./lib.js";
import { Card, Status, Table, Empty, Waiting, Stale, Time } from "./parts.js";
import { Counted } from "./chart.js";

const Tile = ({ title, value, unit, kind, href }) => html`<a class=${`tile ${kind ?? ""}`} href=${href}><span class="title">${title}</span>
  <span class="value">${value}</span><span class="unit">${unit}</span></a>`;

const Problem = ({ problem }) => html`<li class=${`problem ${problem.severity}`}>
  <p class="head"><${Status} kind=${problem.severity === "critical" ? "bad" : "warning"}>${problem.severity}<//>
    <a href=${problem.link}>${problem.subject}</a>
    ${problem.since && html`<span class="dim">for ${duration(now() - new Date(problem.since))}, since <${Time} at=${problem.since}/></span>`}</p>
  <p>${problem.what}</p><p class="advice"><strong>What to do:</strong> ${problem.advice}</p></li>`;

/** The same for a problem whose numbers change: who has it, and which of theirs it is. */
const keyOf = (problems, at) => `${problems[at].subject} ${problems.slice(0, at).filter(other => other.subject === problems[at].subject).length}`;

/** What is failing, since when and what to do; then the cluster in numbers. */
export function Overview() {
  const { data, at, error, again } = useData("/admin/summary", 3000);
  if (!data) return html`<h1 tabindex="-1">Overview</h1><${Waiting} error=${error} again=${again}/>`;
  const critical = data.problems.filter(problem => problem.severity === "critical").length;
  const numbers = data.numbers;
  return html`<h1 tabindex="-1">Overview</h1><${Stale} at=${at} error=${error}/>
  <section id="problems" aria-labelledby="wrong">
    <h2 id="wrong" aria-live="polite" class=${data.problems.length === 0 ? "hidden" : ""}>${data.problems.length === 0 ? "Nothing is wrong"
      : `${data.problems.length} ${data.problems.length === 1 ? "problem" : "problems"}${critical ? `, ${critical} critical` : ""}`}</h2>
    ${data.problems.length === 0
      ? html`<p class="note good"><${Status} kind="good">Nothing is wrong.<//> Upstreams answer and refuse nothing, authenticators answer, the state and the audit log are written, every process reports and uses the configuration and the certificates of its files.</p>`
      : html`<ul class="problems">${data.problems.map((problem, i) => html`<${Problem} key=${keyOf(data.problems, i)} problem=${problem}/>`)}</ul>`}
  </section>
  <div class="tiles">
    <${Tile} title="Requests" value=${count(numbers.requests)} unit="per second" href="#/tenants"/>
    <${Tile} title="Refused" value=${count(numbers.refused)} unit="per second" href="#/tenants?by=refused"/>
    <${Tile} title="Server errors" value=${count(numbers.errors)} unit="per second" kind=${numbers.errors > 0.1 ? "bad" : ""} href="#/tenants?by=errors"/>
    <${Tile} title="Pulls" value=${count(numbers.pulls)} unit="in the last hour" href="#/tenants?by=pulls"/>
    <${Tile} title="Sent" value=${bytes(numbers.sent)} unit="in the last hour" href="#/tenants?by=sent"/>
    <${Tile} title="Tenants" value=${count(data.tenants)} unit="configured" href="#/tenants"/>
    <${Tile} title="Upstreams" value=${count(data.upstreams)} unit="configured" href="#/upstreams"/>
  </div>
  <${Counted} since=${data.historySince}/>
  <div class="cards">
    <${Card} title="Most pulled repositories" note="Since each gateway started.">
      ${data.repositories.length === 0 ? html`<${Empty}>Nothing has been pulled yet.<//>` : html`<${Table} id="repositories" caption="Most pulled repositories" columns=${[
        { title: "Repository", cell: row => html`<code>${row.repository}</code>` },
        { title: "Tenant", cell: row => html`<a href=${link("tenants", row.tenant)}>${row.tenant}</a>` },
        { title: "Pulls", number: true, cell: row => count(row.pulls) }]} rows=${data.repositories.slice(0, 10)}/>`}
    <//>
    <${Card} title="Silos and gateways"><${Processes} rows=${inTrouble(data.processes, data.configuration).slice(0, Brief)} version=${data.configuration} brief/>
      <p><a href="#/cluster">${data.processes.length > Brief ? `All ${count(data.processes.length)} of them` : "More of them"}</a></p><//>
  </div>`;
}

/** How many processes the first view shows. */
const Brief = 10;

const isSilent = row => row.silentSeconds > 6;

/** Those that are looked for first: silent ones, then those with another configuration. */
export const inTrouble = (rows, version) => {
  const rank = row => isSilent(row) ? 0 : row.configuration !== version ? 1 : 2;
  return [...rows].sort((a, b) => rank(a) - rank(b));
};

export const Processes = ({ rows, version, brief }) => html`<${Table} id="processes" caption="Silos and gateways" empty="No process has reported yet." rowKey=${row => `${row.kind} ${row.host} ${row.started}`} columns=${[
  { title: "Kind", value: row => row.kind, cell: row => row.kind },
  { title: "Host", value: row => row.host, cell: row => html`<code>${row.host}</code>` },
  { title: "State", value: row => isSilent(row) ? -row.silentSeconds : 0, cell: row => isSilent(row) ? html`<${Status} kind="bad">silent for ${row.silentSeconds} s<//>` : html`<${Status} kind="good">reports<//>` },
  { title: "Version", value: row => row.version, cell: row => row.version },
  { title: "Started", value: row => row.started, cell: row => ago(row.started) },
  { title: "Configuration", value: row => row.configuration === version ? "" : row.configuration || "none", cell: row => row.configuration === version ? html`<code>${row.configuration}</code>`
    : html`<${Status} kind="warning">${row.configuration || "none yet"}<//>` }].slice(0, brief ? 3 : 6)} rows=${rows}/>`;
