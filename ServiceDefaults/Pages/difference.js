// What of a text is another, line by line.
import { html } from "./preact.js";

const Around = 3;
const MostSteps = 4e6;

/** The lines of both texts: [mark, line], where the mark is "-" for one that is gone, "+" for one that came, " " for one that stayed. */
export function difference(before, after) {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let start = 0, end = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [gone, come] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const kept = line => [" ", line];
  return [...a.slice(0, start).map(kept), ...between(gone, come), ...a.slice(a.length - end).map(kept)];
}

/** By the longest lines that both have in common; of very many, all are gone and come. */
function between(gone, come) {
  if (gone.length * come.length > MostSteps) return [...gone.map(line => ["-", line]), ...come.map(line => ["+", line])];
  const width = come.length + 1;
  const common = new Uint32Array((gone.length + 1) * width);
  for (let i = gone.length - 1; i >= 0; i--) for (let j = come.length - 1; j >= 0; j--) {
    common[i * width + j] = gone[i] === come[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  }
  const lines = [];
  let i = 0, j = 0;
  while (i < gone.length || j < come.length) {
    if (i < gone.length && j < come.length && gone[i] === come[j]) { lines.push([" ", gone[i]]); i++; j++; }
    else if (i < gone.length && (j === come.length || common[(i + 1) * width + j] >= common[i * width + j + 1])) lines.push(["-", gone[i++]]);
    else lines.push(["+", come[j++]]);
  }
  return lines;
}

/** The lines that are seen: those that changed, and a few around them; null stands for what is left out. */
function near(lines) {
  const shown = [];
  lines.forEach((line, i) => {
    if (lines.slice(Math.max(0, i - Around), i + Around + 1).some(([mark]) => mark !== " ")) shown.push(line);
    else if (shown.at(-1) !== null) shown.push(null);
  });
  return shown;
}

const words = { "-": "gone", "+": "new" };

/** Shows what changes from one text to another. */
export function Difference({ before, after, id }) {
  const lines = near(difference(before, after));
  return lines.every(line => line === null || line[0] === " ") ? html`<p id=${id} class="dim">The texts are the same.</p>`
    : html`<div class="scroll short" role="region" aria-label="what changes" tabindex="0"><pre class="difference" id=${id}>${lines.map(line => line === null ? html`<span class="dim">…${"\n"}</span>`
      : line[0] === " " ? html`<span>  ${line[1]}${"\n"}</span>`
      : html`<span class=${words[line[0]]}><span class="hidden">${words[line[0]]}: </span>${line[0]} ${line[1]}${"\n"}</span>`)}</pre></div>`;
}
