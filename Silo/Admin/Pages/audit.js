import { html, useState } from "./preact.js";
import { useData, useSettled, usePlace, query } from "./lib.js";
import { Waiting, Stale, Field, Empty } from "./parts.js";
import { Completeness, LineFilters, Lines, MostLines, everyLine } from "./lines.js";

const blank = { tenant: "", ...everyLine };

/** Who pulled what, who was refused and why: the newest lines that gateways still have. */
export function Audit({ fields }) {
  const [wanted, change] = usePlace(fields, blank);
  const [live, setLive] = useState(true);
  const settled = useSettled(wanted);
  // Lines are kept by tenant: the busiest is shown until another is wanted.
  const busiest = useData("/admin/tenants?sort=requests&order=desc&limit=1", 0);
  const known = useData(`/admin/tenants?${query({ search: settled.tenant, sort: "requests", order: "desc", limit: 50 })}`, 0);
  const tenant = settled.tenant || busiest.data?.[0]?.name;
  const { data: newest, at, error, stale, again } = useData(tenant ? `/admin/audit?${query({ ...settled, tenant, limit: MostLines })}` : null, live ? 3000 : 0);
  // Lines of another question are not shown under this one.
  const data = stale ? null : newest;
  if (busiest.data?.length === 0 && !settled.tenant) return html`<h1 tabindex="-1">Audit log</h1><${Empty}>There are no tenants in the configuration.<//>`;
  const whose = html`<${Field} label="Tenant"><input id="audit-tenant" list="tenant-names" value=${wanted.tenant} placeholder=${busiest.data?.[0]?.name} onInput=${event => change({ tenant: event.target.value })}/>
      <datalist id="tenant-names">${(known.data ?? []).map(row => html`<option value=${row.name}></option>`)}</datalist><//>`;
  return html`<h1 tabindex="-1">Audit log</h1>
  <${LineFilters} wanted=${wanted} change=${change} blank=${blank} first=${whose}>
    <label class="check"><input type="checkbox" id="audit-follow" checked=${live} onChange=${event => setLive(event.target.checked)}/> Follow</label><//>
  ${!data ? html`<${Waiting} error=${error ?? busiest.error} again=${error ? again : busiest.again}/>` : html`<${Stale} at=${at} error=${error}/>
  <${Lines} lines=${[...data.lines].reverse()} empty="No line in memory is like this."/><${Completeness} data=${data} tenant=${tenant}/>`}`;
}
