// Robots of a tenant: user names and passwords for machines.
import { html, useState, useRef } from "./preact.js";
import { ago, until, useData } from "./lib.js";
import { Confirm, Field, Stale, Table, Waiting, isFocusLost } from "./parts.js";
import { Copy, send } from "./account.js";

const blank = { name: "", repositories: "", actions: { pull: true, push: false, delete: false }, expires: "90d" };

function NewRobot({ root, onMade }) {
  const [form, setForm] = useState(blank);
  const [error, setError] = useState("");
  const set = name => event => setForm({ ...form, [name]: event.target.value });
  const submit = async event => {
    event.preventDefault();
    setError("");
    try {
      const actions = Object.entries(form.actions).filter(([, wanted]) => wanted).map(([name]) => name);
      const repositories = form.repositories.split(/[\s,]+/).filter(pattern => pattern);
      onMade((await send(root, { name: form.name, repositories, actions, expires: form.expires })).body);
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

/** A password by when it was made and where it was used: nothing else is known of it. */
const used = secret => secret.lastUsed ? `last used ${ago(secret.lastUsed)}${secret.lastAddress ? ` from ${secret.lastAddress}` : ""}` : "never used";

const Secrets = ({ row, onEnd }) => html`<ul class="secrets">${row.secrets.map(secret => html`<li>made ${ago(secret.created)}, ${used(secret)}${row.secrets.length > 1 && html` <button data-secret=${secret.id}
  aria-label=${`End the password of ${row.name} that was made ${ago(secret.created)}, ${used(secret)}`} onClick=${() => onEnd(secret)}>End</button>`}</li>`)}</ul>`;

const questions = {
  rotate: ({ row }) => ["Make a new password", `Make a new password for ${row.user}? Two are good at once, so that machines can be changed one by one: the one that was used last, and the new one.`],
  end: ({ row, secret }) => ["End it", `End the password of ${row.user} that was made ${ago(secret.created)}, ${used(secret)}? Machines that use it are refused at once; those with the other one go on.`],
  revoke: ({ row }) => ["Revoke", `Revoke ${row.user}? Machines that use it are refused at once.`],
};

/** The robots, with what ends each of them or one of its passwords. */
export function Robots({ me, root }) {
  const { data, at, error, again } = useData(root, 15000);
  const [made, setMade] = useState(null);
  const [asked, setAsked] = useState(null);
  const [notice, setNotice] = useState("");
  const said = useRef(null);
  const act = async () => {
    const { what, row, secret } = asked;
    const address = `${root}/${encodeURIComponent(row.name)}`;
    if (what === "rotate") setMade((await send(`${address}/rotate`, {})).body);
    else if (what === "end") await send(`${address}/secrets/${encodeURIComponent(secret.id)}`, undefined, "DELETE");
    else await send(address, undefined, "DELETE");
    if (what === "revoke" ? made?.name === row.name : what === "end" && made?.secrets[0].id === secret.id) setMade(null);
    setNotice(what === "rotate" ? "" : what === "end" ? `That password of ${row.user} has ended.` : `${row.user} is revoked.`);
    await again();
  };
  // The row whose button was pressed may be gone: who goes on by keyboard goes on at what was done.
  const close = isDone => { setAsked(null); if ((isDone && asked.what !== "rotate") || isFocusLost()) said.current.focus(); };
  return html`<h1 tabindex="-1">Robots</h1><p class="lead">User names and passwords for machines: they may what they were made for, and never more than you.</p>
  <p id="notice" role="status" ref=${said} tabindex="-1">${notice}</p>
  ${made?.secret && html`<div class="note good" role="status" id="secret"><p><strong>The password of ${made.user}, shown this once:</strong></p><p><${Copy} text=${made.secret} label="Copy the password"/></p>
    <p><${Copy} text=${`docker login ${me.registry} --username '${made.user}' --password-stdin`}/></p></div>`}
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
  <${Table} id="robots" caption="Robots" rows=${data} rowKey=${row => row.name} empty="There are no robots." columns=${[
    { title: "User name", value: row => row.name, cell: row => html`<code>${row.user}</code>` }, { title: "Repositories", cell: row => row.repositories.join(", ") },
    { title: "Actions", cell: row => row.actions.join(", ") }, { title: "Ends in", value: row => row.expires, cell: row => until(row.expires) },
    { title: "Passwords", value: row => row.lastUsed ?? "", cell: row => html`<${Secrets} row=${row} onEnd=${secret => setAsked({ what: "end", row, secret })}/>` }, { title: "Made by", value: row => row.createdBy, cell: row => row.createdBy },
    { label: "Actions", kind: "actions", cell: row => html`<button data-rotate=${row.name} aria-label=${`New password for ${row.name}`} onClick=${() => setAsked({ what: "rotate", row })}>New password</button>
      <button data-robot=${row.name} aria-label=${`Revoke ${row.name}`} onClick=${() => setAsked({ what: "revoke", row })}>Revoke</button>` }]}/>`}
  <${NewRobot} root=${root} onMade=${robot => { setMade(robot); again(); }}/>
  ${asked && html`<${Confirm} key=${asked.row.name + asked.what} action=${questions[asked.what](asked)[0]} question=${questions[asked.what](asked)[1]} onDone=${act} onClose=${close}/>`}`;
}
