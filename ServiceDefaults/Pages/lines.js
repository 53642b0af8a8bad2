// Lines of the audit log, on whichever page.
import { html, useState } from "./preact.js";
import { clock, bytes } from "./lib.js";
import { Status, Time } from "./parts.js";

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
