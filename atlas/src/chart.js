import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import uPlot from "uplot";
import {interval, number} from "./format.js";
import {curvesSvg, savePng, saveSvg} from "./exported.js";

// Okabe and Ito's colours, told apart by most readers, with dashes beside them.
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00", "#7a7a7a"];
const DASHES = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

export function Curves({title, x, series, xLabel, yLabel, marks = [], at}) {
  const place = useRef(null);
  const chart = useRef(null);
  const now = useRef(at);
  now.current = at;
  useEffect(() => {
    const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
    const faint = getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
    const axis = (label) => ({label, stroke: ink, grid: {stroke: faint, width: 1}, ticks: {stroke: faint}, font: "13px system-ui", labelFont: "13px system-ui"});
    const lines = [];
    const bands = [];
    const data = [x];
    series.forEach(({label, values, low, high}, index) => {
      const stroke = COLOURS[index % COLOURS.length];
      const dash = DASHES[Math.floor(index / COLOURS.length) % DASHES.length];
      if (low) {
        data.push(high, low);
        for (const end of ["highest", "lowest"]) lines.push({label: `${label}, ${end}`, stroke: "transparent", points: {show: false}, class: "end"});
        bands.push({series: [data.length - 2, data.length - 1], fill: `${stroke}22`});
      }
      data.push(values);
      lines.push({label, stroke, width: 2, dash, points: {show: false}, value: (_, value) => number(value)});
    });
    const options = {
      width: place.current.clientWidth || 600, height: 320, series: [{label: xLabel}, ...lines], bands,
      axes: [axis(xLabel), {...axis(yLabel), size: 64}], scales: {x: {time: false}}, legend: {show: true},
      hooks: {draw: [(plot) => draw(plot, marks, now.current, ink)]},
    };
    chart.current = new uPlot(options, data, place.current);
    const observer = new ResizeObserver(() => chart.current?.setSize({width: place.current?.clientWidth || 600, height: 320}));
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      chart.current.destroy();
    };
  }, [x, series, theme()]);
  useEffect(() => chart.current?.redraw(false), [at]);
  const drawing = () => curvesSvg({title, x, series, xLabel, yLabel, marks, at}, COLOURS, DASHES);
  return html`<figure class="chart">
    <figcaption>${title} <${Save} title=${title} drawing=${drawing} size=${[720, 360]} /></figcaption>
    <div ref=${place} role="img" aria-label=${described(title, x, series)}></div>
  </figure>`;
}

export function Save({title, drawing, size}) {
  return html`<button type="button" onClick=${() => saveSvg(title, drawing())}>SVG</button> <button type="button" onClick=${() => savePng(title, drawing(), ...size)}>PNG</button>`;
}

function theme() {
  return document.documentElement.dataset.theme ?? matchMedia("(prefers-color-scheme: dark)").matches;
}

function described(title, x, series) {
  const last = series.map(({label, values}) => `${label} ends at ${number(values.at(-1))}`).join("; ");
  return `${title}: ${last}, at ${number(x.at(-1))}.`;
}

function draw(plot, marks, at, ink) {
  const context = plot.ctx;
  const line = (value, dash) => {
    const left = plot.valToPos(value, "x", true);
    context.save();
    context.strokeStyle = ink;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(left, plot.bbox.top);
    context.lineTo(left, plot.bbox.top + plot.bbox.height);
    context.stroke();
    context.restore();
  };
  marks.forEach((value) => line(value, [4, 4]));
  if (at !== undefined) line(at, []);
}

// A dot with its interval for each name, as SVG, which can be saved as it is.
export function Dots({title, items, unit = ""}) {
  const place = useRef(null);
  const width = Math.min(640, document.documentElement.clientWidth - 28);
  const left = width < 500 ? 96 : 150;
  const right = width < 500 ? 60 : 205;
  const letters = Math.floor(left / 7.4);
  const row = 24;
  const ends = items.flatMap(({value, low, high}) => [value, low, high]).filter((each) => typeof each === "number");
  const least = Math.min(0, ...ends);
  const most = Math.max(0, ...ends, least + 1e-9);
  const to = (value) => left + ((value - least) / (most - least)) * (width - left - right);
  const high = items.length * row + 28;
  const drawing = () => {
    const copy = place.current.cloneNode(true);
    Object.entries({width, height: high, color: "#000"}).forEach(([name, value]) => copy.setAttribute(name, String(value)));
    return new XMLSerializer().serializeToString(copy);
  };
  return html`<figure class="chart">
    <figcaption>${title} <${Save} title=${title} drawing=${drawing} size=${[width, high]} /></figcaption>
    <svg ref=${place} xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${high}" role="img"
      aria-label=${`${title}: ${items.map(({name, value}) => `${name} ${number(value)}`).join("; ")}`} font-family="system-ui" font-size="13" fill="currentColor">
      <line x1=${to(0)} x2=${to(0)} y1="0" y2=${items.length * row + 4} stroke="currentColor" stroke-opacity=".4" />
      ${items.map(({name, value, low, high, found}, place) => {
        const y = place * row + 14;
        return html`<g>
          <text x=${left - 10} y=${y + 4} text-anchor="end">${name.length > letters ? `${name.slice(0, letters - 1)}…` : name}</text>
          ${typeof low === "number" && typeof high === "number" && html`<line x1=${to(low)} x2=${to(high)} y1=${y} y2=${y} stroke=${COLOURS[0]} stroke-width="2" />`}
          ${typeof value === "number" && html`<circle cx=${to(value)} cy=${y} r="5" fill=${found === false ? "none" : COLOURS[0]} stroke=${COLOURS[0]} stroke-width="2" />`}
          <text x=${width - right + 14} y=${y + 4}>${number(value, 2)}${width < 500 ? "" : interval(low, high, 2)}</text>
        </g>`;
      })}
      <text x=${(left + width - right) / 2} y=${items.length * row + 24} text-anchor="middle" opacity=".7">${unit}</text>
    </svg>
  </figure>`;
}
