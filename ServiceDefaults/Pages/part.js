// What a tenant's configuration says that is in use, on whichever page.
import { html } from "./preact.js";
import { Card, Table } from "./parts.js";

const names = (all, none, write = name => html`<code>${name}</code>`) => all.length === 0 ? html`<span class="dim">${none}</span>`
  : all.map((name, i) => html`${i > 0 ? ", " : ""}${write(name)}`);

const keepers = {
  operator: "All of it stands in the operator's files.",
  file: "Its routes, rules, authenticators and own upstreams stand in a file of its own; the rest is the operator's.",
  managed: "Its administrators keep its routes, rules, authenticators and own upstreams, and change them on the registry's own page; the rest is the operator's.",
};

/** How the hosts of a tenant are served while its configuration has errors. */
export const ErrorsOfPart = ({ errors, isUsable, write }) => errors.length > 0 && html`<div class="note bad" id="errors"><h2>Its configuration has errors</h2><ul>${errors.map(error => html`<li>${write(error)}</li>`)}</ul>
  <p>${isUsable ? "The last good text stays in use until they are mended." : "Its hosts answer 503 until they are mended."}</p></div>`;

/** Routes, rules and whatever else is in use; children stand before them. upstream writes the name of one. */
export const Part = ({ part, upstream, children }) => html`<${Card} title="Configuration that is in use" wide id="part" note=${keepers[part.keptBy]}>${children}
  <dl class="pairs"><div><dt>Authenticators, in their order</dt><dd>${names(part.authenticators, "none")}</dd></div>
    <div><dt>Administrators</dt><dd>${names(part.administrators, "none")}</dd></div>
    ${part.keptBy !== "operator" && html`<div><dt>Shared upstreams that it may name</dt><dd>${names(part.mayUse.upstreams, "none")}</dd></div>
      <div><dt>Shared authenticators that it may name</dt><dd>${names(part.mayUse.authenticators, "none")}</dd></div>`}
    ${Object.keys(part.defined).length > 0 && html`<div><dt>Its own</dt><dd>${names(Object.keys(part.defined), "none", name => html`<code>${name}</code> <span class="dim">(${part.defined[name]})</span>`)}</dd></div>`}</dl>
  <h3>Routes</h3>
  <${Table} id="routes" caption="Routes" empty="There are no routes: every name is not found." rows=${part.routes} columns=${[
    { title: "Prefix", cell: row => row.prefix ? html`<code>${row.prefix}</code>` : html`<span class="dim">everything</span>` },
    { title: "Upstreams", cell: row => row.upstreams.map((name, i) => html`${i > 0 ? ", then " : ""}${upstream ? upstream(name) : html`<code>${name}</code>`}`) },
    { title: "Name there", cell: row => html`<code>${row.rewrite ? `${row.rewrite}/…` : "…"}</code>` },
    { title: "Cache", cell: row => row.cache ? "on" : "off" }]}/>
  <h3>Access rules</h3>
  <${Table} id="rules" caption="Access rules" empty="There are no rules: nothing is allowed." rows=${part.access} columns=${[
    { title: "Rule", cell: row => row.name },
    { title: "Who", cell: row => html`<code>${row.who.join(", ")}</code>` },
    { title: "When", cell: row => Object.entries(row.when).map(([claim, globs]) => html`<code>${claim}: ${globs.join(" | ")}</code> `) },
    { title: "Repositories", cell: row => html`<code>${row.repositories.join(", ")}</code>` },
    { title: "Actions", cell: row => row.actions.join(", ") }]}/>
  ${Object.keys(part.namespaces).length > 0 && html`<h3>Namespaces of mirrors</h3><dl class="pairs">${Object.entries(part.namespaces).map(([host, prefix]) =>
    html`<div><dt><code>${host}</code></dt><dd>${prefix ? html`<code>${prefix}</code>` : html`<span class="dim">everything</span>`}</dd></div>`)}</dl>`}
<//>`;
