import {html} from "htm/preact";
import {useMemo, useState} from "preact/hooks";
import {Curves, Dots} from "../chart.js";
import {has, rowOf} from "../data.js";
import {link, number} from "../format.js";
import {Region} from "../regions.js";
import {Thumb, useSection} from "../thumbs.js";

const MOST_CLASSES = 24;
const MOST_IMAGES = 12;

export function Unit({core, parts}) {
  const [model, layer, id] = [parts[0], parts.slice(1, -1).join("/"), Number(parts.at(-1))];
  const found = useSection(`units:${model}/${layer}`);
  const thumbs = useSection(found && !found.error ? `thumbs:${core.probes[model] ?? core.models.find(({name}) => name === model).dataset}` : null);
  const regions = useSection(has(`regions:${model}/${layer}`) ? `regions:${model}/${layer}` : null);
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
    <${Top} ids=${found.images.top?.[at]} thumbs=${thumbs} regions=${regions} at=${at} />
    ${strip("Images in which it has most relevance", found.images.reference?.[at], thumbs)}
    ${found.effects && html`<${Dots} title=${`What classes lose without unit ${id}`} unit="loss in nats; filled: found on validation images, confirmed on test images" items=${lost(found.effects, at)} />`}
    ${relevance(found.units, at).length > 0 && html`<${Dots} title="Mean relevance for each class" items=${relevance(found.units, at)} />`}
    <${Carried} model=${model} layer=${layer} id=${id} thumbs=${thumbs} core=${core} />
    <${Place} model=${model} ranks=${found.ranks} at=${at} id=${id} />
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

function Top({ids, thumbs, regions, at}) {
  if (!ids?.length) return null;
  const rank = (id) => regions?.images?.[at]?.indexOf(id) ?? -1;
  const told = regions ? "Bright: its region, where its map exceeds the unit's threshold." : "Its regions in them are not measured here: the layer has no maps, or no dissection looked at it.";
  return html`<section><h2>Images that activate it most</h2><p class="quiet">${told}</p>
    <div class="shown">${ids.map((id) => (rank(id) < 0
      ? html`<${Thumb} thumbs=${thumbs} id=${id} size=${128} />`
      : html`<${Region} thumbs=${thumbs} id=${id} regions=${regions} at=${at} rank=${rank(id)} />`))}</div></section>`;
}

// Explained images in which the unit is among those that add most to the lead of the decided class.
function Carried({model, layer, id, thumbs, core}) {
  const decided = useSection(has(`decided:${model}`) ? `decided:${model}` : null);
  const own = core.models.find(({name}) => name === model)?.dataset;
  const others = useSection(thumbs && core.probes[model] && core.probes[model] !== own && has(`thumbs:${own}`) ? `thumbs:${own}` : null);
  const title = html`<h2>Decisions that it carries</h2>`;
  if (!decided) return html`<section>${title}<p class="quiet">Not measured here: no image of ${model} is explained.</p></section>`;
  if (decided.layer !== layer) return html`<section>${title}<p class="quiet">Not measured here: only units in front of the last layer${decided.layer ? ` (${decided.layer})` : ""} add to a decision one by one. What classes lose without this unit is above.</p></section>`;
  const carried = Object.entries(decided.rests_on)
    .map(([image, each]) => ({image, ...each, adds: each.adds[each.units.indexOf(id)] ?? 0}))
    .filter(({adds}) => adds > 0).sort((one, two) => two.adds - one.adds).slice(0, MOST_IMAGES);
  return html`<section>${title}
    <p class="quiet">${carried.length ? "Of the explained images, those where it is among the units that add most to the lead of the decided class over the next one (logits)." : "In none of the explained images is it among the units that add most to the lead of the decided class."}</p>
    <div class="gallery">${carried.map(({image, decided: said, rival, adds, lead}) => html`<a href=${link("image", model, image)}>
      <${Thumb} thumbs=${others ?? thumbs} id=${image} size=${128} /><span>${said}, not ${rival}</span><span class="quiet">${number(adds)} of a lead of ${number(lead)}</span></a>`)}</div></section>`;
}

// Where the unit stands in each order of the sweep, beside the curve of that order.
function Place({model, ranks, at, id}) {
  const found = useSection(has(`function:${model}`) && ranks && Object.keys(ranks).length ? `function:${model}` : null);
  const [order, setOrder] = useState(null);
  const orders = Object.keys(ranks ?? {});
  const chosen = order ?? orders[0];
  const curves = useMemo(() => found?.curves?.filter(({split, method}) => split === "test" && [chosen, "random"].includes(method)) ?? [], [found, chosen]);
  const series = useMemo(() => curves.map((curve) => ({label: curve.method, values: curve.accuracy, low: curve.accuracy_low, high: curve.accuracy_high})), [curves]);
  const title = html`<h2>Where it stands on the curve</h2>`;
  if (!found || !curves.length) return html`<section>${title}<p class="quiet">Not measured here: the sweep switches on units in front of the last layer, of models that the configuration examines.</p></section>`;
  return html`<section>${title}
    <p>${orders.map((name) => `${name}: ${ranks[name][at]}`).join("; ")}, of ${found.units} units; 1 is switched on first.</p>
    <div class="tools"><label>Order <select value=${chosen} onChange=${(event) => setOrder(event.target.value)}>${orders.map((name) => html`<option>${name}</option>`)}</select></label></div>
    <${Curves} title=${`Accuracy on test images; the line is at unit ${id}, number ${ranks[chosen][at]} by ${chosen}`} x=${curves[0].k} series=${series} xLabel="units on" yLabel="accuracy" at=${ranks[chosen][at]} /></section>`;
}
