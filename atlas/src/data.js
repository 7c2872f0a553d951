// Sections of the page: inflated when they are asked for, and kept.
const kept = new Map();

export function has(name) {
  return element(name) !== undefined;
}

export function section(name) {
  if (!kept.has(name)) kept.set(name, inflate(name));
  return kept.get(name);
}

export function named(prefix) {
  return all().map((each) => each.dataset.section).filter((name) => name.startsWith(prefix));
}

function all() {
  return [...document.querySelectorAll("script[data-section]")];
}

function element(name) {
  return all().find((each) => each.dataset.section === name);
}

async function inflate(name) {
  const found = element(name);
  if (!found) throw new Error(`This page has no section ${name}`);
  const bytes = letters(found.textContent.trim());
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

export function letters(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// Tables come by columns; a row is what a reader picks.
export function rows(table) {
  return Array.from({length: table.rows}, (_, row) => rowOf(table, row));
}

export function rowOf(table, row) {
  return Object.fromEntries(table.columns.map(({name}) => [name, table.data[name][row]]));
}
