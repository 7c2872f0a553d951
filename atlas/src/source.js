import {html} from "htm/preact";
import {has} from "./data.js";
import {link} from "./format.js";

// The name of a file, which leads to what made it.
export function Source({file, children}) {
  if (!file || !has("provenance")) return html`<span class="file">${file}${children}</span>`;
  return html`<span class="file"><a href=${link("provenance", file)}>${file}</a>${children}</span>`;
}
