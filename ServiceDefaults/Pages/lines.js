// Lines of the audit log, on whichever page.
import { html, useState } from "./preact.js";
import { clock, bytes } from "./lib.js";
import { Field, Status, Time } from "./parts.js";

/** How many of the newest lines are asked for. */
export const MostLines = 100;

/** What is asked for every line; the server looks for what is said here, so that no more is sent than is shown. */
export const everyLine = { event: "", decision: "", subject: "", repository: "", text: "" };

const events = ["pull", "push", "delete", "login", "denied", "range", "revoke", "attestation-reset", "robot-create", "robot-rotate", "robot-secret-end", "robot-revoke",
  "configuration-change", "configuration-rollback", "tenant-remove", "administer"];

/** Which lines are wanted; first and children stand before and behind the fields that all logs have. */
export function LineFilters({ wanted, change, blank = everyLine, first, children }) {
  const set = name => event => change({ [name]: event.target.value });
  const text = (name, label) => html`<${Field} label=${label}><input type="search" id=${`audit-${name}`} value=${wanted[name]} onInput=${set(name)}/><//>`;
  return html`<form class="tools" role="search" onSubmit=${event => event.preventDefault()}>${first}${text("subject", "Who")}${text("repository", "Repository")}${text("text", "Anything else")}
    <${Field} label="Event"><select id="audit-event" value=${wanted.event} onChange=${set("event")}><option value="">all</option>${events.map(name => html`<option value=${name}>${name}</option>`)}</select><//>
    <${Field} label="Decision"><select id="audit-decision" value=${wanted.decision} onChange=${set("decision")}><option value="">all</option><option value="allow">allowed</option><option value="deny">denied</option></select><//>
    ${children}<button type="button" id="audit-clear" onClick=${() => change(blank)}>Clear filters</button></form>`;
}

const some = (number, one, silent) => `${number} ${number === 1 ? one : `${one}s`}${silent > 0 ? `, of which ${silent} did not answer` : ""}`;

/** Since when no line is missing, and of whom. */
export const Completeness = ({ data, tenant }) => html`<p class="dim" id="completeness">${data.lines.length === MostLines ? `The newest ${MostLines} lines. ` : ""}Of the lines that were written for tenant ${tenant} none is missing since <${Time} at=${data.completeSince}/>, from ${some(data.gateways, "gateway", data.silent)}${data.silos > 0 ? `, nor of what operators changed on the admin listener of ${some(data.silos, "silo", data.silentSilos)}` : ""}. Older ones are in the audit log itself.</p>`;

/** Whether somebody changed something of the registry itself; its subject, if there is one, is whom that is about. */
const isChange = line => /^(revoke|robot-|configuration-|attestation-|administer|tenant-)/.test(line.event);

/** Who did it: an administrator is named, a person ends sessions of their own, and operators are one to a tenant. */
const actorOf = line => line.administrator ?? (!isChange(line) || line.action === "own" ? line.subject : "an operator");

const objectOf = line => [isChange(line) && actorOf(line) !== line.subject ? line.subject : "", line.repository ? `${line.repository}${tailOf(line.reference)}` : line.reference].filter(part => part).join(" ");

const tailOf = reference => !reference ? "" : reference.startsWith("sha256:") ? `@${reference.slice(0, 19)}…` : `:${reference}`;

const Line = ({ line }) => {
  const [open, setOpen] = useState(false);
  const what = objectOf(line);
  return html`<tr role="row"><td role="cell" class="when"><button class="open" aria-expanded=${open} aria-label=${`all of this line, ${line.event} at ${clock(line.time)}`} onClick=${() => setOpen(!open)}>${open ? "▾" : "▸"}</button> <${Time} at=${line.time}/></td>
    <td role="cell" data-label="Event">${line.decision === "deny" ? html`<${Status} kind="bad">${line.event}<//>` : html`<${Status} kind="good">${line.event}<//>`}</td>
    <td role="cell" data-label="Who">${actorOf(line) || html`<span class="dim">anonymous</span>`}</td><td role="cell" data-label="What"><code>${what}</code></td>
    <td role="cell" data-label="From">${line.client}</td><td role="cell" data-label="Reason or rule">${line.reason ?? line.rule ?? ""}</td><td role="cell" data-label="Status" class="number">${line.status}</td></tr>
  ${open && html`<tr role="row" class="details"><td role="cell" colspan="7"><dl class="pairs">${Object.entries(line).map(([name, value]) =>
    html`<div><dt>${name}</dt><dd><code>${name === "bytes" ? bytes(value) : String(value)}</code></dd></div>`)}</dl></td></tr>`}`;
};

/** The newest lines, as they come. */
export const Lines = ({ lines, empty }) => html`<div class="scroll" role="region" aria-label="Lines of the audit log" tabindex="0"><table id="audit" class="stack" role="table"><caption class="hidden">Lines of the audit log, the newest first</caption>
    <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Time</th><th scope="col" role="columnheader">Event</th><th scope="col" role="columnheader">Who</th><th scope="col" role="columnheader">What</th><th scope="col" role="columnheader">From</th><th scope="col" role="columnheader">Reason or rule</th><th scope="col" role="columnheader" class="number">Status</th></tr></thead>
    <tbody role="rowgroup">${lines.length === 0 ? html`<tr role="row"><td role="cell" colspan="7" class="empty">${empty}</td></tr>`
      : lines.map(line => html`<${Line} key=${line.time + (line.requestId ?? "") + line.event + (line.reference ?? "")} line=${line}/>`)}</tbody></table></div>`;
