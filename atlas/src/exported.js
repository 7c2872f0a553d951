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

const [CELL, NAMES, MOST_LETTERS] = [44, 150, 20]; // of a matrix: a cell, and the room for names of classes

export function matrixSize(classes) {
  return [NAMES + classes.length * CELL + 16, 34 + NAMES + classes.length * CELL + 16];
}

export function share(row, count) {
  return count / Math.max(1, row.reduce((sum, each) => sum + each, 0));
}

// A matrix of counts as SVG: darker with the share of the row, and the diagonal has an edge.
export function matrixSvg({title, classes, rows}) {
  const [width, height] = matrixSize(classes);
  const top = 34 + NAMES;
  const name = (text) => plain(text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS - 1)}…` : text);
  const heads = classes.map((each, at) => {
    const [x, y] = [NAMES + at * CELL + CELL / 2, top + at * CELL + CELL / 2];
    return `<text transform="translate(${x + 4} ${top - 8}) rotate(-90)">${name(each)}</text><text x="${NAMES - 8}" y="${y + 4}" text-anchor="end">${name(each)}</text>`;
  });
  const cells = rows.flatMap((row, at) => row.map((count, column) => {
    const [x, y, part] = [NAMES + column * CELL, top + at * CELL, share(row, count)];
    return `<rect x="${x}" y="${y}" width="${CELL}" height="${CELL}" fill="#0072b2" fill-opacity="${(0.8 * part).toFixed(3)}" stroke="#bbb"/>`
      + (at === column ? `<rect x="${x + 1.5}" y="${y + 1.5}" width="${CELL - 3}" height="${CELL - 3}" fill="none" stroke="#333" stroke-width="2"/>` : "")
      + `<text x="${x + CELL / 2}" y="${y + CELL / 2 + 4}" text-anchor="middle" fill="${part > 0.6 ? "#fff" : "#000"}">${number(count)}</text>`;
  }));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`
    + `<text x="8" y="18" font-weight="bold">${plain(title)}</text><text x="8" y="${top - 8}">true ↓ taken for →</text>${heads.join("")}${cells.join("")}</svg>`;
}

function plain(text) {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
