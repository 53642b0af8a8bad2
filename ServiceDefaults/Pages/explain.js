import { html, useState } from "./preact.js";
import { ask, query, link, usePlace } from "./lib.js";
import { Card, Status, Field } from "./parts.js";

const blank = { tenant: "", subject: "", authenticator: "", groups: "", repository: "", action: "pull", claims: "" };

/** "name=value" lines as the fields of claims. */
const claimsOf = text => Object.fromEntries(text.split("\n").map(line => line.split("=")).filter(([name, value]) => name.trim() && value !== undefined)
  .map(([name, ...value]) => [`claim.${name.trim()}`, value.join("=").trim()]));

/** Asks whether somebody may do something, and why; of one tenant alone where it is given. */
export function Explain({ fields, tenant, address = "/admin/explain" }) {
  const [form, change] = usePlace(fields, blank);
  const [answer, setAnswer] = useState({});
  // A verdict is one on the question that is seen.
  const set = name => event => { change({ [name]: event.target.value }); setAnswer({}); };
  const submit = async event => {
    event.preventDefault();
    setAnswer({ busy: true });
    const { claims, ...rest } = tenant ? { ...form, tenant: "" } : form;
    try {
      setAnswer({ data: (await ask(`${address}?${query({ ...rest, ...claimsOf(claims) })}`)).body });
    } catch (fault) {
      setAnswer({ error: fault.message });
    }
  };
  const text = (name, label, more) => html`<${Field} label=${label}><input id=${`explain-${name}`} value=${form[name]} onInput=${set(name)} ...${more}/><//>`;
  return html`<h1 tabindex="-1">Explain access</h1><p class="lead">May somebody do something, by which rule, and if not, what is missing? Password files and directories are asked as a login would.</p>
  <form class="card form" onSubmit=${submit}>
    ${!tenant && text("tenant", "Tenant", { required: true })}${text("subject", "Who (empty for anonymous)")}${text("authenticator", "Authenticator (may be left out)")}${text("groups", "Groups, with commas (may be left out)")}
    ${text("repository", "Repository", { placeholder: "team/app", required: form.action !== "catalog" })}
    <${Field} label="Action"><select id="explain-action" value=${form.action} onChange=${set("action")}>${["pull", "push", "delete", "catalog"].map(name => html`<option value=${name}>${name}</option>`)}</select><//>
    <${Field} label="Claims, one name=value on a line"><textarea id="explain-claims" rows="3" value=${form.claims} onInput=${set("claims")} placeholder="region=eu-west-1"></textarea><//>
    <div class="buttons"><button class="primary" disabled=${answer.busy}>Explain</button></div></form>
  <div id="answer" aria-live="polite">${answer.error && html`<p class="note bad">${answer.error}</p>`}
    ${answer.data && html`<${Card} title="Answer" wide><p class="verdict">${answer.data.allowed ? html`<${Status} kind="good">allowed<//>` : html`<${Status} kind="bad">denied<//>`}</p><p>${answer.data.reason}</p>
      <dl class="pairs">${[["Rule", answer.data.rule], ["Route", answer.data.route], ["Authenticator", answer.data.authenticator], ["Subject", answer.data.subject],
        ["Groups", answer.data.groups?.join(", ")], ["Not known here", answer.data.lacks]].filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      ${!tenant && html`<p><a href=${link("tenants", form.tenant)}>Rules of ${form.tenant}</a></p>`}<//>`}</div>`;
}
