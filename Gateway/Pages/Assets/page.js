// What people see of their registry. The hash says which view is shown; everything is asked as by a client, for whom the cookie stands.
import { html, render, useState, useEffect, useRef, useErrorBoundary } from "./preact.js";
import { ask, place, server } from "./lib.js";
import { Waiting } from "./parts.js";
import { Home, OwnSessions } from "./account.js";
import { Repositories, Repository, Manifest } from "./repositories.js";
import { Administration } from "./administration.js";

let token = "";
server.name = "the registry";
server.headers = () => ({ "X-Registryproxy-Page": "1", "X-Csrf-Token": token });

/** Who is logged in; empty for nobody. */
const nameOf = me => me?.you ? `${me.you.authenticator}/${me.you.subject}` : "";

function viewsOf(me) {
  const views = [["", "Log in"], ["repositories", "Repositories"]];
  if (me.you) { views[0][1] = "Your login"; views.push(["sessions", "Your sessions"]); }
  if (me.administration) views.push(["administration", "Administration"]);
  return views;
}

function View({ me, reload, parts: [view = "", ...rest], fields }) {
  switch (view) {
    case "": return html`<${Home} me=${me} reload=${reload}/>`;
    case "repositories": return rest.length > 1 ? html`<${Manifest} me=${me} name=${rest[0]} reference=${rest[1]}/>`
      : rest.length > 0 ? html`<${Repository} me=${me} name=${rest[0]}/>` : html`<${Repositories} me=${me}/>`;
    case "sessions": return me.you ? html`<${OwnSessions} reload=${reload}/>` : html`<${Home} me=${me} reload=${reload}/>`;
    case "administration": return html`<${Administration} me=${me} reload=${reload} view=${rest[0] ?? "usage"} name=${rest[1]} fields=${fields}/>`;
    default: return html`<h1 tabindex="-1">There is no such page</h1><p><a href="#/">To the beginning</a></p>`;
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
  const [state, setState] = useState({});
  const main = useRef(null);
  const moved = useRef(false);
  const { me } = state;
  const [view = ""] = shown.parts;
  const reload = async notice => {
    try {
      const answer = (await ask("/page/me")).body;
      token = answer.token;
      setState({ me: answer, notice: typeof notice === "function" ? notice(answer) : undefined });
      return answer;
    } catch (fault) {
      setState(former => ({ ...former, error: fault.message }));
      return null;
    }
  };
  // Whose session has ended meanwhile is nobody here any more.
  server.unknown = () => (me?.you || me?.administration?.isOpen) && reload();
  // Another tab has logged in or out: what was sent is sent again for the same person alone.
  server.renew = async () => {
    const answer = await reload(now => nameOf(now) === nameOf(me) ? undefined
      : `In another tab ${now.you ? `somebody logged in as ${now.you.subject}` : "somebody logged out"}. Nothing was sent: look at it, and send it again.`);
    return answer !== null && nameOf(answer) === nameOf(me);
  };
  useEffect(() => {
    reload();
    const follow = () => { moved.current = true; setShown(former => place(former.turn + 1)); setState(former => ({ ...former, notice: undefined })); };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  useEffect(() => {
    if (!me) return;
    const title = view === "repositories" && shown.parts[1] ? shown.parts.slice(1).join(":") : viewsOf(me).find(([name]) => name === view)?.[1] ?? "";
    document.title = `${title} – ${me.registry}`;
    // Who goes on by keyboard or hears the page begins at the new heading.
    if (moved.current) { main.current.querySelector("h1")?.focus(); scrollTo(0, 0); }
  }, [shown, me]);
  const skip = event => { event.preventDefault(); main.current.focus(); };
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to content</a>
  <header><a class="brand" href="#/"><img src=${new URL("icon.svg", import.meta.url)} alt="" width="24" height="24"/> <span>${me?.registry ?? "Registry"}</span></a>
    ${me && html`<nav aria-label="pages"><ul>${viewsOf(me).map(([name, title]) => html`<li><a href=${`#/${name}`} aria-current=${view === name ? "page" : null}>${title}</a></li>`)}</ul></nav>`}
    <p class="foot"><span>${me?.you ? `Logged in as ${me.you.subject}` : "Not logged in"}</span> <a href=${new URL("licenses.txt", import.meta.url)}>Licences</a></p></header>
  <main id="main" ref=${main} tabindex="-1">${!me ? html`<h1 tabindex="-1">Registry</h1><${Waiting} error=${state.error} again=${reload}/>`
    : html`<p id="changed" role="status" class=${state.notice ? "note warning" : ""}>${state.notice}</p><${Guarded} key=${shown.turn} me=${me} reload=${reload} ...${shown}/>`}</main>`;
}

render(html`<${App}/>`, document.getElementById("app"));
