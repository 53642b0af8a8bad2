// The administration of this tenant, for whom its operator names: the same questions as with a token, for the minutes of a fresh login.
import { html, useState, useEffect } from "./preact.js";
import { count, until, ago, duration, now, server, useData } from "./lib.js";
import { Card, Confirm, Field, Stale, Status, Table, Time, Waiting } from "./parts.js";
import { Explain } from "./explain.js";
import { Hour, Limits, Refusals } from "./traffic.js";
import { Sessions } from "./sessions.js";
import { Lines } from "./lines.js";
import { Configuration } from "./configuration.js";
import { PasswordForm, Providers, Copy, send } from "./account.js";

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
    { title: "Upstream", cell: row => html`<code>${row.name}</code>` }, { title: "Whose", cell: row => row.isOwn ? "this tenant's" : "the operator's" },
    { title: "State", cell: stateOf }, { title: "Last answer", cell: row => row.lastSuccess ? ago(row.lastSuccess) : "none yet" },
    { title: "Why", kind: "whole", cell: whatToDo }]}/>`}`;
}

const every = { subject: "", repository: "", event: "", decision: "", text: "" };
const has = (value, part) => String(value ?? "").toLowerCase().includes(part.toLowerCase());
const isWanted = (line, wanted) => (has(line.subject, wanted.subject) || has(line.administrator, wanted.subject)) && has(line.repository, wanted.repository)
  && (!wanted.event || line.event === wanted.event) && (!wanted.decision || line.decision === wanted.decision) && has(JSON.stringify(line), wanted.text);

function Audit() {
  const { data, at, error, again } = useData(`${Root}/audit`, 10000);
  const [wanted, setWanted] = useState(every);
  const all = [...(data?.lines ?? [])].reverse();
  const lines = all.filter(line => isWanted(line, wanted)).slice(0, 100);
  const events = [...new Set([...all.map(line => line.event), wanted.event])].filter(name => name).sort();
  const set = name => event => setWanted({ ...wanted, [name]: event.target.value });
  const text = (name, label) => html`<${Field} label=${label}><input type="search" id=${`audit-${name}`} value=${wanted[name]} onInput=${set(name)}/><//>`;
  return html`<h1 tabindex="-1">Audit log</h1>
  <form class="tools" role="search" onSubmit=${event => event.preventDefault()}>${text("subject", "Who")}${text("repository", "Repository")}
    <${Field} label="Event"><select id="audit-event" value=${wanted.event} onChange=${set("event")}><option value="">all</option>${events.map(name => html`<option value=${name}>${name}</option>`)}</select><//>
    <${Field} label="Decision"><select id="audit-decision" value=${wanted.decision} onChange=${set("decision")}><option value="">all</option><option value="allow">allowed</option><option value="deny">denied</option></select><//>
    ${text("text", "Anything else")}<button type="button" onClick=${() => setWanted(every)}>Clear filters</button></form>
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/><${Lines} lines=${lines} empty="No line in memory is like this."/>
  <p class="dim">The newest 100 that match. None is missing since <${Time} at=${data.completeSince}/>, from ${data.gateways} ${data.gateways === 1 ? "gateway" : "gateways"}${data.silent > 0 ? `, of which ${data.silent} did not answer` : ""}.</p>`}`;
}

const blank = { name: "", repositories: "", actions: { pull: true, push: false, delete: false }, expires: "90d" };

function NewRobot({ onMade }) {
  const [form, setForm] = useState(blank);
  const [error, setError] = useState("");
  const set = name => event => setForm({ ...form, [name]: event.target.value });
  const submit = async event => {
    event.preventDefault();
    setError("");
    try {
      const actions = Object.entries(form.actions).filter(([, wanted]) => wanted).map(([name]) => name);
      const repositories = form.repositories.split(/[\s,]+/).filter(pattern => pattern);
      onMade((await send(`${Root}/robots`, { name: form.name, repositories, actions, expires: form.expires })).body);
      setForm(blank);
    } catch (fault) {
      setError(fault.message);
    }
  };
  return html`<form class="card form wide" id="new-robot" onSubmit=${submit}>
    <${Field} label="Name"><input name="name" required value=${form.name} onInput=${set("name")} placeholder="ci"/><//>
    <${Field} label="Repositories, as globs"><input name="repositories" required value=${form.repositories} onInput=${set("repositories")} placeholder="team-a/**"/><//>
    <${Field} label="Ends after"><input name="expires" required value=${form.expires} onInput=${set("expires")}/><//>
    <fieldset><legend>Actions</legend>${Object.keys(blank.actions).map(name => html`<label class="check"><input type="checkbox" name=${name} checked=${form.actions[name]}
      onChange=${event => setForm({ ...form, actions: { ...form.actions, [name]: event.target.checked } })}/> ${name}</label>`)}</fieldset>
    <div class="buttons"><button class="primary">Make a robot</button></div>${error && html`<p class="bad" role="alert">${error}</p>`}</form>`;
}

function Robots({ me }) {
  const { data, at, error, again } = useData(`${Root}/robots`, 15000);
  const [made, setMade] = useState(null);
  const [asked, setAsked] = useState(null);
  const act = async () => {
    const address = `${Root}/robots/${encodeURIComponent(asked.row.name)}`;
    if (asked.rotate) setMade((await send(`${address}/rotate`, {})).body); else await send(address, undefined, "DELETE");
    await again();
  };
  return html`<h1 tabindex="-1">Robots</h1><p class="lead">User names and passwords for machines: they may what they were made for, and never more than you.</p>
  ${made?.secret && html`<div class="note good" role="status" id="secret"><p><strong>The password of ${made.user}, shown this once:</strong></p><p><${Copy} text=${made.secret} label="Copy the password"/></p>
    <p><${Copy} text=${`docker login ${me.registry} --username '${made.user}' --password-stdin`}/></p></div>`}
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
  <${Table} id="robots" caption="Robots" rows=${data} rowKey=${row => row.name} empty="There are no robots." columns=${[
    { title: "User name", cell: row => html`<code>${row.user}</code>` }, { title: "Repositories", cell: row => row.repositories.join(", ") },
    { title: "Actions", cell: row => row.actions.join(", ") }, { title: "Ends in", cell: row => until(row.expires) },
    { title: "Last used", cell: row => row.lastUsed ? ago(row.lastUsed) : "never" }, { title: "Made by", cell: row => row.createdBy },
    { label: "Actions", kind: "actions", cell: row => html`<button aria-label=${`New password for ${row.name}`} onClick=${() => setAsked({ row, rotate: true })}>New password</button>
      <button data-robot=${row.name} aria-label=${`Revoke ${row.name}`} onClick=${() => setAsked({ row })}>Revoke</button>` }]}/>`}
  <${NewRobot} onMade=${robot => { setMade(robot); again(); }}/>
  ${asked && html`<${Confirm} key=${asked.row.name + asked.rotate} action=${asked.rotate ? "Make a new password" : "Revoke"} onDone=${act} onClose=${() => setAsked(null)}
    question=${asked.rotate ? `Make a new password for ${asked.row.user}? Two are good at once, so that machines can be changed one by one.` : `Revoke ${asked.row.user}? Machines that use it are refused at once.`}/>`}`;
}

