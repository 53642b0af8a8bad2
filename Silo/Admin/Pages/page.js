// What operators keep open. The hash says which view is shown; each view asks the silo for what it needs.
import { html, render, useState, useEffect, useRef, useErrorBoundary } from "./preact.js";
import { place, server } from "./lib.js";
import { Overview } from "./overview.js";
import { Tenants, Tenant } from "./tenants.js";
import { Upstreams, Upstream } from "./upstreams.js";
import { Audit } from "./audit.js";
import { Explain } from "./explain.js";
import { Caches, Cluster } from "./cluster.js";

const views = [["", "Overview"], ["tenants", "Tenants"], ["upstreams", "Upstreams"], ["audit", "Audit log"], ["explain", "Explain"], ["cache", "Cache"], ["cluster", "Cluster"]];

function View({ parts: [view = "", name], fields }) {
  switch (view) {
    case "": return html`<${Overview}/>`;
    case "tenants": return name ? html`<${Tenant} key=${name} name=${name}/>` : html`<${Tenants} fields=${fields}/>`;
    case "upstreams": return name ? html`<${Upstream} key=${name} name=${name}/>` : html`<${Upstreams} fields=${fields}/>`;
    case "audit": return html`<${Audit} fields=${fields}/>`;
    case "explain": return html`<${Explain} fields=${fields}/>`;
    case "cache": return html`<${Caches}/>`;
    case "cluster": return html`<${Cluster}/>`;
    default: return html`<h1 tabindex="-1">There is no such page</h1><p><a href="#/">Overview</a></p>`;
  }
}

/** Keeps the page alive when a view cannot be drawn; navigation draws the next one. */
function Guarded(shown) {
  const [fault, reset] = useErrorBoundary();
  return fault ? html`<h1 tabindex="-1">This view cannot be drawn</h1><div class="note bad" role="alert">That is a fault of the page: ${fault.message}. <button onClick=${reset}>Try again</button></div>`
    : html`<${View} ...${shown}/>`;
}

function App() {
  const [shown, setShown] = useState(place());
  const main = useRef(null);
  const [view = ""] = shown.parts;
  const moved = useRef(false);
  useEffect(() => {
    const follow = () => { moved.current = true; setShown(former => place(former.turn + 1)); };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    const title = shown.parts[1] ?? views.find(([name]) => name === view)?.[1] ?? "";
    document.title = `${title} – RegistryProxy`;
    // Who goes on by keyboard or hears the page begins at the new heading.
    if (moved.current) { main.current.querySelector("h1")?.focus(); scrollTo(0, 0); }
  }, [shown]);
  const skip = event => { event.preventDefault(); main.current.focus(); };
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to content</a>
  <header><a class="brand" href="#/"><img src=${new URL("icon.svg", import.meta.url)} alt="" width="24" height="24"/> RegistryProxy</a>
    <nav aria-label="pages"><ul>${views.map(([name, title]) => html`<li><a href=${`#/${name}`} aria-current=${view === name ? "page" : null}>${title}</a></li>`)}</ul></nav>
    <p class="foot"><a href="/dashboard" title="How the program itself runs: grains, their calls and latencies">Orleans Dashboard</a> <a href=${new URL("licenses.txt", import.meta.url)}>Licences</a></p></header>
  <main id="main" ref=${main} tabindex="-1"><${Guarded} key=${shown.turn} ...${shown}/></main>`;
}

server.login = () => location.assign(`/login?next=%2F${location.hash}`);

// What somebody wanted to see who had to log in first.
const wanted = sessionStorage.getItem("place");
sessionStorage.removeItem("place");
if (wanted && !location.hash) history.replaceState(null, "", wanted);

render(html`<${App}/>`, document.getElementById("app"));
