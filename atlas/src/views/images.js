import {html} from "htm/preact";
import {useEffect, useRef, useState} from "preact/hooks";
import {named, rows, section} from "../data.js";
import {link, number} from "../format.js";
import {Overlay, Plain, Thumb, useSection} from "../thumbs.js";
import {Table} from "../table.js";
import {Deciding} from "./deciding.js";

function Models({chosen}) {
  return html`<nav class="chips" aria-label="Models">${named("images:").map((name) => name.slice("images:".length)).map((model) => html`
    <a href=${link("images", model)} aria-current=${model === chosen ? "page" : undefined}>${model}</a>`)}</nav>`;
}

export function Images({parts}) {
  const chosen = parts[0] ?? named("images:")[0]?.slice("images:".length);
  const found = useSection(chosen && `images:${chosen}`);
  const thumbs = useSection(found && !found.error ? `thumbs:${found.dataset}` : null);
  const [label, setLabel] = useState("");
  const [right, setRight] = useState("");
  const [order, setOrder] = useState("");
  const [picked, setPicked] = useState({});
  const [split, setSplit] = useState("");
  const first = useRef(null);
  const clear = () => {
    [setLabel, setRight, setSplit].forEach((set) => set(""));
    setPicked({});
    first.current.focus(); // the button goes, and the focus must stay somewhere
  };
  if (!chosen) return html`<h1 tabindex="-1">Images</h1><p>The configuration asks for no explanations.</p>`;
  const all = found && !found.error ? rows(found.images) : [];
  const marks = found?.marks ?? [];
  const halves = middle(all.map((row) => row.agreement));
  const kept = all.filter((row, at) => (!label || row.label === label) && (!right || String(row.right) === right)
    && (!split || (typeof row.agreement === "number" && row.agreement < halves === (split === "less")))
    && marks.every(({name, values}) => !picked[name] || values[at] === picked[name]));
  if (order) kept.sort((a, b) => (a[order] ?? 9) - (b[order] ?? 9));
  return html`
    <h1 tabindex="-1">Images</h1>
    <${Models} chosen=${chosen} />
    <div class="tools">
      <label>Class <select ref=${first} value=${label} onChange=${(event) => setLabel(event.target.value)}><option value="">all</option>${[...new Set(all.map((row) => row.label))].map((name) => html`<option>${name}</option>`)}</select></label>
      <label>Decision <select value=${right} onChange=${(event) => setRight(event.target.value)}><option value="">all</option><option value="true">right</option><option value="false">wrong</option></select></label>
      ${halves !== null && html`<label>Methods <select value=${split} onChange=${(event) => setSplit(event.target.value)}><option value="">all</option><option value="less">disagree more than in the middle image</option><option value="more">disagree less</option></select></label>`}
      ${marks.map(({name, values}) => html`<label>${name.replaceAll("_", " ")} <select value=${picked[name] ?? ""} onChange=${(event) => setPicked({...picked, [name]: event.target.value})}><option value="">all</option>${[...new Set(values)].filter((each) => each !== null).sort().map((each) => html`<option value=${each}>${each}</option>`)}</select></label>`)}
      <label>Order <select value=${order} onChange=${(event) => setOrder(event.target.value)}><option value="">as drawn</option><option value="probability">least sure first</option><option value="agreement">methods disagree first</option></select></label>
      <span aria-live="polite" class="quiet">${kept.length} of ${all.length} images</span>
      ${(label || right || split || Object.values(picked).some(Boolean)) && html`<button type="button" onClick=${clear}>Clear filters: show all images</button>`}
    </div>
    <div class="gallery">${kept.map((row) => html`<a href=${link("image", chosen, row.image)} class=${row.right ? "" : "wrong"}>
      <${Thumb} thumbs=${thumbs} id=${row.image} size=${128} />
      <span>${row.label}${row.right ? "" : ` → ${row.prediction}`}</span><span class="quiet">${number(row.probability)}</span></a>`)}</div>
    ${found && !found.error && html`<${Table} table=${found.images} title=${`images ${chosen}`} links=${{image: (row) => link("image", chosen, row.image)}} />`}`;
}

function middle(values) {
  const known = values.filter((value) => typeof value === "number").sort((a, b) => a - b);
  return known.length > 1 ? known[Math.floor(known.length / 2)] : null;
}

