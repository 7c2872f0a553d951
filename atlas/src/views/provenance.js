import {html} from "htm/preact";
import {has} from "../data.js";
import {link, number} from "../format.js";
import {useSection} from "../thumbs.js";
import {Table} from "../table.js";

// Which job, settings and code made each file that this page is made of.
export function Provenance({parts}) {
  const found = useSection(has("provenance") ? "provenance" : null);
  const at = found?.table?.data.file?.indexOf(parts[0]) ?? -1;
  return html`
    <h1 tabindex="-1">What made each file</h1>
    ${!has("provenance") && html`<p>This page does not know what made its files.</p>`}
    ${found?.error && html`<p role="alert">${found.error}</p>`}
    ${at >= 0 && html`<${Job} found=${found} row=${at} />`}
    ${found?.table && html`
      <p class="quiet">What the plan told each job, and the digest of each file as this page read it. Click a file: its settings open.</p>
      <${Table} key=${at < 0 ? parts[0] : ""} table=${found.table} title="provenance" filters first=${at < 0 ? piece(parts[0]) : ""} links=${{file: (row) => link("provenance", row.file)}} />`}`;
}

// Some names stand for many files: models/*/evaluation.json.
function piece(file = "") {
  return file.split("*").reduce((most, each) => (each.length > most.length ? each : most), "");
}

function Job({found, row}) {
  const value = (name) => found.table.data[name][row];
  const {settings, packages, record, seeds} = found.jobs[found.job[row]];
  const told = Object.entries(settings);
  return html`<section aria-label="The job">
    <h2>${value("file")}</h2>
    <dl class="facts">
      ${["rule", "of", "code", "bytes"].map((name) => html`<div><dt>${name}</dt><dd>${number(value(name))}</dd></div>`)}
      ${Object.entries(seeds).map(([name, seed]) => html`<div><dt>${name}</dt><dd>${JSON.stringify(seed)}</dd></div>`)}
    </dl>
    <p>SHA-256 <span class="file">${value("sha256")}</span></p>
    <details open><summary>Settings <span class="quiet">${told.length}</span></summary>
      <dl class="ran">${told.map(([name, place]) => html`<div><dt>${name}</dt><dd class="file">${found.values[place]}</dd></div>`)}</dl></details>
    <details><summary>Packages <span class="quiet">${found.packages[packages].length}</span></summary><p>${found.packages[packages].join(", ")}</p></details>
    <p><a href=${`../${record.split("/").map(encodeURIComponent).join("/")}`}>Full record</a> <span class="quiet">with inputs, modules and device; it lies in the folder of the run only: <span class="file">${record}</span></span></p>
  </section>`;
}
