import {html} from "htm/preact";
import {has} from "../data.js";
import {interval, number} from "../format.js";
import {useSection} from "../thumbs.js";
import {Table} from "../table.js";

export function Compare({core}) {
  const found = useSection(has("compare") ? "compare" : null);
  return html`
    <h1 tabindex="-1">Models side by side</h1>
    <${Table} table=${models(core)} title="models" />
    ${found?.tables?.map(({title, table}) => html`<section><h2>${title}</h2><${Table} table=${table} title=${title} /></section>`)}`;
}

function models(core) {
  const columns = ["name", "architecture", "dataset", "split", "n", "accuracy", "accuracy_low", "accuracy_high", "loss"];
  const titles = {name: "model", n: "images", accuracy_low: "lower end", accuracy_high: "upper end", loss: "loss (nats)"};
  const kinds = ["n", "accuracy", "accuracy_low", "accuracy_high", "loss"];
  return {
    file: "models/*/evaluation.json", rows: core.models.length,
    columns: columns.map((name) => ({name, title: titles[name] ?? name, kind: kinds.includes(name) ? "number" : "text", text: ""})),
    data: Object.fromEntries(columns.map((name) => [name, core.models.map((model) => model[name] ?? null)])),
  };
}

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
    ${found?.table && html`<${Table} table=${found.table} title="claims" links=${{file: (row) => row.link}} />`}`;
}

export {interval};
