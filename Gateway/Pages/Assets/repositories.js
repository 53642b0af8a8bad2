// Repositories, tags and what is behind them. All of it is text of others: it is shown as text, and no address is made of it unchecked.
import { html, useState, useEffect, useRef } from "./preact.js";
import { ask, bytes, link, query, useData } from "./lib.js";
import { Card, Empty, Field, Status, Table, Waiting } from "./parts.js";
import { Copy } from "./account.js";

const PageSize = 50;

/** A listing may wait for room and is read for long before its first page. In milliseconds. */
const Patience = 45_000;
const OthersFollow = "None on this page. There are more behind it.";
const MostChildren = 24;
const MostConfiguration = 1 << 20;

const nameGrammar = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagGrammar = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const digestGrammar = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/;

const types = ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"].join(", ");

const isName = name => nameGrammar.test(name);
const isReference = reference => tagGrammar.test(reference) || digestGrammar.test(reference);

const text = value => typeof value === "string" ? value : "";
const size = value => Number.isFinite(value) && value >= 0 ? value : 0;
const list = value => Array.isArray(value) ? value.filter(entry => entry && typeof entry === "object") : [];

/** What pulls a manifest. */
const pullLine = (me, name, reference) => `docker pull ${me.registry}/${name}${digestGrammar.test(reference) ? "@" : ":"}${reference}`;

const manifestOf = (name, reference, signal) => ask(`/page/v2/${name}/manifests/${reference}`, { headers: { Accept: types }, signal });

function Refused({ me, what }) {
  return html`<div class="note warning" role="status">${me.you ? html`Your login may not ${what} here; ask the operators of this registry.`
    : html`Without a login nobody may ${what} here.${me.takesPasswords || me.providers.length > 0 ? html` <a href="#/">Log in</a>.` : ""}`}</div>`;
}

function OpenByName() {
  const [name, setName] = useState("");
  const open = event => { event.preventDefault(); location.hash = link("repositories", name.trim()); };
  return html`<form class="tools" role="search" onSubmit=${open}>
    <${Field} label="Open a repository by its name"><input id="repository" value=${name} placeholder="team/app" onInput=${event => setName(event.target.value)}/><//>
    <button disabled=${!isName(name.trim())}>Open</button></form>`;
}

const More = ({ pages, next, onMove }) => (pages.length > 0 || next) && html`<nav class="pager" aria-label="rows of the table">
  <button disabled=${pages.length === 0} onClick=${() => onMove(pages.slice(0, -1))}>Previous</button>
  <button disabled=${!next} onClick=${() => onMove([...pages, next])}>Next</button></nav>`;

/** Repositories that this person may pull. */
export function Repositories({ me }) {
  const [pages, setPages] = useState([]);
  const { data, error, status, again } = useListing("/page/v2/_catalog", pages, "repositories");
  return html`<h1 tabindex="-1">Repositories</h1><p class="lead">${me.you ? "What you may pull." : "What everybody may pull. Log in to see what you may."}</p>
  <${OpenByName}/>
  ${status === 401 || status === 403 ? html`<${Refused} me=${me} what="list repositories"/><p id="unlisted">Repositories that you may pull can still be opened by their name, and pulled: <code>docker pull ${me.registry}/<em>name</em>:<em>tag</em></code>.</p>`
    : !data ? html`<${Waiting} error=${error} again=${again}/>`
    : html`${data.isPartial && html`<p class="note" id="partial" role="status">Not every upstream of this registry lists its repositories. Of those that do not, you see what was pulled through its gateways since they started${data.lacksGateways && " (not all of them have answered: names may be missing)"}; others can be opened by their name, and pulled: <code>docker pull ${me.registry}/<em>name</em>:<em>tag</em></code>.</p>`}
    <${Table} id="repositories" caption="Repositories" rows=${data.entries} rowKey=${name => name} empty=${data.next ? OthersFollow : "There is nothing that you may pull, or nobody has pulled it yet."} columns=${[
      { title: "Repository", cell: name => html`<a href=${link("repositories", name)}>${name}</a>` }]}/>
    <${More} pages=${pages} next=${data.next} onMove=${setPages}/>`}`;
}

/** The query of the next page (RFC 8288): it says more than the last entry of where the registry was. */
const nextOf = headers => /<[^>?]*\?([^>]*)>/.exec(headers.get("Link") ?? "")?.[1] ?? null;

/** One page of a listing. */
function useListing(address, pages, member) {
  const [state, setState] = useState({});
  const [turn, setTurn] = useState(0);
  const page = pages.at(-1) ?? query({ n: PageSize });
  useEffect(() => {
    const abort = new AbortController();
    setState({});
    ask(`${address}?${page}`, { signal: abort.signal, patience: Patience }).then(({ body, headers }) => {
      const entries = (Array.isArray(body[member]) ? body[member] : []).filter(entry => typeof entry === "string");
      setState({ data: { entries, next: nextOf(headers), isPartial: body.isPartial === true, lacksGateways: body.lacksGateways === true } });
    }).catch(fault => abort.signal.aborted || setState({ error: fault.message, status: fault.status }));
    return () => abort.abort();
  }, [address, page, turn]);
  return { ...state, again: () => setTurn(turn + 1) };
}

