import { html, useState } from "/assets/preact.js";
import { useData, useSettled, query, clock, bytes } from "/assets/lib.js";
import { Status, Waiting, Stale, Field } from "/assets/parts.js";

const Limit = 100;
const events = ["pull", "push", "delete", "login", "denied", "range", "revoke", "attestation-reset", "robot-create", "robot-rotate", "robot-secret-end", "robot-revoke", "administer"];
const blank = { event: "", decision: "", subject: "", repository: "", text: "" };

const Line = ({ line }) => {
  const [open, setOpen] = useState(false);
  const what = [line.repository, line.reference ? (line.reference.startsWith("sha256:") ? `@${line.reference.slice(0, 19)}…` : `:${line.reference}`) : ""].join("");
  return html`<tr><td><button class="open" aria-expanded=${open} aria-label=${`all of this line, ${line.event} at ${clock(line.time)}`} onClick=${() => setOpen(!open)}>${open ? "▾" : "▸"}</button> ${clock(line.time)}</td>
    <td>${line.decision === "deny" ? html`<${Status} kind="bad">${line.event}<//>` : html`<${Status} kind="good">${line.event}<//>`}</td>
    <td>${line.subject || html`<span class="dim">anonymous</span>`}</td><td><code>${what}</code></td>
    <td class="optional">${line.client}</td><td class="optional">${line.reason ?? line.rule ?? ""}</td><td class="number optional">${line.status}</td></tr>
  ${open && html`<tr class="details"><td colspan="7"><dl class="pairs">${Object.entries(line).map(([name, value]) =>
    html`<div><dt>${name}</dt><dd><code>${name === "bytes" ? bytes(value) : String(value)}</code></dd></div>`)}</dl></td></tr>`}`;
};

/** Who pulled what, who was refused and why: the newest lines that gateways still have. */
export function Audit({ fields }) {
  const [wanted, setWanted] = useState({ ...blank, ...Object.fromEntries(Object.entries(fields).filter(([name]) => name in blank)) });
  const [chosen, setChosen] = useState(fields.tenant ?? "");
  const [live, setLive] = useState(true);
  // Lines are kept by tenant: the busiest is shown until another is wanted.
  const tenants = useData("/admin/tenants?sort=requests&order=desc&limit=200", 0);
  const [settled, typed] = [useSettled(wanted), useSettled(chosen)];
  const tenant = typed || tenants.data?.[0]?.name;
  const { data, error, again } = useData(tenant ? `/admin/audit?${query({ tenant, ...settled, limit: Limit })}` : null, live ? 3000 : 0);
  const lines = data ? [...data.lines].reverse() : [];
  const set = name => event => setWanted({ ...wanted, [name]: event.target.value });
  const text = (name, label) => html`<${Field} label=${label}><input id=${`audit-${name}`} value=${wanted[name]} onInput=${set(name)}/><//>`;
  return html`<h1 tabindex="-1">Audit log</h1>
  <form class="tools" role="search" onSubmit=${event => event.preventDefault()}>
    <${Field} label="Tenant"><input id="audit-tenant" list="tenant-names" value=${chosen} placeholder=${tenant} onInput=${event => setChosen(event.target.value)}/>
      <datalist id="tenant-names">${(tenants.data ?? []).map(row => html`<option value=${row.name}></option>`)}</datalist><//>${text("subject", "Who")}${text("repository", "Repository")}${text("text", "Anything else")}
    <${Field} label="Event"><select id="audit-event" value=${wanted.event} onChange=${set("event")}><option value="">all</option>${events.map(name => html`<option value=${name}>${name}</option>`)}</select><//>
    <${Field} label="Decision"><select id="audit-decision" value=${wanted.decision} onChange=${set("decision")}><option value="">all</option><option value="allow">allowed</option><option value="deny">denied</option></select><//>
    <label class="check"><input type="checkbox" checked=${live} onChange=${event => setLive(event.target.checked)}/> Follow</label>
    <button type="button" onClick=${() => { setWanted(blank); setChosen(""); }}>Clear filters</button></form>
  ${!data ? html`<${Waiting} error=${error ?? tenants.error} again=${error ? again : tenants.again}/>` : html`<${Stale} error=${error}/>
  <div class="scroll" role="region" aria-label="Lines of the audit log" tabindex="0"><table id="audit"><caption class="hidden">Lines of the audit log, the newest first</caption>
    <thead><tr><th scope="col">Time</th><th scope="col">Event</th><th scope="col">Who</th><th scope="col">What</th><th scope="col" class="optional">From</th><th scope="col" class="optional">Reason or rule</th><th scope="col" class="number optional">Status</th></tr></thead>
    <tbody>${lines.length === 0 ? html`<tr><td colspan="7" class="empty">No line in memory is like this.</td></tr>`
      : lines.map(line => html`<${Line} key=${line.time + (line.requestId ?? "") + line.event + (line.reference ?? "")} line=${line}/>`)}</tbody></table></div>
  <p class="dim">${lines.length === Limit ? `The newest ${Limit} lines. ` : ""}Of tenant ${tenant} none is missing since ${new Date(data.completeSince).toLocaleString("en-GB")}, from ${data.gateways} ${data.gateways === 1 ? "gateway" : "gateways"}${data.silent > 0 ? `, of which ${data.silent} did not answer` : ""}. Older lines are in the audit log itself.</p>`}`;
}
