// Lines of the audit log, on whichever page.
import { html, useState } from "./preact.js";
import { clock, bytes } from "./lib.js";
import { Status, Time } from "./parts.js";

const Line = ({ line }) => {
  const [open, setOpen] = useState(false);
  const what = [line.repository, line.reference ? (line.reference.startsWith("sha256:") ? `@${line.reference.slice(0, 19)}…` : `:${line.reference}`) : ""].join("");
  return html`<tr role="row"><td role="cell"><button class="open" aria-expanded=${open} aria-label=${`all of this line, ${line.event} at ${clock(line.time)}`} onClick=${() => setOpen(!open)}>${open ? "▾" : "▸"}</button> <${Time} at=${line.time}/></td>
    <td role="cell" data-label="Event">${line.decision === "deny" ? html`<${Status} kind="bad">${line.event}<//>` : html`<${Status} kind="good">${line.event}<//>`}</td>
    <td role="cell" data-label="Who">${line.subject || html`<span class="dim">anonymous</span>`}</td><td role="cell" data-label="What"><code>${what}</code></td>
    <td role="cell" data-label="From">${line.client}</td><td role="cell" data-label="Reason or rule">${line.reason ?? line.rule ?? ""}</td><td role="cell" data-label="Status" class="number">${line.status}</td></tr>
  ${open && html`<tr role="row" class="details"><td role="cell" colspan="7"><dl class="pairs">${Object.entries(line).map(([name, value]) =>
    html`<div><dt>${name}</dt><dd><code>${name === "bytes" ? bytes(value) : String(value)}</code></dd></div>`)}</dl></td></tr>`}`;
};

/** The newest lines, as they come. */
export const Lines = ({ lines, empty }) => html`<div class="scroll" role="region" aria-label="Lines of the audit log" tabindex="0"><table id="audit" class="stack" role="table"><caption class="hidden">Lines of the audit log, the newest first</caption>
    <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Time</th><th scope="col" role="columnheader">Event</th><th scope="col" role="columnheader">Who</th><th scope="col" role="columnheader">What</th><th scope="col" role="columnheader">From</th><th scope="col" role="columnheader">Reason or rule</th><th scope="col" role="columnheader" class="number">Status</th></tr></thead>
    <tbody role="rowgroup">${lines.length === 0 ? html`<tr role="row"><td role="cell" colspan="7" class="empty">${empty}</td></tr>`
      : lines.map(line => html`<${Line} key=${line.time + (line.requestId ?? "") + line.event + (line.reference ?? "")} line=${line}/>`)}</tbody></table></div>`;
