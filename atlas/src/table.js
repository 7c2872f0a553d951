import {html} from "htm/preact";
import {options} from "preact";
import {useEffect, useRef, useState} from "preact/hooks";
import {
  DownloadModule, ExportModule, FilterModule, FormatModule, FrozenColumnsModule, KeybindingsModule, ResizeTableModule,
  SortModule, Tabulator,
} from "tabulator-tables";
import {rowOf} from "./data.js";
import {number, saveCsv} from "./format.js";
import {Source} from "./source.js";

Tabulator.registerModule([
  DownloadModule, ExportModule, FilterModule, FormatModule, FrozenColumnsModule, KeybindingsModule, ResizeTableModule,
  SortModule,
]);

// Whatever stands in a table is text: nodes are made here, and no string is ever read as HTML.
function node(text, attributes = {}) {
  const made = Object.assign(document.createElement("span"), attributes);
  made.textContent = text;
  return made;
}

// A head is a button: it takes the focus, tells what the column is, and a click on it sorts.
function head({title, text, name}, tell) {
  const made = Object.assign(document.createElement("button"), {type: "button", className: "head", title: [text, name].filter(Boolean).join("\n")});
  made.textContent = title;
  if (text) made.setAttribute("aria-description", text);
  for (const event of ["focus", "mouseenter"]) made.addEventListener(event, () => tell(text ? `${title}: ${text}` : title));
  return made;
}

function cell(kind, links, table) {
  return (found) => {
    const value = found.getValue();
    const href = links?.(rowOf(table, found.getRow().getData().id));
    if (href) return Object.assign(document.createElement("a"), {href, textContent: number(value)});
    if (kind === "flag") return node(value === null ? "–" : value ? "yes" : "no");
    return node(number(value), {className: kind === "number" ? "number" : ""});
  };
}

// Sorting puts what is missing last in both directions.
function compare(a, b, _one, _two, _column, direction) {
  const missing = (value) => value === null || value === undefined || value === "";
  if (missing(a) || missing(b)) return (missing(a) - missing(b)) * (direction === "asc" ? 1 : -1);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", {numeric: true});
}

const MOST_VALUES = 12; // of a column that rows are picked by
const MOST_FILTERS = 4;

// Columns of words or flags that rows may be picked by.
function pickable(table) {
  return table.columns.filter(({name, kind}) => kind !== "number" && new Set(table.data[name]).size > 1 && new Set(table.data[name]).size <= MOST_VALUES).slice(0, MOST_FILTERS);
}

// Small bars from a line at zero: upwards what is lost.
function bars({names, values}, row) {
  const own = values(row) ?? [];
  const most = Math.max(...own.map((value) => Math.abs(value ?? 0)), 1e-9);
  const canvas = Object.assign(document.createElement("canvas"), {width: 6 * own.length, height: 24});
  const greatest = own.indexOf(Math.max(...own));
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `most: ${names[greatest]} ${number(own[greatest])}`);
  canvas.title = own.map((value, place) => `${names[place]} ${number(value)}`).join("\n");
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--accent");
  own.forEach((value, place) => context.fillRect(place * 6, 12 - (12 * Math.max(value ?? 0, 0)) / most, 5, Math.max(1, (12 * Math.abs(value ?? 0)) / most)));
  return canvas;
}

