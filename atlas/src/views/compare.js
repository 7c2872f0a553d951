import {html} from "htm/preact";
import {useMemo} from "preact/hooks";
import {has} from "../data.js";
import {interval, link, number, saveCsv} from "../format.js";
import {useSection} from "../thumbs.js";
import {Table} from "../table.js";

const MANY = 60; // columns of a table: some stand behind a button then, so that it is there at once
// Measures of each method and layer, and of the images that a network learnt by.
const LEAD = (name) => !name.includes(":") && !/^(n0_)?(train|val)_/.test(name);

export function Compare({core, parts}) {
  const found = useSection(has("compare") ? "compare" : null);
  const all = useMemo(() => models(core), [core]);
  return html`
    <h1 tabindex="-1">Models side by side</h1>
    <${Pair} core=${core} parts=${parts} />
    <h2>All models</h2><${Table} table=${all} title="models" />
    ${found?.tables?.map(({title, table}) => html`<section><h2>${title}</h2><${Table} table=${table} title=${title} lead=${table.columns.length > MANY ? LEAD : undefined} /></section>`)}`;
}

function models({models: known, columns}) {
  return {file: "models/*/evaluation.json", rows: known.length, columns, data: Object.fromEntries(columns.map(({name}) => [name, known.map((model) => model[name] ?? null)]))};
}

// Two models and what was measured of either, each value with its interval.
function Pair({core, parts}) {
  const found = useSection(has("measures") ? "measures" : null);
  const names = Object.keys(found?.models ?? {});
  if (names.length < 2) return html`<p class="quiet">${found ? "There is one model: nothing to hold it against." : ""}</p>`;
  const chosen = [0, 1].map((place) => (names.includes(parts[place]) ? parts[place] : names[place]));
  const choose = (place, name) => { location.hash = link("compare", ...chosen.map((each, at) => (at === place ? name : each))); };
  const of = Object.fromEntries(chosen.map((name) => [name, new Map(found.models[name].map((row) => [`${row.group}\n${row.measure}`, row]))]));
  const keys = [...new Set(chosen.flatMap((name) => [...of[name].keys()]))];
  const cell = (row) => (row ? `${number(row.value)}${interval(row.low, row.high)}` : "not measured here");
  return html`
    <div class="tools">${chosen.map((name, place) => html`<label>${place ? "and" : "Compare"} <select value=${name} onChange=${(event) => choose(place, event.target.value)}>${names.map((each) => html`<option>${each}</option>`)}</select></label>`)}</div>
    <div class="wide" tabindex="0" role="region" aria-label="Two models"><table class="matrix pair">
      <thead><tr><th scope="col">what</th>${chosen.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${keys.map((key) => html`<tr><th scope="row">${key.replace("\n", ": ")}</th>${chosen.map((name) => html`<td>${cell(of[name].get(key))}</td>`)}</tr>`)}</tbody>
    </table></div>
    <div class="tools"><button type="button" onClick=${() => csv(chosen, keys, of)}>CSV</button></div>`;
}

function csv(chosen, keys, of) {
  const ends = ["value", "low", "high"];
  const rows = keys.map((key) => [...key.split("\n"), ...chosen.flatMap((name) => ends.map((end) => of[name].get(key)?.[end] ?? ""))]);
  saveCsv(chosen.join(" and "), [["group", "measure", ...chosen.flatMap((name) => ends.map((end) => `${name} ${end}`))], ...rows]);
}
