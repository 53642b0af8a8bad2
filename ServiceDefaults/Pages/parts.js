// What views are made of.
import { html, useState, useRef, useEffect } from "./preact.js";
import { count, clock, zone } from "./lib.js";

const marks = { good: "●", warning: "▲", bad: "■", idle: "○" };

/** A state in words, with a mark and a colour. */
export const Status = ({ kind, children }) => html`<span class=${`status ${kind}`}><span aria-hidden="true">${marks[kind]}</span> ${children}</span>`;

export const Card = ({ title, id, note, wide, children }) => html`<section class=${wide ? "card wide" : "card"} id=${id}>
  <h2>${title}</h2>${note && html`<p class="dim">${note}</p>`}${children}</section>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

/** What is shown while there is nothing yet, or when the server refuses. */
export const Waiting = ({ error, again }) => error
  ? html`<div class="note bad" role="alert"><strong>This could not be loaded:</strong> ${error}. <button onClick=${again}>Try again</button></div>`
  : html`<div class="skeleton" role="status"><span class="hidden">Loading …</span><i></i><i></i><i></i></div>`;

/** A moment; with all of it, in UTC, for whoever points at it. */
export const Time = ({ at, write = clock }) => html`<time datetime=${new Date(at).toISOString()} title=${new Date(at).toISOString()}>${write(at)}</time>`;

/** Of when the data is that is shown; when the last answer failed, that it is old, and why. */
export const Stale = ({ error, at }) => error ? html`<p class="note warning" role="status">What you see is old: ${error}. It is of <${Time} at=${at}/>.</p>`
  : html`<p class="as-of">As of <${Time} at=${at}/> ${zone()}</p>`;

export const Field = ({ label, children }) => html`<label class="field"><span>${label}</span>${children}</label>`;

const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;

/** The rows in the order that somebody wants; in their own where nobody does, and where they are alike. */
const inOrder = (rows, columns, sort) => {
  const value = sort && columns.find(column => sortOf(column, true) === sort.by)?.value;
  return value ? [...rows].sort((a, b) => compare(value(a), value(b)) * (sort.descending ? -1 : 1)) : rows;
};

/** What a column is sorted by: a name that whoever asks for the rows knows, or its title where the table sorts what it has. */
const sortOf = (column, isOwn) => isOwn ? column.value && column.title : column.sort;

/**
 * A table whose columns say what they show: { title, number, sort, value(row), falls, kind, cell(row) }. It sorts its rows itself by what columns
 * have as their value; or, with onSort, whoever asks for the rows does. Numbers, and what falls, begin with the highest. On narrow screens each row of one with many columns, or with long words
 * (stack), is a card that has all of them.
 */
export function Table({ caption, columns, rows, sort: asked, onSort, empty, rowKey, id, stack }) {
  const [own, setOwn] = useState(null);
  const [sort, move] = onSort ? [asked, onSort] : [own, setOwn];
  const by = column => sortOf(column, !onSort);
  return html`<div class="scroll" role="region" aria-label=${caption} tabindex="0"><table id=${id} class=${stack || columns.length > 3 ? "stack" : null} role="table">
    <caption class="hidden">${caption}</caption>
    <thead role="rowgroup"><tr role="row">${columns.map(column => html`<th scope="col" role="columnheader" class=${cellClass(column, by(column))} aria-sort=${ariaSort(by(column), sort)}>
      ${by(column) ? html`<button type="button" class="sort" onClick=${() => move(turned(by(column), column, sort))}>${column.title}
        <span aria-hidden="true">${sort?.by === by(column) ? (sort.descending ? " ↓" : " ↑") : ""}</span></button>` : column.title ?? html`<span class="hidden">${column.label}</span>`}</th>`)}</tr></thead>
    <tbody role="rowgroup">${rows.length === 0 ? html`<tr role="row"><td role="cell" colspan=${columns.length} class="empty">${empty}</td></tr>`
      : (onSort ? rows : inOrder(rows, columns, own)).map((row, i) => html`<tr role="row" key=${rowKey ? rowKey(row) : i}>${columns.map(column =>
        html`<td role="cell" data-label=${column.title} class=${cellClass(column)}>${column.cell(row)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

const cellClass = (column, isSorting) => [column.number ? "number" : "", isSorting ? "sorts" : "", column.kind ?? ""].join(" ").trim() || null;
const ariaSort = (by, sort) => by && sort?.by === by ? (sort.descending ? "descending" : "ascending") : null;
const turned = (by, column, sort) => ({ by, descending: by === sort?.by ? !sort.descending : Boolean(column.number || column.falls) });

export function Pager({ offset, limit, total, onMove }) {
  if (total <= limit && offset === 0) return total > 0 ? html`<p class="dim pager">${count(total)} in all</p>` : null;
  return html`<nav class="pager" aria-label="rows of the table">
    <button disabled=${offset === 0} onClick=${() => onMove(Math.max(0, offset - limit))}>Previous</button>
    <span>${count(Math.min(offset + 1, total))}–${count(Math.min(offset + limit, total))} of ${count(total)}</span>
    <button disabled=${offset + limit >= total} onClick=${() => onMove(offset + limit)}>Next</button></nav>`;
}

/** One line, for a row of a table. */
export function Spark({ values, label }) {
  const most = Math.max(...values, 1);
  const points = values.map((value, i) => `${(i * 100 / (values.length - 1)).toFixed(1)},${(22 - 20 * value / most).toFixed(1)}`).join(" ");
  return html`<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=${label}>
    <polyline points=${points} vector-effect="non-scaling-stroke"/></svg>`;
}

/** A filled bar of a part of something, whose colour says when it is nearly used up. */
export const Meter = ({ value, most, label }) => html`<meter aria-label=${label} min="0" max=${most} low=${most * 0.7} high=${most * 0.9} optimum="0"
  value=${Math.min(value, most)}></meter>`;

/**
 * Whether what had the focus is gone, when a dialog was closed: browsers take it from the buttons of the dialog a moment later, and have nobody to
 * give it back to where the row is gone too.
 */
export const isFocusLost = () => document.activeElement === document.body || document.activeElement.closest("dialog") !== null;

/** Asks before something is done that cannot be undone; the browser keeps the focus inside, and gives it back when the dialog is closed. */
export function Confirm({ question, action, onDone, onClose, wide, children }) {
  const dialog = useRef(null);
  const isDone = useRef(false);
  const [state, setState] = useState({});
  useEffect(() => { dialog.current.showModal(); }, []);
  const act = async () => {
    setState({ busy: true });
    try { await onDone(); } catch (fault) { setState({ error: fault.message }); return; }
    isDone.current = true;
    dialog.current?.close();
  };
  return html`<dialog ref=${dialog} class=${wide ? "large" : null} aria-labelledby="question" onClose=${() => onClose(isDone.current)}>
    <p id="question">${question}</p>${children}${state.error && html`<p class="bad" role="alert">${state.error}</p>`}
    <div class="buttons"><button id="cancel" onClick=${() => dialog.current.close()}>Cancel</button>
      <button class="danger" id="confirm" disabled=${state.busy} onClick=${act}>${action}</button></div></dialog>`;
}
