import {html} from "htm/preact";
import {useEffect} from "preact/hooks";
import {link} from "../format.js";

export function Findings({core, parts}) {
  const chosen = parts[0];
  useEffect(() => {
    if (chosen) document.getElementById(`finding-${chosen}`)?.scrollIntoView({block: "center"});
  }, [chosen]);
  const results = core.findings.filter(({level}) => level === "result");
  const doubts = core.findings.filter(({level}) => level === "doubt");
  return html`
    <h1 tabindex="-1">What was found</h1>
    ${grouped(results).map(([analysis, found]) => html`<section><h2>${analysis}</h2><${List} found=${found} chosen=${chosen} /></section>`)}
    <section class="doubts"><h2>What not to trust</h2>
      ${doubts.length === 0 && html`<p>No rule raised a doubt.</p>`}
      ${grouped(doubts).map(([analysis, found]) => html`<details open=${found.length <= 6 || found.some(({id}) => id === chosen)}>
        <summary>${analysis} <span class="quiet">${found.length}</span></summary><${List} found=${found} chosen=${chosen} /></details>`)}
    </section>
    <section><h2>How it was made</h2>
      <details><summary>Packages and seeds</summary>
        <dl class="facts">${Object.entries(core.versions).map(([name, version]) => html`<div><dt>${name}</dt><dd>${version}</dd></div>`)}</dl>
        <dl class="facts">${Object.entries(core.seeds).map(([name, seed]) => html`<div><dt>${name}</dt><dd>${seed === null ? "not trained here" : `seed ${seed}`}</dd></div>`)}</dl>
      </details>
      ${core.ran?.length > 0 && html`<details><summary>What ran <span class="quiet">${core.ran.length} analyses</span></summary>
        <dl class="ran">${core.ran.map(({analysis, doc, of}) => html`<div><dt>${analysis}</dt><dd>${doc} <span class="quiet">${of.join(", ")}</span></dd></div>`)}</dl></details>`}
      <ul class="quiet">${core.left_out.map((said) => html`<li>${said}</li>`)}</ul>
    </section>`;
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
        ${evidence.map(({file, where}) => html` <span class="file">${file}${where ? `: ${where}` : ""}</span>`)}
      </p>
    </li>`)}</ul>`;
}
