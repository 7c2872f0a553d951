import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {has} from "../data.js";
import {link} from "../format.js";
import {Source} from "../source.js";

const FIRST = 3; // sentences of an analysis that stand open

export function Findings({core, parts}) {
  const chosen = parts[0];
  useEffect(() => {
    if (chosen) document.getElementById(`finding-${chosen}`)?.scrollIntoView({block: "center"});
  }, [chosen]);
  const results = core.findings.filter(({level}) => level === "result");
  const doubts = core.findings.filter(({level}) => level === "doubt");
  return html`
    <h1 tabindex="-1">What was found</h1>
    ${core.failed && html`<section class="warning" aria-label="Not complete"><p><strong>This page is not complete: ${core.failed.length === 0 ? "the run ended early" : core.failed.length === 1 ? "1 job failed" : `${core.failed.length} jobs failed`}.</strong> What was not made is left out.</p>
      <ul>${core.failed.map(([job, sentence, log]) => html`<li>${job}: ${sentence} <span class="file">${log}</span></li>`)}</ul></section>`}
    <nav class="chips" aria-label="On this page">
      <button type="button" class="care" onClick=${() => show("doubts")}>What not to trust <span>${doubts.length}</span></button>
      ${grouped(results).map(([analysis, found], at) => html`<button type="button" onClick=${() => show(`analysis-${at}`)}>${analysis} <span class="quiet">${found.length}</span></button>`)}
    </nav>
    ${grouped(results).map(([analysis, found], at) => html`<section id=${`analysis-${at}`}><h2 tabindex="-1">${analysis}</h2><${Some} found=${found} chosen=${chosen} /></section>`)}
    <section class="doubts" id="doubts"><h2 tabindex="-1">What not to trust</h2>
      ${doubts.length === 0 && html`<p>No rule raised a doubt.</p>`}
      ${grouped(doubts).map(([analysis, found]) => html`<details open=${found.length <= 6 || found.some(({id}) => id === chosen)}>
        <summary>${analysis} <span class="quiet">${found.length}</span></summary><${List} found=${found} chosen=${chosen} /></details>`)}
    </section>
    <section><h2>How it was made</h2>
      ${has("provenance") && html`<p><a href="#provenance">Provenance</a>: which job, settings and code made each file, and its digest.</p>`}
      <details><summary>Packages and seeds</summary>
        <dl class="facts">${Object.entries(core.versions).map(([name, version]) => html`<div><dt>${name}</dt><dd>${version}</dd></div>`)}</dl>
        <dl class="facts">${Object.entries(core.seeds).map(([name, seed]) => html`<div><dt>${name}</dt><dd>${seed === null ? "not trained here" : `seed ${seed}`}</dd></div>`)}</dl>
      </details>
      ${core.ran?.length > 0 && html`<details><summary>What ran <span class="quiet">${core.ran.length} analyses</span></summary>
        <dl class="ran">${core.ran.map(({analysis, doc, of}) => html`<div><dt>${analysis}</dt><dd>${doc} <span class="quiet">${of.join(", ")}</span></dd></div>`)}</dl></details>`}
      <ul class="quiet">${core.left_out.map((said) => html`<li>${said}</li>`)}</ul>
    </section>`;
}

// The page's address belongs to the views: within one, a button leads on.
function show(id) {
  const section = document.getElementById(id);
  section?.scrollIntoView();
  section?.querySelector("h2")?.focus({preventScroll: true});
}

function Some({found, chosen}) {
  const [first, rest] = [found.slice(0, FIRST), found.slice(FIRST)];
  return html`<${List} found=${first} chosen=${chosen} />
    ${rest.length > 0 && html`<details class="rest" open=${rest.some(({id}) => id === chosen)}><summary>${rest.length} more</summary><${List} found=${rest} chosen=${chosen} /></details>`}`;
}

function grouped(found) {
  const groups = new Map();
  found.forEach((each) => groups.set(each.analysis, [...(groups.get(each.analysis) ?? []), each]));
  return [...groups];
}

function List({found, chosen}) {
  return html`<ul class="findings">${found.map(({id, sentence, link: to, links, evidence}) => html`
    <li id=${`finding-${id}`} class=${id === chosen ? "chosen" : ""}>
      <p>${sentence}</p>
      <p class="quiet">
        ${(links ?? (to ? [{to, text: "Show"}] : [])).map((each) => html`<a href=${each.to}>${each.text}</a> `)}
        <a href=${link("finding", id)} aria-label="Link to this finding">#</a>
        ${evidence.map(({file, where}) => html` <${Source} file=${file}>${where ? `: ${where}` : ""}<//>`)}
      </p>
    </li>`)}</ul>`;
}