export function Table({table, title, links = {}, hidden = [], height, filters, spark, lead, first = ""}) {
  const [picked, setPicked] = useState({});
  const [every, setEvery] = useState(false);
  const less = lead && !every && table.columns.some(({name}) => !lead(name));
  const place = useRef(null);
  const made = useRef(null);
  const [words, setWords] = useState(first);
  const [told, setTold] = useState("");
  const [shown, setShown] = useState(table.rows);
  useEffect(() => {
    const columns = table.columns.filter(({name}) => !hidden.includes(name) && (!less || lead(name))).map((column, at) => ({
      field: `c${at}`,
      title: column.title,
      titleFormatter: () => head(column, setTold),
      formatter: cell(column.kind, links[column.name], table),
      sorter: compare,
      hozAlign: column.kind === "number" ? "right" : "left",
      frozen: at === 0 && table.columns.length > 4,
      titleDownload: column.name,
      name: column.name,
    }));
    const data = Array.from({length: table.rows}, (_, row) => ({
      id: row,
      ...Object.fromEntries(columns.map(({field, name}) => [field, table.data[name][row]])),
    }));
    const heads = columns.map(({name, ...rest}) => rest);
    if (spark) heads.splice(1, 0, {field: "spark", title: spark.title, headerSort: false, titleFormatter: () => head({title: spark.title, text: spark.text, name: ""}, setTold), formatter: (found) => bars(spark, found.getRow().getData().id)});
    const grid = place.current; // which may be gone when the table is built
    const drawn = new Tabulator(grid, {
      data, columns: heads, layout: "fitDataFill", height: height ?? (table.rows > 25 ? 560 : undefined), movableColumns: false,
      placeholder: "No rows", columnDefaults: {headerSortTristate: true, minWidth: 60, maxInitialWidth: 260}, renderHorizontal: columns.length > 30 ? "virtual" : "basic",
    });
    made.current = drawn;
    drawn.on("dataFiltered", (_, kept) => setShown(kept.length));
    drawn.on("tableBuilt", () => named(grid, title, table.rows));
    return () => drawn.destroy();
  }, [table, less]);
  useEffect(() => {
    const text = words.trim().toLowerCase();
    const all = ({id}) => Object.entries(picked).every(([name, value]) => !value || String(table.data[name][id]) === value)
      && (!text || table.columns.some(({name}) => String(table.data[name][id] ?? "").toLowerCase().includes(text)));
    const drawn = made.current; // which another may have followed when it is built
    const act = () => drawn === made.current && (text || Object.values(picked).some(Boolean) ? drawn.setFilter(all) : drawn.clearFilter(true));
    drawn?.initialized ? act() : drawn?.on("tableBuilt", act);
  }, [words, table, picked, less]);
  const paper = usePaper();
  const search = useRef(null);
  const clear = () => {
    setWords("");
    setPicked({});
    search.current.focus(); // the button goes, and the focus must stay somewhere
  };
  return html`
    <div class="table">
      <div class="tools">
        <label>Search <input type="search" value=${words} onInput=${(event) => setWords(event.target.value)} ref=${search} data-search /></label>
        ${filters && pickable(table).map((column) => html`<label>${column.title} <select value=${picked[column.name] ?? ""} onChange=${(event) => setPicked({...picked, [column.name]: event.target.value})}>
          <option value="">all</option>${[...new Set(table.data[column.name])].filter((each) => each !== null && each !== "").sort().map((each) => html`<option value=${String(each)}>${number(each)}</option>`)}</select></label>`)}
        <span aria-live="polite" class="quiet">${shown} of ${table.rows} rows</span>
        ${(words || Object.values(picked).some(Boolean)) && html`<button type="button" onClick=${clear}>Clear filters: show all rows</button>`}
        ${lead && table.columns.some(({name}) => !lead(name)) && html`<button type="button" aria-pressed=${every} onClick=${() => setEvery(!every)}>All columns</button>`}
        <button type="button" onClick=${() => csv(table, title)}>CSV</button>
        ${table.file && html`<span class="quiet">source: <${Source} file=${table.file} /></span>`}
      </div>
      <div ref=${place} class=${paper ? "unprinted" : ""}></div>
      <p class="quiet meaning" aria-hidden="true">${told}</p>
      ${paper && html`<${Paper} table=${table} title=${title} hidden=${hidden} kept=${made.current?.getData("active")} />`}
    </div>`;
}

// A printer has no scroll bar: while it prints, a plain table stands there with all the rows that the search keeps.
function usePaper() {
  const [paper, setPaper] = useState(false);
  useEffect(() => {
    const [before, after] = [() => flushed(() => setPaper(true)), () => setPaper(false)];
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
  return paper;
}

// What is printed is what stands there when the event ends: no rendering may wait for later.
function flushed(act) {
  const later = options.debounceRendering;
  options.debounceRendering = (draw) => draw();
  act();
  options.debounceRendering = later;
}

function Paper({table, title, hidden, kept}) {
  const columns = table.columns.filter(({name}) => !hidden.includes(name));
  const rows = kept ?? Array.from({length: table.rows}, (_, row) => ({id: row}));
  return html`<table class="paper"><caption>${title}</caption>
    <thead><tr>${columns.map((column) => html`<th scope="col">${column.title}</th>`)}</tr></thead>
    <tbody>${rows.map(({id}) => html`<tr>${columns.map(({name}) => html`<td>${number(table.data[name][id])}</td>`)}</tr>`)}</tbody></table>`;
}

// Tabulator says that groups of rows stand in groups of rows; a grid has one for its heads, and one that scrolls by key.
function named(grid, title, rows) {
  grid.setAttribute("aria-label", title);
  grid.setAttribute("aria-rowcount", String(rows + 1));
  grid.querySelector(".tabulator-header-contents")?.removeAttribute("role");
  grid.querySelector(".tabulator-table")?.removeAttribute("role");
  const holder = grid.querySelector(".tabulator-tableholder");
  holder?.setAttribute("role", "rowgroup");
  holder?.setAttribute("tabindex", "0");
}

function csv(table, title) {
  const names = table.columns.map(({name}) => name);
  saveCsv(title, [names, ...Array.from({length: table.rows}, (_, row) => names.map((name) => table.data[name][row]))]);
}
