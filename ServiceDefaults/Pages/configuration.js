// The part of a managed tenant: read, changed line by line, checked, and taken back. Secrets are never shown; "<kept>" stands for one.
import { html, useState, useEffect, useRef } from "./preact.js";
import { ask, query, useData } from "./lib.js";
import { Card, Confirm, Field, Stale, Table, Time, Waiting, isFocusLost } from "./parts.js";
import { Difference } from "./difference.js";

const MostListed = 50;

/** A part of many rules is read, checked and stored, which the cluster may take this long for, in milliseconds. */
const Patience = 30000;

/** What was typed and not saved yet by address, and what it was made from, for whoever looks at another view meanwhile; it never leaves this page. */
const drafts = new Map();
const none = { text: null, from: null };

/** The addresses of a part: tenant is named where the address is not about one alone. */
const addresses = (root, tenant) => (path = "", fields = {}) => {
  const said = query({ tenant, ...fields });
  return `${root}${path}${said ? `?${said}` : ""}`;
};

const changed = (address, text, tag) => ask(address, { method: "PUT", patience: Patience, body: text, headers: { "Content-Type": "application/yaml", ...(tag ? { "If-Match": tag } : {}) } });

const read = async address => {
  const { body, headers } = await ask(address, { isText: true });
  return { text: body, tag: headers.get("ETag") };
};

/** The first of what is wrong, and how many more there are. */
const first = (all, write) => html`<ul>${all.slice(0, MostListed).map(one => html`<li>${write(one)}</li>`)}${all.length > MostListed && html`<li>… and ${all.length - MostListed} more</li>`}</ul>`;

const remark = one => `line ${one.line}: ${one.field}: ${one.message}`;

/** What is wrong with lines of the text; each leads there. */
const Errors = ({ errors, onGo }) => html`<div class="note bad" role="alert" id="configuration-errors"><p>It cannot be used so, and nothing was changed:</p>${first(errors, error =>
  error.detail?.line ? html`<button type="button" data-line=${error.detail.line} onClick=${() => onGo(error.detail.line)}>${error.message}</button>` : error.message)}</div>`;

const Warnings = ({ warnings }) => warnings?.length > 0 && html`<div class="note warning" role="status"><p>It works, and may not be meant so:</p>${first(warnings, remark)}</div>`;