function Enter({ me, reload }) {
  const { takesPasswords, providers = me.providers } = me.administration;
  return html`<h1 tabindex="-1">Administration</h1><p class="lead">For whom the operator of this registry names, and only after a login of the last minutes: it is open for 15 minutes.</p>
  <${Card} title="Open the administration" wide>${!me.isPrivate ? html`<p>This page was not opened by https: nobody logs in here.</p>` : html`
    <${Providers} names=${providers} purpose="administration" action="Administer"/>
    ${takesPasswords && html`<${PasswordForm} id="administer" address="/page/administration" action="Administer" onDone=${reload}/>`}`}<//>`;
}

function View({ me, view, fields }) {
  switch (view) {
    case "usage": return html`<${Usage}/>`;
    case "upstreams": return html`<${Upstreams}/>`;
    case "configuration": return html`<${Configuration} root=${`${Root}/configuration`}/>`;
    case "sessions": return html`<h1 tabindex="-1">Sessions</h1><${Sessions} tenant=${me.tenant} address=${`${Root}/sessions`} own/>`;
    case "robots": return html`<${Robots} me=${me}/>`;
    case "explain": return html`<${Explain} fields=${fields} tenant=${me.tenant} address=${`${Root}/explain`}/>`;
    case "audit": return html`<${Audit}/>`;
    default: return html`<h1 tabindex="-1">There is no such page</h1>`;
  }
}

/**
 * What administrators see, once they have said again who they are. When that is over, the view waits behind the login: what was typed there is
 * there again.
 */
export function Administration({ me, reload, view, fields }) {
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
    <${View} me=${me} view=${view} fields=${fields}/></div>`}`;
}
