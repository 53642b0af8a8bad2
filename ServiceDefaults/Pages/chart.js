// The last hour of something, drawn as SVG so that colours follow the page, with its numbers as a table for whoever does not see it.
import { html, useState } from "./preact.js";
import { count, minute, now } from "./lib.js";

const [Width, Height, Left, Bottom, Top] = [420, 150, 60, 20, 8];

/** A round number that is not less. */
function ceiling(value) {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map(step => step * unit).find(step => step >= value * 0.999);
}

/**
 * lines: [{ name, values, kind }]; write: how a value is written; start of each point by history.end and history.seconds.
 */
export function Chart({ title, history, lines, write = count }) {
  const [at, setAt] = useState(null);
  const length = lines[0].values.length;
  const most = ceiling(Math.max(...lines.flatMap(line => line.values)));
  const x = i => Left + i * (Width - Left - 6) / (length - 1);
  const y = value => Height - Bottom - (Height - Bottom - Top) * value / most;
  const time = i => new Date(new Date(history.end) - (length - i) * history.seconds * 1000);
  const move = event => {
    const box = event.currentTarget.getBoundingClientRect();
    const i = Math.round(((event.clientX - box.left) * Width / box.width - Left) * (length - 1) / (Width - Left - 6));
    setAt(Math.min(length - 1, Math.max(0, i)));
  };
  const shown = at ?? length - 1;
  return html`<figure class="chart"><figcaption><strong>${title}</strong><span class="legend">${lines.map(line =>
      html`<span class=${`key ${line.kind}`}>${line.name} <b>${write(line.values[shown])}</b></span>`)}
      <span class="dim">${at === null ? "now" : minute(time(at))}</span></span></figcaption>
    <svg viewBox=${`0 0 ${Width} ${Height}`} role="img" aria-label=${`${title} of the last hour: ${lines.map(line =>
        `${line.name} at most ${write(Math.max(...line.values))}, now ${write(line.values[length - 1])}`).join("; ")}`}
      onMouseMove=${move} onMouseLeave=${() => setAt(null)}>
      ${[0, 0.5, 1].map(part => html`<g class="grid"><line x1=${Left} x2=${Width - 6} y1=${y(most * part)} y2=${y(most * part)}/>
        <text x=${Left - 6} y=${y(most * part) + 4} text-anchor="end">${write(most * part)}</text></g>`)}
      ${[0, 0.5, 1].map(part => html`<text class="time" x=${x((length - 1) * part)} y=${Height - 4}
        text-anchor=${["start", "middle", "end"][part * 2]}>${minute(time((length - 1) * part))}</text>`)}
      <path class=${`area ${lines[0].kind}`} d=${`M${x(0)},${y(0)} ${lines[0].values.map((value, i) => `L${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ")} L${x(length - 1)},${y(0)}Z`}/>
      ${lines.map(line => html`<polyline class=${`line ${line.kind}`} points=${line.values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`).join(" ")}/>`)}
      ${at !== null && html`<line class="cursor" x1=${x(at)} x2=${x(at)} y1=${Top} y2=${Height - Bottom}/>`}
    </svg></figure>`;
}

/** The numbers of charts, minute by minute. */
export function Numbers({ history, columns }) {
  const names = Object.keys(columns);
  const length = history.series[names[0]].length;
  const [open, setOpen] = useState(false);
  return html`<details class="numbers" onToggle=${event => setOpen(event.currentTarget.open)}><summary>The same as a table</summary>
    ${open && html`<div class="scroll short" role="region" aria-label="the last hour in numbers" tabindex="0"><table><thead><tr><th scope="col">From</th>
      ${names.map(name => html`<th scope="col" class="number">${columns[name].title}</th>`)}</tr></thead>
      <tbody>${Array.from({ length }, (_, i) => length - 1 - i).map(i => html`<tr><td>${minute(new Date(history.end) - (length - i) * history.seconds * 1000)}</td>
        ${names.map(name => html`<td class="number">${(columns[name].write ?? count)(history.series[name][i])}</td>`)}</tr>`)}</tbody></table></div>`}</details>`;
}

/** Counts of points as rates. */
export const perSecond = (history, name) => history.series[name].map(value => value / history.seconds);

/** Says so where less than an hour was counted. */
export const Counted = ({ since }) => now() - new Date(since) < 3500000
  ? html`<p class="dim">Counted since ${minute(since)}: the silo that counts has not run for an hour.</p>` : null;