function Versions({ data, at, error, onLook }) {
  return html`<${Stale} at=${at} error=${error}/>
  ${data.errors.length > 0 && html`<div class="note bad"><p>The newest version cannot be used since the operator's part was changed:</p>${first(data.errors, remark)}</div>`}
  <${Table} id="versions" caption="Versions" rows=${data.versions} rowKey=${row => row.version} empty="Nothing was written yet." columns=${[
    { title: "Version", value: row => row.version, cell: row => row.version }, { title: "Of", value: row => row.at, cell: row => html`<${Time} at=${row.at}/>` }, { title: "By", value: row => row.by, cell: row => row.by },
    { title: "Change", kind: "whole", cell: row => html`<code>${row.change}</code>` },
    { label: "Actions", kind: "actions", cell: row => row.version !== data.versions[0].version && html`<button data-version=${row.version} onClick=${() => onLook(row.version)}>Take back to ${row.version}</button>` }]}/>`;
}

/** The part of a tenant, if its operator lets its administrators keep it; else what is shown of it elsewhere. Children stand above it. */
export function Configuration({ root, tenant, elsewhere, children }) {
  const at = addresses(root, tenant);
  const draft = drafts.get(at()) ?? none;
  const [saved, setSaved] = useState(draft.from);
  const [text, setText] = useState(draft.text ?? "");
  const [fault, setFault] = useState(null);
  const history = useData(at("/history"), 15000);
  const load = async () => {
    setFault(null);
    try {
      const newest = await read(at());
      const typed = drafts.get(at());
      setSaved(newest);
      if (typed) drafts.set(at(), { ...typed, from: newest });
      else setText(newest.text);
    } catch (error) {
      setFault(error);
    }
  };
  useEffect(() => { if (!saved) load(); }, []);
  const forget = () => drafts.delete(at());
  const type = value => {
    if (value === saved.text) forget();
    else drafts.set(at(), { text: value, from: saved });
    setText(value);
  };
  if (!saved) return fault?.status === 404 ? elsewhere : html`${children}<${Waiting} error=${fault?.message} again=${load}/>`;
  return html`${children}<p class="lead">Routes, rules, authenticators and upstreams of this tenant, as YAML. Secrets are not shown: leave <code>"${"<kept>"}"</code> where one stays as it is.</p>
  <${Editor} at=${at} saved=${saved} text=${text} history=${history} onType=${type} onForget=${forget} onLoad=${load}/>`;
}

/** The text with what can be done with it, and its versions. */
function Editor({ at, saved, text, history, onType, onForget, onLoad }) {
  const [answer, setAnswer] = useState({});
  const [asked, setAsked] = useState(null);
  const field = useRef(null);
  const said = useRef(null);
  const isChanged = text !== saved.text;
  useEffect(() => {
    const stay = event => event.preventDefault();
    if (isChanged) addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, [isChanged]);
  const refused = fault => setAnswer(fault.status === 412 ? { isOld: true } : fault.status === 422 ? { errors: fault.errors } : { error: fault.message });
  const attempt = async act => {
    setAnswer({ busy: true });
    try { setAnswer(await act()); } catch (fault) { refused(fault); }
  };
  const checked = async () => ({ checked: (await changed(at("", { check: true }), text)).body });
  const compare = async () => { const answer = await checked(); setAsked({ text }); return answer; };
  const look = version => attempt(async () => { setAsked({ version, text: (await read(at("", { version }))).text }); return {}; });
  const rebase = async () => { await onLoad(); await history.again(); return {}; };
  const write = async () => asked.version
    ? (await ask(at("/rollback"), { method: "POST", patience: Patience, body: JSON.stringify({ version: asked.version }), headers: { "Content-Type": "application/json", "If-Match": saved.tag } })).body
    : (await changed(at(), text, saved.tag)).body;
  const save = async () => {
    try {
      const done = await write();
      onForget();
      await onLoad();
      await history.again();
      setAnswer({ done });
    } catch (fault) {
      if (fault.status !== 412 && fault.status !== 422) throw fault;
      refused(fault);
    }
  };
  const go = line => {
    const lines = text.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    field.current.focus();
    field.current.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  };
  const close = isDone => { setAsked(null); if (isDone || isFocusLost()) said.current?.focus(); };
  const type = value => { onType(value); setAnswer({}); };
  return html`<p id="configuration-notice" role="status" ref=${said} tabindex="-1">${answer.done && (answer.done.changed ? `Version ${answer.done.version} is in use.` : "That is what is in use already.")}</p>
  <div class="card editor"><${Field} label="This tenant's part"><textarea id="configuration" class="yaml" rows="24" spellcheck=${false} autocapitalize="off" ref=${field} value=${text} onInput=${event => type(event.target.value)}></textarea><//>
    <div class="buttons"><button class="primary" id="save" disabled=${!isChanged || answer.busy} onClick=${() => attempt(compare)}>Save …</button><button id="check" disabled=${answer.busy} onClick=${() => attempt(checked)}>Check</button>
      <button id="undo" disabled=${!isChanged || answer.busy} onClick=${() => type(saved.text)}>Undo all</button></div>
    ${answer.error && html`<p class="bad" role="alert">${answer.error}</p>`}
    ${answer.errors && html`<${Errors} errors=${answer.errors} onGo=${go}/>`}
    ${answer.isOld && html`<div class="note warning" role="alert" id="old"><p>Somebody else has changed this part meanwhile. What you typed is still here, and nothing was saved.</p><p><button id="rebase" onClick=${() => attempt(rebase)}>Compare it with the newest</button></p></div>`}
    ${answer.checked && html`<p role="status" id="checked">${answer.checked.change ? html`It is valid, and changes: <code>${answer.checked.change}</code>` : "It is valid, and changes nothing."}</p>`}
    <${Warnings} warnings=${(answer.checked ?? answer.done)?.warnings}/>
    ${isChanged && html`<h2>What you changed</h2><${Difference} id="difference" before=${saved.text} after=${text}/>`}</div>
  <${Card} title="Versions" wide>${!history.data ? html`<${Waiting} error=${history.error} again=${history.again}/>` : html`<${Versions} ...${history} onLook=${look}/>`}<//>
  ${asked && html`<${Confirm} key=${asked.version ?? "save"} wide action=${asked.version ? `Take back to version ${asked.version}` : "Save"} onDone=${save} onClose=${close}
    question=${asked.version ? `Use version ${asked.version} again, with the secrets that it had?${isChanged ? " What you typed and did not save is gone then." : ""}` : "Use this part from now on?"}>
    <${Difference} id="asked-difference" before=${saved.text} after=${asked.text}/><//>`}`;
}
