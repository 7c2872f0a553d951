import {html} from "htm/preact";
import {has} from "../data.js";
import {number} from "../format.js";
import {useSection} from "../thumbs.js";
import {Table} from "../table.js";

export function Data() {
  const found = useSection("data");
  return html`
    <h1 tabindex="-1">Data</h1>
    ${found?.datasets?.map((dataset) => html`<section>
      <h2>${dataset.name}</h2>
      <p class="quiet">${dataset.kind === "array" ? "Made here." : "Read from files."} ${dataset.columns.length > 0 && `Columns: ${dataset.columns.join(", ")}.`}</p>
      ${dataset.notes.length > 0 && html`<ul>${dataset.notes.map((note) => html`<li>${note}</li>`)}</ul>`}
      ${Object.keys(dataset.irregularities).length > 0 && html`<dl class="facts">${Object.entries(dataset.irregularities).map(([name, count]) => html`<div><dt>${name.replaceAll("_", " ")}</dt><dd>${typeof count === "object" ? JSON.stringify(count) : number(count)}</dd></div>`)}</dl>`}
      <${Table} table=${dataset.counts} title=${`classes of ${dataset.name}`} />
      ${dataset.sentences && html`<h3>Audit of artefacts</h3><ul>${dataset.sentences.map((said) => html`<li>${said}</li>`)}</ul><${Table} table=${dataset.audit} title=${`audit of ${dataset.name}`} />`}
    </section>`)}`;
}

export function Claims() {
  const found = useSection(has("claims") ? "claims" : null);
  return html`
    <h1 tabindex="-1">Claims and what became of them</h1>
    ${!has("claims") && html`<p>There is no ledger of claims among these results.</p>`}
    ${found?.table && html`<${Table} table=${found.table} filters title="claims" links=${{file: (row) => row.link}} />`}`;
}