/** Tags that only stand in for what belongs to another manifest, as cosign and the referrers tag write them. */
const attached = tag => /^sha256-[a-f0-9]{64}(\.(sig|att|sbom))?$/.exec(tag);
const attachedAs = tag => ({ sig: "signature", att: "attestation", sbom: "SBOM" })[attached(tag)?.[2]] ?? "referrers";

/** The tags of a repository. */
export function Repository({ me, name }) {
  const [pages, setPages] = useState([]);
  const isGood = isName(name);
  const { data, error, status, again } = useListing(`/page/v2/${isGood ? name : "-"}/tags/list`, pages, "tags");
  if (!isGood) return html`<${Crumbs}/><h1 tabindex="-1">${name}</h1><div class="note bad" role="status">No repository is called so: names have lower-case letters, digits, and . _ - / between them.</div>`;
  return html`<${Crumbs}/><h1 tabindex="-1">${name}</h1>
  ${status === 401 || status === 403 ? html`<${Refused} me=${me} what=${`pull ${name}`}/>`
    : !data ? html`<${Waiting} error=${error} again=${again}/>`
    : html`<${Table} id="tags" stack caption=${`Tags of ${name}`} rows=${data.entries} rowKey=${tag => tag} empty=${data.next ? OthersFollow : "This repository has no tags."} columns=${[
      { title: "Tag", cell: tag => html`<a href=${link("repositories", name, tag)}>${tag}</a>${attached(tag) && html` <span class="mark">${attachedAs(tag)}</span>`}` },
      { title: "Pull", kind: "whole", cell: tag => html`<${Copy} text=${pullLine(me, name, tag)}/>` }]}/>
    <${More} pages=${pages} next=${data.next} onMove=${setPages}/>`}`;
}

const Crumbs = ({ name }) => html`<p class="crumbs"><a href=${link("repositories")}>Repositories</a>${name && html` / <a href=${link("repositories", name)}>${name}</a>`}</p>`;

/** An architecture and what goes with it, as the descriptor or the configuration says. */
const platformOf = platform => [text(platform?.os), text(platform?.architecture), text(platform?.variant)].filter(part => part).join("/") || "unknown";

const isAttestation = child => text(child.annotations?.["vnd.docker.reference.type"]) === "attestation-manifest";

const isIndex = body => Array.isArray(body.manifests);

const sizeOf = body => size(body.config?.size) + list(body.layers).reduce((sum, layer) => sum + size(layer.size), 0);

/** What an image is for: an index says it of each of its manifests, a manifest by its configuration. */
async function imagesOf(name, digest, body, signal) {
  if (!isIndex(body)) return [{ digest, platform: await configuredPlatform(name, body, signal), size: sizeOf(body), layers: list(body.layers).length }];
  return list(body.manifests).filter(child => digestGrammar.test(text(child.digest)) && !isAttestation(child))
    .map(child => ({ digest: child.digest, platform: platformOf(child.platform) }));
}

/** How much there is behind one manifest of an index. */
async function measured(name, image, signal) {
  try {
    const { body } = await manifestOf(name, image.digest, signal);
    return isIndex(body) ? { ...image, isIndex: true } : { ...image, size: sizeOf(body), layers: list(body.layers).length };
  } catch (fault) {
    if (signal.aborted) throw fault;
    return { ...image, fault: fault.message };
  }
}

async function configuredPlatform(name, body, signal) {
  const { config } = body;
  if (!digestGrammar.test(text(config?.digest)) || size(config.size) > MostConfiguration || !/\+json$/.test(text(config.mediaType))) return text(body.artifactType) || text(config?.mediaType) || "unknown";
  try {
    const found = (await ask(`/page/v2/${name}/blobs/${config.digest}`, { signal })).body;
    return found && typeof found === "object" && (found.os || found.architecture) ? platformOf(found) : text(body.artifactType) || text(config.mediaType);
  } catch (fault) {
    if (signal.aborted) throw fault;
    return "unknown";
  }
}

/** What refers to a manifest, in a word. */
function kindOf(referrer) {
  const type = text(referrer.artifactType).toLowerCase();
  return /spdx|cyclonedx|sbom/.test(type) ? "SBOM" : /cosign|notary|signature|sigstore/.test(type) ? "signature"
    : /in-toto|attestation|provenance/.test(type) ? "attestation" : "artifact";
}

