import {html} from "htm/preact";
import {has, rowOf} from "../data.js";
import {link, number} from "../format.js";
import {useSection} from "../thumbs.js";
import {Table} from "../table.js";
import {trusted} from "./units.js";

// What a decision rests on: units by name, and what is measured of changes to the image.
export function Deciding({model, image}) {
  const found = useSection(has(`decided:${model}`) ? `decided:${model}` : null);
  const own = found?.relevance?.[image];
  const last = useSection(found?.layer && has(`units:${model}/${found.layer}`) ? `units:${model}/${found.layer}` : null);
  const inner = useSection(own && has(`units:${model}/${own.layer}`) ? `units:${model}/${own.layer}` : null);
  if (!found) return null;
  const rests = found.rests_on[image];
  return html`
    <h2>Units behind the decision</h2>
    ${rests ? html`<p>${rests.decided} leads ${rests.rival} by ${number(rests.lead)} (logits). The ${rests.units.length} units below make ${number(sum(rests.adds))} of it; the other ${rests.of - rests.units.length} and the biases ${number(rests.others)}.</p>
      <${Table} table=${listed(found.columns, rests.units, {adds: rests.adds}, last, `features/${model}/`)} title=${`units behind ${image}`} links=${linked(model, last && found.layer)} />`
    : html`<p class="quiet">Not measured here: the logits of ${model} are not linear in its units, or its features of this image were not kept.</p>`}
    ${own ? html`<h3>By relevance for ${own.class}, in ${own.layer}</h3><${Table} table=${listed(found.columns, own.units, {share: own.shares}, inner, `relevance/${model}/crp/${image}.safetensors`)} title=${`relevance ${image}`} links=${linked(model, inner && own.layer)} />`
    : html`<p class="quiet">Relevance of units (CRP) is not measured here for this image: relevance.atlas.images takes the first ones.</p>`}
    <h2>What would change it</h2>
    ${rests && html`<p>${rests.without ? html`Without ${rests.without.length === 1 ? "unit" : `these ${rests.without.length} units`} ${rests.without.slice(0, 12).map((unit) => html`<a href=${last ? link("unit", model, found.layer, unit) : undefined}>${unit}</a> `)}${rests.without.length > 12 ? "and more " : ""}it would say ${rests.then}. No fewer units do that.` : "No units are enough: the decision stands whichever of them are switched off."}</p>`}
    ${found.edits[image] ? html`<${Table} table=${found.edits[image]} title=${`edits of ${image}`} />` : html`<p class="quiet">Not measured here: no study of shortcuts and no repair pastes an artefact into this image, or removes one.</p>`}`;
}

function sum(values) {
  return values.reduce((all, each) => all + each, 0);
}

function linked(model, layer) {
  return layer ? {unit: (row) => link("unit", model, layer, row.unit)} : {};
}

const kept = new WeakMap();
function listed(heads, units, more, section, file) {
  const known = kept.get(units);
  if (known?.section === section) return known.table;
  const name = (unit) => {
    const at = section?.units?.data?.unit?.indexOf(unit) ?? -1;
    return at < 0 ? "" : trusted(rowOf(section.units, at));
  };
  const table = {file, rows: units.length, columns: ["unit", "concept", ...Object.keys(more)].map((name) => heads[name]), data: {unit: units, concept: units.map(name), ...more}};
  kept.set(units, {section, table});
  return table;
}
