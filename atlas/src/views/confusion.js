import {html} from "htm/preact";
import {Save} from "../chart.js";
import {matrixSize, matrixSvg, share} from "../exported.js";
import {number, saveCsv} from "../format.js";

// Which class is taken for which, at the largest k of the grid that is not above the slider's.
export function Confusion({confusion, k, model}) {
  const place = Math.max(0, confusion.k.filter((each) => each <= k).length - 1);
  const {classes, counts} = confusion;
  const rows = counts[place];
  const title = `confusions ${model} ${confusion.k[place]}`;
  const drawing = () => matrixSvg({title: `${model}: which class is taken for which, ${confusion.k[place]} units on`, classes, rows});
  const csv = () => saveCsv(title, [["true", ...classes], ...rows.map((row, at) => [classes[at], ...row])]);
  return html`
    <h2>Which class is taken for which</h2>
    <p aria-live="polite">${said(classes, rows, confusion.k[place])}</p>
    <div class="tools"><button type="button" onClick=${csv}>CSV</button> <${Save} title=${title} drawing=${drawing} size=${matrixSize(classes)} /></div>
    <div class="wide" tabindex="0" role="region" aria-label="Confusions"><table class="matrix">
      <caption>Rows: what an image is; columns: what it is taken for; images, darker with the share of the row.</caption>
      <thead><tr><td></td>${classes.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${rows.map((row, at) => html`<tr><th scope="row">${classes[at]}</th>${row.map((count, column) => html`
        <td class=${at === column ? "right" : ""} style=${{"--share": `${40 * share(row, count)}%`}}>${count}</td>`)}</tr>`)}</tbody>
    </table></div>`;
}

function said(classes, rows, k) {
  const all = rows.flat().reduce((sum, each) => sum + each, 0);
  const right = rows.reduce((sum, row, at) => sum + row[at], 0);
  const wrong = rows.flatMap((row, at) => row.map((count, column) => ({count, at, column}))).filter(({at, column}) => at !== column);
  const worst = wrong.reduce((most, each) => (each.count > most.count ? each : most), {count: 0});
  const first = `With ${k} units on, ${right} of ${all} images are decided rightly (${number(right / Math.max(1, all))}).`;
  return worst.count ? `${first} Most often ${classes[worst.at]} is taken for ${classes[worst.column]}: ${worst.count} images.` : first;
}