// Tables name a method as the configuration does; a reader sees its title.
const kept = new WeakMap();
function titled(table, methods) {
  if (!kept.has(table)) {
    const titles = Object.fromEntries((methods ?? []).map(({name, title}) => [name, title]));
    const named = table.columns.map(({name}) => name).filter((name) => name.startsWith("method"));
    kept.set(table, {...table, data: {...table.data, ...Object.fromEntries(named.map((name) => [name, table.data[name].map((each) => titles[each] ?? each)]))}});
  }
  return kept.get(table);
}

// An address may name the image alone: the first model that explains it is meant.
function useModel(parts) {
  const [owner, setOwner] = useState(null);
  useEffect(() => {
    let wanted = true;
    const search = async () => {
      for (const name of named("images:")) {
        const {images} = await section(name);
        if (images.data.image.includes(parts[0])) return name.slice("images:".length);
      }
      return "";
    };
    if (parts.length === 1) search().then((model) => wanted && setOwner(model));
    return () => { wanted = false; };
  }, [parts.join("/")]);
  return parts.length > 1 ? [parts[0], parts.slice(1).join("/")] : [owner, parts[0]];
}

export function ImagePage({parts}) {
  const [model, image] = useModel(parts);
  if (model === null) return html`<h1 tabindex="-1">${image}</h1><p>Loading…</p>`;
  if (model === "") return html`<h1 tabindex="-1">${image}</h1><p role="alert">No model explains an image ${image}.</p>`;
  return html`<${Explained} model=${model} image=${image} />`;
}

function Explained({model, image}) {
  const found = useSection(`images:${model}`);
  const maps = useSection(`maps:${model}`);
  const thumbs = useSection(found && !found.error ? `thumbs:${found.dataset}` : null);
  const [opacity, setOpacity] = useState(0.65);
  const [zoom, setZoom] = useState(1);
  if (!found || !maps) return html`<h1 tabindex="-1">${image}</h1><p>Loading…</p>`;
  if (found.error) return html`<h1 tabindex="-1">${image}</h1><p role="alert">${found.error}</p>`;
  const ids = found.images.data.image;
  const at = ids.indexOf(image);
  if (at < 0) return html`<h1 tabindex="-1">${image}</h1><p role="alert">${model} explains no image ${image}.</p>`;
  const row = rows(found.images)[at];
  const facts = [["agreement", "Agreement of pairs of methods"], ["grades", "How well maps meet the object"]];
  return html`
    <h1 tabindex="-1">${image} <small>${model}</small></h1>
    <p class="step">
      ${at > 0 && html`<a href=${link("image", model, ids[at - 1])} rel="prev">← ${ids[at - 1]}</a>`}
      <a href=${link("images", model)}>all images</a>
      ${at + 1 < ids.length && html`<a href=${link("image", model, ids[at + 1])} rel="next">${ids[at + 1]} →</a>`}
    </p>
    <p>${model} says <strong>${row.prediction}</strong> with probability ${number(row.probability)}; its label is ${row.label}${row.right ? "" : ", so this explains a mistake"}. Maps are for the class ${row.explained}.</p>
    <div class="tools">
      <label>Opacity of maps <input type="range" min="0" max="1" step="0.05" value=${opacity} onInput=${(event) => setOpacity(Number(event.target.value))} /></label>
      <label>Zoom <input type="range" min="1" max="4" step="0.25" value=${zoom} onInput=${(event) => setZoom(Number(event.target.value))} /></label>
    </div>
    <div class="overlays"><${Plain} thumbs=${thumbs} id=${image} zoom=${zoom} />${maps.methods?.map((_, method) => html`<${Overlay} thumbs=${thumbs} maps=${maps} image=${image} method=${method} opacity=${opacity} zoom=${zoom} />`)}</div>
    <${Deciding} model=${model} image=${image} />
    ${found.notes[image] && html`<h2>Notes</h2><ul>${found.notes[image].map((note) => html`<li>${note}</li>`)}</ul>`}
    ${facts.map(([key, title]) => found[key]?.[image] && html`<h2>${title}</h2><${Table} table=${titled(found[key][image], maps.methods)} title=${`${title} ${image}`} />`)}`;
}
