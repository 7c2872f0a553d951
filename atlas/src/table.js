import {html} from "htm/preact";
import {useEffect, useRef, useState} from "preact/hooks";
import {
  DownloadModule, ExportModule, FilterModule, FormatModule, FrozenColumnsModule, KeybindingsModule, ResizeTableModule,
  SortModule, Tabulator,
} from "tabulator-tables";
import {fileName, number} from "./format.js";

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

function cell(kind, links) {
  return (found) => {
    const value = found.getValue();
    const href = links?.(found.getRow().getData());
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

export function Table({table, title, links = {}, hidden = [], height}) {
  const place = useRef(null);
  const made = useRef(null);
  const [words, setWords] = useState("");
  const [shown, setShown] = useState(table.rows);
  useEffect(() => {
    const columns = table.columns.filter(({name}) => !hidden.includes(name)).map((column, at) => ({
      field: `c${at}`,
      title: column.title,
      titleFormatter: () => node(column.title, {title: [column.text, column.name].filter(Boolean).join("\n")}),
      formatter: cell(column.kind, links[column.name]),
      sorter: compare,
      hozAlign: column.kind === "number" ? "right" : "left",
      frozen: at === 0 && table.columns.length > 4,
      titleDownload: column.name,
      name: column.name,
    }));
    const data = Array.from({length: table.rows}, (_, row) => ({
      id: row,
      ...Object.fromEntries(table.columns.map(({name}) => [name, table.data[name][row]])),
      ...Object.fromEntries(columns.map(({field, name}) => [field, table.data[name][row]])),
    }));
    const options = columns.map(({name, ...rest}) => rest);
    const found = new Tabulator(place.current, {
      data, columns: options, layout: "fitDataFill", height: height ?? (table.rows > 25 ? 560 : undefined), movableColumns: false,
      placeholder: "No rows", columnDefaults: {headerSortTristate: true, minWidth: 60, maxInitialWidth: 260}, renderHorizontal: columns.length > 30 ? "virtual" : "basic",
    });
    made.current = found;
    found.on("dataFiltered", (_, kept) => setShown(kept.length));
    return () => found.destroy();
  }, [table]);
  useEffect(() => {
    const text = words.trim().toLowerCase();
    const all = (row) => table.columns.some(({name}) => String(row[name] ?? "").toLowerCase().includes(text));
    const act = () => (text ? made.current?.setFilter(all) : made.current?.clearFilter(true));
    made.current?.initialized ? act() : made.current?.on("tableBuilt", act);
  }, [words, table]);
  return html`
    <div class="table">
      <div class="tools">
        <label>Search <input type="search" value=${words} onInput=${(event) => setWords(event.target.value)} data-search /></label>
        <span aria-live="polite" class="quiet">${shown} of ${table.rows} rows</span>
        <button type="button" onClick=${() => csv(table, title)}>CSV</button>
        <span class="quiet file">${table.file}</span>
      </div>
      <div ref=${place} role="region" aria-label=${title} tabindex="0"></div>
    </div>`;
}

function csv(table, title) {
  const quoted = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const line = (cells) => cells.map((value) => quoted(value === null || value === undefined ? "" : String(value))).join(",");
  const lines = [line(table.columns.map(({name}) => name))];
  for (let row = 0; row < table.rows; row += 1) lines.push(line(table.columns.map(({name}) => table.data[name][row])));
  saveText(`${fileName(title)}.csv`, lines.join("\n") + "\n");
}

import {save} from "./format.js";
function saveText(name, text) {
  save(name, text, "text/csv");
}
