// Logging in and out, and the sessions of whoever is logged in.
import { html, useState, useRef } from "./preact.js";
import { ask, useData, ago, until } from "./lib.js";
import { Card, Confirm, Field, Stale, Table, Waiting, isFocusLost } from "./parts.js";

/** Sends a change as the page's own. */
export const send = (address, body, method = "POST") =>
  ask(address, { method, ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }) });

/** A line to run, with a button that copies it. */
export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  const line = useRef(null);
  const copy = async () => {
    try { await navigator.clipboard.writeText(text); setDone(true); } catch { getSelection().selectAllChildren(line.current); }
  };
  return html`<span class="copy"><code ref=${line}>${text}</code><button type="button" aria-label=${label ?? `Copy ${text}`} onClick=${copy}>${done ? "Copied" : "Copy"}</button></span>`;
}

/** The form for a user name and a password. */
export function PasswordForm({ address, action, onDone, id }) {
  const [form, setForm] = useState({ user: "", password: "" });
  const [state, setState] = useState({});
  const set = name => event => setForm({ ...form, [name]: event.target.value });
  const submit = async event => {
    event.preventDefault();
    setState({ busy: true });
    try {
      await send(address, form);
      await onDone();
    } catch (fault) {
      setState({ error: fault.message });
    }
  };
  return html`<form class="form" id=${id} onSubmit=${submit}>
    <${Field} label="User name"><input name="user" autocomplete="username" required value=${form.user} onInput=${set("user")}/><//>
    <${Field} label="Password"><input name="password" type="password" autocomplete="current-password" required value=${form.password} onInput=${set("password")}/><//>
    <div class="buttons"><button class="primary" disabled=${state.busy}>${action}</button></div>
    ${state.error && html`<p class="bad" role="alert">${state.error}</p>`}</form>`;
}

/** Buttons of single sign-on. */
export const Providers = ({ names, purpose, action }) => names.map(name =>
  html`<p><a class="button primary" href=${`/login?${new URLSearchParams({ for: purpose, authenticator: name })}`}>${action} with ${name}</a></p>`);

function Login({ me, reload }) {
  if (!me.isPrivate) return html`<${Card} title="Log in" wide id="not-private"><p>This page was not opened by https: nobody logs in here, nor with docker at this address, since others could read the password.</p><//>`;
  if (!me.takesPasswords && me.providers.length === 0) return null;
  return html`<${Card} title="Log in on this page" wide note="Then the page shows what you may pull, and your sessions.">
    <${Providers} names=${me.providers} purpose="page" action="Log in"/>
    ${me.takesPasswords && html`<${PasswordForm} id="login" address="/page/login" action="Log in" onDone=${reload}/>`}<//>`;
}

/** The ways by which clients come in, and no other; single sign-on before what nobody can type. */
function Clients({ me }) {
  const signOn = html`<p>With single sign-on: <a href="/login">get a line for docker</a> in this browser. A device without a browser shows a code; <a href="/login/device">type it here</a>.</p>`;
  const isOpen = me.takesPasswords || me.providers.length > 0;
  return html`${me.allowsAnonymous && html`<${Card} id="without-login" title="Pull without a login" wide note="What everybody may pull needs no password.">
    <p><code>docker pull ${me.registry}/<em>name</em>:<em>tag</em></code></p><p><a href="#/repositories">Repositories that everybody may pull</a></p><//>`}
  ${me.isPrivate && html`<${Card} id="with-docker" title="Log in with docker" wide note=${me.takesPasswords && "Podman, skopeo, helm and others take the same user names and passwords."}>
    ${me.takesPasswords && html`<p><${Copy} text=${`docker login ${me.registry}`}/></p>`}
    ${me.providers.length > 0 && signOn}
    <p class="dim">${isOpen ? "Machines" : "Only machines log in here. They"} have a user name and a password from whoever administers this registry: <code>docker login ${me.registry} --username 'robot$<em>name</em>' --password-stdin</code>.</p><//>`}`;
}

/** Whose registry this is, and how one logs in. */
export function Home({ me, reload }) {
  const [error, setError] = useState("");
  const leave = async () => {
    try { await send("/page/logout", {}); } catch (fault) { setError(fault.message); }
    await reload();
  };
  return html`<h1 tabindex="-1">${me.registry}</h1><p class="lead">The container registry of <strong>${me.tenant}</strong>.</p>
  ${me.you && html`<${Card} title="Your login" wide><p>You are logged in as <strong id="you">${me.you.subject}</strong>, by ${me.you.authenticator}. The page asks the registry as you.</p>
    ${error && html`<p class="bad" role="alert">${error}</p>`}<p><a href="#/repositories">Repositories that you may pull</a></p><p><button id="logout" onClick=${leave}>Log out</button></p><//>`}
  <${Clients} me=${me}/>
  ${!me.you && html`<${Login} me=${me} reload=${reload}/>`}`;
}

/** The sessions of whoever is logged in. */
export function OwnSessions({ reload }) {
  const [asked, setAsked] = useState(null);
  const [notice, setNotice] = useState("");
  const said = useRef(null);
  const { data, at, error, again } = useData("/page/sessions", 10000);
  const revoke = async () => {
    const { revoked } = (await send("/page/sessions/revoke", { session: asked.session })).body;
    setNotice(revoked === 0 ? "That session had ended already." : "The session has ended.");
    if (asked.isThis) await reload(); else await again();
  };
  const close = isDone => { setAsked(null); if (isDone || isFocusLost()) said.current?.focus(); };
  return html`<h1 tabindex="-1">Your sessions</h1><p class="lead">Every login by docker, by a browser or a device is one, until it ends by itself or you end it.</p>
  <p id="notice" role="status" ref=${said} tabindex="-1">${notice}</p>
  ${!data ? html`<${Waiting} error=${error} again=${again}/>` : html`<${Stale} at=${at} error=${error}/>
  <${Table} id="own-sessions" caption="Your sessions" rows=${data} rowKey=${row => row.session} empty="You have no session." columns=${[
    { title: "Opened", value: row => row.opened, cell: row => html`${ago(row.opened)}${row.isThis && html` <strong>this page</strong>`}` },
    { title: "Address", value: row => row.clientAddress, cell: row => html`<code>${row.clientAddress}</code>` },
    { title: "Kind", cell: row => row.refreshable ? "stays logged in" : "brief" },
    { title: "Ends in", value: row => row.expires, cell: row => until(row.expires) },
    { label: "Actions", kind: "actions", cell: row => html`<button data-session=${row.session} aria-label=${`Revoke the session of ${row.clientAddress}, opened ${ago(row.opened)}`} onClick=${() => setAsked(row)}>Revoke</button>` }]}/>`}
  ${asked && html`<${Confirm} key=${asked.session} action="Revoke" onDone=${revoke} onClose=${close}
    question=${asked.isThis ? "End the session of this page? You are logged out here." : `End the session of ${asked.clientAddress}? Who uses it must log in again.`}/>`}`;
}
