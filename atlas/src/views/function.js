import {html} from "htm/preact";
import {useMemo, useState} from "preact/hooks";
import {Curves} from "../chart.js";
import {named} from "../data.js";
import {link, number} from "../format.js";
import {useSection} from "../thumbs.js";
import {Confusion} from "./confusion.js";
import {Table} from "../table.js";

const FIRST = ["random", "reversed", "logit_bias"];
const LABELS = {accuracy: "accuracy", loss: "cross-entropy (nats)", worst_accuracy: "worst group's accuracy"};

export function Function({parts}) {
  const chosen = parts.length ? parts.join("/") : named("function:")[0]?.slice("function:".length);
  const found = useSection(chosen && `function:${chosen}`);
  const [split, setSplit] = useState("test");
  const [metric, setMetric] = useState("accuracy");
  const [k, setK] = useState(null);
  const curves = useMemo(() => ordered(found?.curves?.filter((curve) => curve.split === split && curve[metric]) ?? []), [found, split, metric]);
  if (!chosen) return html`<h1 tabindex="-1">Retrieval of function</h1><p>The configuration does not ask for it.</p>`;
  const models = named("function:").map((name) => name.slice("function:".length));
  const x = curves[0]?.k ?? [];
  const series = useMemo(() => curves.map((curve) => ({label: curve.method.replaceAll("_", " "), values: curve[metric], low: curve[`${metric}_low`], high: curve[`${metric}_high`]})), [curves, metric]);
  const now = k === null ? x.length - 1 : Math.min(k, x.length - 1);
  return html`
    <h1 tabindex="-1">Retrieval of function</h1>
    <nav class="chips" aria-label="Models">${models.map((model) => html`<a href=${link("function", model)} aria-current=${model === chosen ? "page" : undefined}>${model}</a>`)}</nav>
    ${found?.error && html`<p role="alert">${found.error}</p>`}
    ${found && !found.error && html`
      <p>Units are switched on one by one in each order. Random orders are the control: their mean, with the least and the greatest of them as a band.</p>
      <div class="tools">
        <label>Split <select value=${split} onChange=${(event) => setSplit(event.target.value)}>${[...new Set(found.curves.map((curve) => curve.split))].map((name) => html`<option>${name}</option>`)}</select></label>
        <label>Measure <select value=${metric} onChange=${(event) => setMetric(event.target.value)}>${Object.entries(LABELS).map(([name, label]) => html`<option value=${name}>${label}</option>`)}</select></label>
        <label>Units on: <strong>${x[now]}</strong> <input type="range" min="0" max=${Math.max(x.length - 1, 0)} value=${now} onInput=${(event) => setK(Number(event.target.value))} /></label>
      </div>
      ${x.length > 0 && html`<${Curves} title=${`${chosen}: ${LABELS[metric]}, ${split}`} x=${x} series=${series} xLabel="units on" yLabel=${LABELS[metric]} at=${x[now]} marks=${turning(found.points, split, metric)} />
      <dl class="facts" aria-live="polite">${series.map(({label, values}) => html`<div><dt>${label}</dt><dd>${number(values[now])}</dd></div>`)}</dl>`}
      ${found.confusion && html`<${Confusion} confusion=${found.confusion} k=${x[now] ?? 0} model=${chosen} />`}
      <h2>Turning points</h2><${Table} table=${found.points} title=${`turning points ${chosen}`} />
      <h2>Roles of units</h2><p>Beside each share: how often splits of one population give that role by chance.</p><${Table} table=${found.roles} title=${`roles ${chosen}`} />`}`;
}

function ordered(curves) {
  return [...curves].sort((a, b) => FIRST.indexOf(a.method) - FIRST.indexOf(b.method));
}

function turning(points, split, metric) {
  const at = points.data.split.findIndex((each, row) => each === split && points.data.metric[row] === metric);
  return at < 0 ? [] : [points.data.n0[at]];
}
