import { html, useState } from "./preact.js";
import { useData, useSettled, usePlace, query } from "./lib.js";
import { Waiting, Stale, Field, Empty, Time } from "./parts.js";
import { Lines } from "./lines.js";

const Limit = 100;
const events = ["pull", "push", "delete", "login", "denied", "range", "revoke", "attestation-reset", "robot-create", "robot-rotate", "robot-secret-end", "robot-revoke",
  "configuration-change", "configuration-rollback", "tenant-remove", "administer"];
const blank = { tenant: "", event: "", decision: "", subject: "", repository: "", text: "" };

/** Who pulled what, who was refused and why: the newest lines that gateways still have. */
export function Audit({ fields }) {
  const [wanted, change] = usePlace(fields, blank);
  const [live, setLive] = useState(true);
  const settled = useSettled(wanted);
  // Lines are kept by tenant: the busiest is shown until another is wanted.
  const busiest = useData("/admin/tenants?sort=requests&order=desc&limit=1", 0);
  const known = useData(`/admin/tenants?${query({ search: settled.tenant, sort: "requests", order: "desc", limit: 50 })}`, 0);
  const tenant = settled.tenant || busiest.data?.[0]?.name;
  const { data: newest, at, error, stale, again } = useData(tenant ? `/admin/audit?${query({ ...settled, tenant, limit: Limit })}` : null, live ? 3000 : 0);
  // Lines of another question are not shown under this one.
  const data = stale ? null : newest;
  const lines = data ? [...data.lines].reverse() : [];
  const set = name => event => change({ [name]: event.target.value });
  const text = (name, label) => html`<${Field} label=${label}><input id=${`audit-${name}`} value=${wanted[name]} onInput=${set(name)}/><//>`;
  if (busiest.data?.length === 0 && !settled.tenant) return html`<h1 tabindex="-1">Audit log</h1><${Empty}>There are no tenants in the configuration.<//>`;
  return html`<h1 tabindex="-1">Audit log</h1>
  <form class="tools" role="search" onSubmit=${event => event.preventDefault()}>
    <${Field} label="Tenant"><input id="audit-tenant" list="tenant-names" value=${wanted.tenant} placeholder=${busiest.data?.[0]?.name} onInput=${set("tenant")}/>
      <datalist id="tenant-names">${(known.data ?? []).map(row => html`<option value=${row.name}></option>`)}</datalist><//>${text("subject", "Who")}${text("repository", "Repository")}${text("text", "Anything else")}
    <${Field} label="Event"><select id="audit-event" value=${wanted.event} onChange=${set("event")}><option value="">all</option>${events.map(name => html`<option value=${name}>${name}</option>`)}</select><//>
    <${Field} label="Decision"><select id="audit-decision" value=${wanted.decision} onChange=${set("decision")}><option value="">all</option><option value="allow">allowed</option><option value="deny">denied</option></select><//>
    <label class="check"><input type="checkbox" checked=${live} onChange=${event => setLive(event.target.checked)}/> Follow</label>
    <button type="button" onClick=${() => change(blank)}>Clear filters</button></form>
  ${!data ? html`<${Waiting} error=${error ?? busiest.error} again=${error ? again : busiest.again}/>` : html`<${Stale} at=${at} error=${error}/>
  <${Lines} lines=${lines} empty="No line in memory is like this."/>
  <p class="dim" id="completeness">${lines.length === Limit ? `The newest ${Limit} lines. ` : ""}Of the lines that were written for tenant ${tenant} none is missing since <${Time} at=${data.completeSince}/>, from ${data.gateways} ${data.gateways === 1 ? "gateway" : "gateways"}${data.silent > 0 ? `, of which ${data.silent} did not answer` : ""}${data.silos > 0 ? `, nor of what operators changed on the admin listener of ${data.silos} ${data.silos === 1 ? "silo" : "silos"}${data.silentSilos > 0 ? `, of which ${data.silentSilos} did not answer` : ""}` : ""}. Older ones are in the audit log itself.</p>`}`;
}
