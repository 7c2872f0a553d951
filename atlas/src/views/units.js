import {html} from "htm/preact";
import {named, rowOf} from "../data.js";
import {link} from "../format.js";
import {Thumb, useSection} from "../thumbs.js";
import {Table} from "../table.js";

const LEAD = (name) => !name.startsWith("relevance:");

// What each class loses without a unit, as small bars; only rows that are in sight are drawn.
function spark({effects}) {
  if (!effects) return null;
  return {
    title: "loss by class", names: effects.classes, values: (row) => effects.loss[row],
    text: `what each class loses without the unit, nats, in this order: ${effects.classes.join(", ")}; downwards: it gains`,
  };
}

export function Layers({core, chosen}) {
  return html`<nav class="chips" aria-label="Layers">
    ${Object.entries(core.layers).flatMap(([model, layers]) => layers.map((layer) => html`
      <a href=${link("units", model, layer)} aria-current=${chosen === `${model}/${layer}` ? "page" : undefined}>${model} · ${layer}</a>`))}
  </nav>`;
}

export function Units({core, parts}) {
  const all = named("units:").map((name) => name.slice("units:".length));
  const first = all.find((name) => Object.entries(core.last).some(([model, layer]) => name === `${model}/${layer}`)) ?? all[0];
  const chosen = parts.length > 1 ? parts.join("/") : first;
  const found = useSection(chosen && `units:${chosen}`);
  const thumbs = useSection(found && !found.error ? `thumbs:${core.probes[found.model] ?? core.models.find(({name}) => name === found.model).dataset}` : null);
  if (!chosen) return html`<h1 tabindex="-1">Units</h1><p>The configuration asks for no dossiers of units.</p>`;
  return html`
    <h1 tabindex="-1">Units</h1>
    <${Layers} core=${core} chosen=${chosen} />
    ${found?.error && html`<p role="alert">${found.error}</p>`}
    ${found && !found.error && html`
      <${Table} table=${found.units} filters spark=${spark(found)} lead=${LEAD} title=${`units ${chosen}`} links=${{unit: (row) => link("unit", found.model, found.layer, row.unit)}} />
      ${found.images.top && html`<h2>Images that activate them most</h2><${Sheet} found=${found} thumbs=${thumbs} />`}`}`;
}

function Sheet({found, thumbs}) {
  const many = Math.min(found.units.rows, 60);
  return html`<div class="sheet">${Array.from({length: many}, (_, row) => {
    const unit = rowOf(found.units, row);
    return html`<a href=${link("unit", found.model, found.layer, unit.unit)} class="strip">
      <span>${unit.unit}</span>${(found.images.top[row] ?? []).slice(0, 5).map((id) => html`<${Thumb} thumbs=${thumbs} id=${id} alt="" size=${56} />`)}
      <span class="quiet">${trusted(unit)}</span></a>`;
  })}</div>`;
}

export function trusted(unit) {
  for (const key of ["words", "pixels"]) if (unit[`${key}_verdict`] === "confirmed") return unit[`${key}_concept`];
  return "";
}
