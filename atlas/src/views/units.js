import {html} from "htm/preact";
import {named, rowOf} from "../data.js";
import {Dots} from "../chart.js";
import {interval, link, number} from "../format.js";
import {Thumb, useSection} from "../thumbs.js";
import {Table} from "../table.js";

const MOST_CLASSES = 24;

export function Layers({core, chosen}) {
  return html`<nav class="chips" aria-label="Layers">
    ${Object.entries(core.layers).flatMap(([model, layers]) => layers.map((layer) => html`
      <a href=${link("units", model, layer)} aria-current=${chosen === `${model}/${layer}` ? "page" : undefined}>${model} · ${layer}</a>`))}
  </nav>`;
}

export function Units({core, parts}) {
  const first = named("units:")[0]?.slice("units:".length);
  const chosen = parts.length > 1 ? parts.join("/") : first;
  const found = useSection(chosen && `units:${chosen}`);
  const thumbs = useSection(found && !found.error ? `thumbs:${core.probes[found.model] ?? core.models.find(({name}) => name === found.model).dataset}` : null);
  if (!chosen) return html`<h1 tabindex="-1">Units</h1><p>The configuration asks for no dossiers of units.</p>`;
  return html`
    <h1 tabindex="-1">Units</h1>
    <${Layers} core=${core} chosen=${chosen} />
    ${found?.error && html`<p role="alert">${found.error}</p>`}
    ${found && !found.error && html`
      <${Table} table=${found.units} title=${`units ${chosen}`} links=${{unit: (row) => link("unit", found.model, found.layer, row.unit)}} />
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

function trusted(unit) {
  for (const key of ["words", "pixels"]) if (unit[`${key}_verdict`] === "confirmed") return unit[`${key}_concept`];
  return "";
}

export function Unit({core, parts}) {
  const [model, layer, id] = [parts[0], parts.slice(1, -1).join("/"), Number(parts.at(-1))];
  const found = useSection(`units:${model}/${layer}`);
  const thumbs = useSection(found && !found.error ? `thumbs:${core.probes[model] ?? core.models.find(({name}) => name === model).dataset}` : null);
  if (!found) return html`<h1 tabindex="-1">Unit ${id}</h1><p>Loading…</p>`;
  if (found.error) return html`<h1 tabindex="-1">Unit ${id}</h1><p role="alert">${found.error}</p>`;
  const at = found.units.data.unit.indexOf(id);
  if (at < 0) return html`<h1 tabindex="-1">Unit ${id}</h1><p role="alert">${layer} of ${model} has no unit ${id} in this page.</p>`;
  const unit = rowOf(found.units, at);
  const near = (step) => found.units.data.unit[at + step];
  return html`
    <h1 tabindex="-1">Unit ${id} <small>${layer} of ${model}</small></h1>
    <p class="step">
      ${near(-1) !== undefined && html`<a href=${link("unit", model, layer, near(-1))} rel="prev">← unit ${near(-1)}</a>`}
      <a href=${link("units", model, layer)}>all units</a>
      ${near(1) !== undefined && html`<a href=${link("unit", model, layer, near(1))} rel="next">unit ${near(1)} →</a>`}
    </p>
    ${unit.warnings && html`<p class="warning">Read with care: ${unit.warnings.replaceAll(";", ", ")}.</p>`}
    <ul class="findings">${sentences(unit).map((said) => html`<li><p>${said}</p></li>`)}</ul>
    ${strip("Images that activate it most", found.images.top?.[at], thumbs)}
    ${strip("Images whose decision it carries (relevance)", found.images.reference?.[at], thumbs)}
    ${found.effects && html`<${Dots} title=${`What classes lose without unit ${id}`} unit="loss in nats; filled: found on validation images, confirmed on test images" items=${lost(found.effects, at)} />`}
    ${relevance(found.units, at).length > 0 && html`<${Dots} title="Mean relevance for each class" items=${relevance(found.units, at)} />`}
    <h2>All that is known</h2>
    <dl class="facts">${found.units.columns.map((column) => html`<div title=${column.text}><dt>${column.title}</dt><dd>${number(unit[column.name])}</dd></div>`)}</dl>`;
}

function sentences(unit) {
  const said = [];
  for (const [key, how] of [["words", "By words"], ["pixels", "By pixels"]]) {
    const concept = unit[`${key}_concept`];
    if (!concept || concept === "none") continue;
    const verdict = unit[`${key}_verdict`];
    said.push(`${how} it answers to ${concept}: ${verdict}; on images that did not choose the label it scores `
      + `${number(unit[`${key}_auprc`])} where chance is ${number(unit[`${key}_base_rate`])}.`);
  }
  if (unit.zero_first_class) said.push(`Without it ${unit.zero_first_class} loses most, ${number(unit.zero_first_loss)} nats; confirmed for: ${unit.zero_confirmed ? unit.zero_confirmed.replaceAll(";", ", ") : "no class"}.`);
  if (unit.role_supported) said.push(`Its role is ${unit.role_supported} (in ${number(unit.role_stability)} of resamples; by chance alone ${number(unit.role_null)}).`);
  if (unit.nearest_unit !== null && unit.nearest_unit !== undefined) said.push(`Unit ${unit.nearest_unit} is most like it: correlation ${number(unit.nearest_correlation)}.`);
  return said;
}

function strip(title, ids, thumbs) {
  if (!ids?.length) return null;
  return html`<section><h2>${title}</h2><div class="shown">${ids.map((id) => html`<${Thumb} thumbs=${thumbs} id=${id} size=${128} />`)}</div></section>`;
}

function lost(effects, at) {
  const all = effects.classes.map((name, place) => ({
    name, value: effects.loss[at][place], low: effects.loss_low[at][place], high: effects.loss_high[at][place], found: effects.found[at][place],
  }));
  return all.sort((a, b) => (b.value ?? -1) - (a.value ?? -1)).slice(0, MOST_CLASSES);
}

function relevance(table, at) {
  const items = table.columns.filter(({name}) => name.startsWith("relevance:"));
  return items.map(({name}) => ({name: name.slice("relevance:".length), value: table.data[name][at]})).slice(0, MOST_CLASSES);
}

export {interval};
