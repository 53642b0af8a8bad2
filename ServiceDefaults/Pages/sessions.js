import { html, useState, useRef } from "./preact.js";
import { useData, useSettled, ask, query, ago, until } from "./lib.js";
import { Card, Table, Pager, Waiting, Stale, Field, Confirm, isFocusLost } from "./parts.js";

const Shown = 25;

/**
 * Sessions of one tenant: found by what is typed, ended one by one or all of a subject. Where the address is about one tenant alone (own),
 * it is not named.
 */
export function Sessions({ tenant, address = "/admin/sessions", own = false }) {
  const [typed, setTyped] = useState("");
  const [offset, setOffset] = useState(0);
  const search = useSettled(typed);
  const [asked, setAsked] = useState(null);
  const [notice, setNotice] = useState("");
  const said = useRef(null);
  const whose = own ? {} : { tenant };
  const { data, total, at, error, again } = useData(`${address}?${query({ ...whose, search, offset, limit: Shown })}`, search ? 30000 : 5000);
  const revoke = async () => {
    const body = JSON.stringify({ ...whose, ...(asked.all ? { subject: asked.row.subject } : { session: asked.row.session }) });
    const reply = await ask(`${address}/revoke`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    setNotice(reply.body.revoked === 0 ? reply.body.message ?? "That session had ended already." : asked.all ? `All sessions of ${asked.row.subject} have ended.` : `The session of ${asked.row.subject} has ended.`);
    await again();
  };
  // The row whose button was pressed may be gone: who goes on by keyboard goes on at what was done.
  const close = isDone => { setAsked(null); if (isDone || isFocusLost()) said.current.focus(); };
  return html`<${Card} title="Sessions" wide>
    <div class="tools"><${Field} label="Search by subject, authenticator, address or id"><input type="search" id="session-search" value=${typed} onInput=${event => { setTyped(event.target.value); setOffset(0); }}/><//></div>
    <p id="notice" role="status" ref=${said} tabindex="-1">${notice}</p>
    ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
    <${Table} id="sessions" caption=${`Sessions of ${tenant}`} rows=${data} rowKey=${row => row.session} empty=${search ? `No session has “${search}”.` : "Nobody has a session."} columns=${[
      { title: "Subject", cell: row => row.subject || html`<span class="dim">anonymous</span>` },
      { title: "Authenticator", cell: row => row.authenticator },
      { title: "Opened", cell: row => ago(row.opened) },
      { title: "Ends in", cell: row => until(row.expires) },
      { title: "Address", cell: row => html`<code>${row.clientAddress}</code>` },
      { label: "Actions", kind: "actions", cell: row => html`<button data-session=${row.session} aria-label=${`Revoke this session of ${row.subject}`} onClick=${() => setAsked({ row })}>Revoke</button>
        <button aria-label=${`Revoke all sessions of ${row.subject}`} onClick=${() => setAsked({ row, all: true })}>Revoke all</button>` }]}/>
    <${Pager} offset=${offset} limit=${Shown} total=${total} onMove=${setOffset}/>`}
    ${asked && html`<${Confirm} key=${asked.row.session} action="Revoke" onDone=${revoke} onClose=${close}
      question=${asked.all ? `End every session of ${asked.row.subject}? They must log in again.` : `End this session of ${asked.row.subject}? Who uses it must log in again.`}/>`}
  <//>`;
}
