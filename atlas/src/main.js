import {html} from "htm/preact";
import {render} from "preact";
import {useEffect, useState} from "preact/hooks";
import "uplot/dist/uPlot.min.css";
import "tabulator-tables/dist/css/tabulator.min.css";
import "./style.css";
import {section} from "./data.js";
import {Findings} from "./views/findings.js";
import {Function} from "./views/function.js";
import {Images, ImagePage} from "./views/images.js";
import {Compare} from "./views/compare.js";
import {Claims, Data} from "./views/other.js";
import {Provenance} from "./views/provenance.js";
import {Unit} from "./views/unit.js";
import {Units} from "./views/units.js";

const VIEWS = {findings: Findings, finding: Findings, units: Units, unit: Unit, images: Images, image: ImagePage, function: Function, compare: Compare, data: Data, claims: Claims, provenance: Provenance};
const MENU = [["findings", "Findings"], ["units", "Units"], ["images", "Images"], ["function", "Function"], ["compare", "Compare"], ["data", "Data"], ["claims", "Claims"]];
const KEYS = [["1 … 7", "the views, from left to right"], ["/", "search the table"], ["← →", "unit or image before and after"], ["Enter", "on a column's head: sort by it"], ["?", "this list"], ["Esc", "close it"]];
const OVER = {finding: "findings", unit: "units", image: "images", provenance: "findings"};

function place() {
  const [view, rest = ""] = location.hash.slice(1).split(/=(.*)/s);
  const parts = rest ? rest.split("/").map(decoded) : [];
  return {view: VIEWS[view] ? view : "findings", parts};
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function App({core}) {
  const [at, setAt] = useState(place());
  const [help, setHelp] = useState(false);
  const [theme, setTheme] = useState(document.documentElement.dataset.theme ?? "");
  useEffect(() => {
    const moved = () => {
      setAt(place());
      setTimeout(() => {
        if (place().view !== "finding") scrollTo(0, 0);  // a finding scrolls to itself
        document.querySelector("h1")?.focus({preventScroll: true});
      });
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  useEffect(() => {
    const pressed = (event) => {
      if (event.target.matches?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
      const press = (selector) => document.querySelector(selector)?.click();
      const keys = {
        "/": () => { event.preventDefault(); document.querySelector("[data-search]")?.focus(); },
        "?": () => setHelp((shown) => !shown), Escape: () => setHelp(false),
        ArrowLeft: () => press("a[rel=prev]"), ArrowRight: () => press("a[rel=next]"),
      };
      const number = MENU[Number(event.key) - 1];
      if (number) location.hash = number[0];
      else if (!event.target.closest?.(".tabulator")) keys[event.key]?.();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  // Charts read their colours while they are drawn: the page has its theme before that.
  const turn = (to) => {
    document.documentElement.dataset.theme = to;
    setTheme(to);
  };
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => setAt(place());
    system.addEventListener("change", changed);
    return () => system.removeEventListener("change", changed);
  }, []);
  useEffect(() => {
    document.title = `${document.querySelector("h1")?.textContent ?? ""} – lucidag atlas`;
  });
  useEffect(() => {
    document.querySelector("nav [aria-current]")?.scrollIntoView({block: "nearest", inline: "center"});
  }, [at.view]);
  const dark = theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const View = VIEWS[at.view];
  const now = OVER[at.view] ?? at.view;
  return html`
    <a class="skip" href=${location.hash || "#findings"} onClick=${(event) => { event.preventDefault(); document.querySelector("h1")?.focus(); }}>Skip to content</a>
    <header>
      <a class="brand" href="#findings">lucidag <span>atlas</span></a>
      <nav aria-label="Views">${MENU.map(([name, title]) => html`<a href=${`#${name}`} aria-current=${name === now ? "page" : undefined}>${title}</a>`)}</nav>
      <div class="switches">
        <button type="button" onClick=${() => turn(dark ? "light" : "dark")}>${dark ? "Light" : "Dark"}</button>
        <button type="button" aria-expanded=${help} onClick=${() => setHelp(!help)}>Keys</button>
      </div>
    </header>
    ${help && html`<aside aria-label="Keys"><dl class="keys">${KEYS.map(([key, does]) => html`<div><dt>${key.split(" ").map((each) => html`<kbd>${each}</kbd> `)}</dt><dd>${does}</dd></div>`)}</dl></aside>`}
    <main><${View} key=${at.view} core=${core} parts=${at.parts} /></main>`;
}

section("core").then(
  (core) => render(html`<${App} core=${core} />`, document.getElementById("app")),
  (error) => { document.getElementById("app").textContent = `This page cannot be read: ${error}`; },
);