async function load(name, reference, signal) {
  const { body, headers } = await manifestOf(name, reference, signal);
  if (!body || typeof body !== "object" || Array.isArray(body)) throw new Error("this manifest is none that can be shown");
  const digest = headers.get("Docker-Content-Digest") ?? (digestGrammar.test(reference) ? reference : "");
  const images = await imagesOf(name, digest, body, signal);
  let referrers = [], unknown;
  if (digestGrammar.test(digest)) {
    try {
      referrers = list((await ask(`/page/v2/${name}/referrers/${digest}`, { signal })).body.manifests).map(one => ({ kind: kindOf(one), type: text(one.artifactType), digest: text(one.digest), size: size(one.size) }));
    } catch (fault) {
      if (signal.aborted) throw fault;
      unknown = fault.message;
    }
  }
  const within = isIndex(body) ? list(body.manifests).filter(isAttestation).map(one => ({ kind: "attestation", type: "in the index", digest: text(one.digest), size: size(one.size) })) : [];
  return { digest, type: text(body.mediaType) || headers.get("Content-Type"), images, referrers: [...referrers, ...within], unknown };
}

/** Sizes of an index stand in its manifests, and each of them is a pull that upstreams count: they are read when somebody wants them. */
function Platforms({ name, found }) {
  const [images, setImages] = useState(found);
  const [isBusy, setBusy] = useState(false);
  const abort = useRef(new AbortController());
  useEffect(() => () => abort.current.abort(), []);
  const unknown = images.slice(0, MostChildren).filter(image => image.size === undefined && !image.isIndex);
  const measure = async () => {
    setBusy(true);
    try {
      for (const image of unknown) {
        const known = await measured(name, image, abort.current.signal);
        setImages(former => former.map(one => one === image ? known : one));
      }
      setBusy(false);
    } catch { /* The view is left. */ }
  };
  return html`<${Card} title="Platforms" wide>${unknown.length > 0 && html`<p><button type="button" id="sizes" disabled=${isBusy} onClick=${measure}>Show sizes</button>
    <span class="dim">That reads ${unknown.length} more ${unknown.length === 1 ? "manifest" : "manifests"}, and each counts as a pull.</span></p>`}
  <${Table} id="platforms" caption="Platforms" rows=${images} rowKey=${image => image.digest} empty="This index lists nothing." columns=${[
    { title: "Platform", cell: image => image.platform },
    { title: "Size", number: true, cell: image => image.size === undefined ? html`<span class="dim">${image.fault ?? "–"}</span>` : bytes(image.size) },
    { title: "Layers", number: true, cell: image => image.layers ?? "–" },
    { title: "Digest", kind: "whole", cell: image => html`<a href=${link("repositories", name, image.digest)}><code>${image.digest}</code></a>` }]}/><//>`;
}

/** What a tag or a digest is. */
export function Manifest({ me, name, reference }) {
  const [{ data, error, status }, setState] = useState({});
  const [turn, setTurn] = useState(0);
  const isGood = isName(name) && isReference(reference);
  useEffect(() => {
    if (!isGood) return;
    const abort = new AbortController();
    setState({});
    load(name, reference, abort.signal).then(found => abort.signal.aborted || setState({ data: found }))
      .catch(fault => abort.signal.aborted || setState({ error: fault.message, status: fault.status }));
    return () => abort.abort();
  }, [name, reference, turn]);
  const heading = html`<${Crumbs} name=${name}/><h1 tabindex="-1">${name}${digestGrammar.test(reference) ? "@" : ":"}${reference}</h1>`;
  if (!isGood) return html`${heading}<div class="note bad" role="status">No image is called so.</div>`;
  if (status === 401 || status === 403) return html`${heading}<${Refused} me=${me} what=${`pull ${name}`}/>`;
  if (!data) return html`${heading}<${Waiting} error=${error} again=${() => setTurn(turn + 1)}/>`;
  return html`${heading}
  <${Card} title="Pull" wide><p><${Copy} text=${pullLine(me, name, reference)}/></p>${data.digest && data.digest !== reference && html`<p><${Copy} text=${pullLine(me, name, data.digest)}/></p>`}
    <dl class="pairs"><div><dt>Digest</dt><dd><code id="digest">${data.digest}</code></dd></div><div><dt>Type</dt><dd><code>${data.type}</code></dd></div></dl>
    <p class="marks">${[...new Set(data.referrers.map(one => one.kind))].filter(kind => kind !== "artifact").map(kind => html`<${Status} kind="good">${kind}<//> `)}</p><//>
  <${Platforms} key=${data.digest} name=${name} found=${data.images}/>
  <${Card} title="Signatures, SBOMs and other artifacts" wide>${data.unknown ? html`<p class="note warning" role="status">They could not be listed: ${data.unknown}.</p>`
    : data.referrers.length === 0 ? html`<${Empty}>Nothing refers to this manifest.<//>`
    : html`<${Table} id="referrers" caption="What refers to this manifest" rows=${data.referrers} rowKey=${one => one.digest} columns=${[
      { title: "Kind", cell: one => html`<span class="mark">${one.kind}</span>` }, { title: "Type", cell: one => html`<code>${one.type}</code>` },
      { title: "Size", number: true, cell: one => bytes(one.size) }, { title: "Digest", kind: "whole", cell: one => html`<code>${one.digest}</code>` }]}/>`}<//>`;
}
