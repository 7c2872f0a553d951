// Numbers as the documents write them: no zero before the point, digits that count.
export function number(value, digits = 3) {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 0.00001) return value.toExponential(1).replaceAll("-", "−");
  const text = Math.abs(value) < 0.001 ? value.toFixed(1 - Math.floor(Math.log10(Math.abs(value)))) : Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(digits)));
  return text.replace(/^(-?)0\./, "$1.").replace("-", "−");
}

export function interval(low, high, digits = 3) {
  return low === null || high === null || low === undefined ? "" : ` (${number(low, digits)} to ${number(high, digits)})`;
}

export function link(view, ...parts) {
  return `#${view}${parts.length ? "=" : ""}${parts.map((part) => encodeURIComponent(part)).join("/")}`;
}

export function save(name, content, kind) {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], {type: kind}));
  const anchor = Object.assign(document.createElement("a"), {href: address, download: name});
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

export function fileName(text) {
  return text.replace(/[^\p{L}\p{N}.-]+/gu, "-").replace(/^-|-$/g, "") || "table";
}

export function saveCsv(title, rows) {
  const quoted = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const lines = rows.map((row) => row.map((value) => quoted(value === null || value === undefined ? "" : String(value))).join(","));
  save(`${fileName(title)}.csv`, lines.join("\n") + "\n", "text/csv");
}
