// Charts as files: SVG as text, and PNG of an SVG on white.
import {fileName, number, save} from "./format.js";

export function saveSvg(title, text) {
  save(`${fileName(title)}.svg`, text, "image/svg+xml");
}

export async function savePng(title, text, width, height, scale = 2) {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([text], {type: "image/svg+xml"}));
  image.src = address;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), {width: width * scale, height: height * scale});
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  canvas.toBlob((blob) => save(`${fileName(title)}.png`, blob));
}

const [WIDE, HIGH, LEFT, TOP, BOTTOM, KEY] = [720, 360, 64, 34, 46, 190];

// Curves as SVG: what uPlot draws on a canvas, for a paper.
export function curvesSvg({title, x, series, xLabel, yLabel, marks = [], at}, colours, dashes) {
  const all = series.flatMap(({values, low, high}) => [values, low ?? [], high ?? []]).flat().filter((value) => typeof value === "number");
  const [least, most] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
  const toX = (value) => LEFT + ((value - x[0]) / Math.max(x.at(-1) - x[0], 1e-9)) * (WIDE - LEFT - KEY);
  const toY = (value) => HIGH - BOTTOM - ((value - least) / Math.max(most - least, 1e-9)) * (HIGH - BOTTOM - TOP);
  const path = (values) => values.map((value, place) => (typeof value === "number" ? `${toX(x[place]).toFixed(1)},${toY(value).toFixed(1)}` : "")).filter(Boolean).join(" ");
  const parts = series.map(({label, values, low, high}, index) => {
    const colour = colours[index % colours.length];
    const dash = dashes[Math.floor(index / colours.length) % dashes.length].join(" ");
    const band = low ? `<polygon points="${path(high)} ${path(low).split(" ").reverse().join(" ")}" fill="${colour}" fill-opacity=".13"/>` : "";
    const key = `<line x1="${WIDE - KEY + 12}" x2="${WIDE - KEY + 36}" y1="${TOP + 18 * index}" y2="${TOP + 18 * index}" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`
      + `<text x="${WIDE - KEY + 42}" y="${TOP + 4 + 18 * index}">${plain(label)}</text>`;
    return `${band}<polyline points="${path(values)}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>${key}`;
  });
  const ticks = [0, 1, 2, 3, 4].map((step) => {
    const [across, up] = [x[0] + ((x.at(-1) - x[0]) * step) / 4, least + ((most - least) * step) / 4];
    return `<text x="${toX(across)}" y="${HIGH - BOTTOM + 18}" text-anchor="middle">${number(across)}</text><text x="${LEFT - 8}" y="${toY(up) + 4}" text-anchor="end">${number(up)}</text>`
      + `<line x1="${LEFT}" x2="${WIDE - KEY}" y1="${toY(up)}" y2="${toY(up)}" stroke="#ddd"/>`;
  });
  const line = (value, dash) => `<line x1="${toX(value)}" x2="${toX(value)}" y1="${TOP}" y2="${HIGH - BOTTOM}" stroke="#333" stroke-dasharray="${dash}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDE} ${HIGH}" width="${WIDE}" height="${HIGH}" font-family="system-ui, sans-serif" font-size="12">`
    + `<text x="${LEFT}" y="18" font-weight="bold">${plain(title)}</text>${ticks.join("")}${parts.join("")}${marks.map((mark) => line(mark, "4 4")).join("")}${at === undefined ? "" : line(at, "")}`
    + `<text x="${(LEFT + WIDE - KEY) / 2}" y="${HIGH - 10}" text-anchor="middle">${plain(xLabel)}</text>`
    + `<text transform="translate(14 ${(TOP + HIGH - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${plain(yLabel)}</text></svg>`;
}

function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
