import {html} from "htm/preact";
import {useEffect, useRef, useState} from "preact/hooks";
import {letters, section} from "./data.js";

export function useSection(name) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    let wanted = true;
    setFound(null);
    if (name) section(name).then((value) => wanted && setFound(value), (error) => wanted && setFound({error: String(error)}));
    return () => { wanted = false; };
  }, [name]);
  return found;
}

export function Thumb({thumbs, id, alt, size = 96}) {
  const at = thumbs?.ids?.indexOf(id) ?? -1;
  const label = alt ?? (at < 0 ? id : `${id}, ${thumbs.label[at]}`);
  if (at < 0) return html`<span class="missing" style=${{width: `${size}px`, height: `${size}px`}} title=${`${id} is not in this page`}>${id}</span>`;
  return html`<img src=${`data:image/webp;base64,${thumbs.webp[at]}`} alt=${label} title=${label} width=${size} height=${size} loading="lazy" />`;
}

// Values of four bits, two in a byte.
export function mapOf(maps, image, method) {
  const many = maps.methods.length;
  const at = maps.images.indexOf(image) * many + method;
  if (!maps.bytes) maps.bytes = letters(maps.data);
  const places = maps.size * maps.size;
  return Float32Array.from({length: places}, (_, place) => {
    const index = at * places + place;
    const byte = maps.bytes[index >> 1];
    return index % 2 ? byte & 15 : byte >> 4;
  });
}

// One colour map for all of a kind: black to yellow through orange, or blue to red with white between.
function colour(value, signed) {
  if (!signed) {
    const share = value / 15;
    return [Math.min(255, 40 + 400 * share), Math.min(255, 300 * Math.max(0, share - 0.25)), 60 * (1 - share), 255 * share];
  }
  const share = (value - 7) / 7;
  return share >= 0 ? [200, 30, 30, 255 * share] : [30, 60, 200, -255 * share];
}

export function Plain({thumbs, id, zoom}) {
  return html`<figure class="overlay">
    <div class="stack" style=${{"--zoom": zoom}}><div class="inner"><${Thumb} thumbs=${thumbs} id=${id} size=${160} /></div></div>
    <figcaption>The image</figcaption>
  </figure>`;
}

export function Overlay({thumbs, maps, image, method, opacity, zoom}) {
  const place = useRef(null);
  const about = maps.methods[method];
  const present = maps.present[maps.images.indexOf(image) * maps.methods.length + method];
  useEffect(() => {
    const canvas = place.current;
    const values = mapOf(maps, image, method);
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(maps.size, maps.size);
    values.forEach((value, at) => pixels.data.set(colour(value, about.signed), at * 4));
    context.putImageData(pixels, 0, 0);
  }, [maps, image, method]);
  return html`<figure class="overlay">
    <div class="stack" style=${{"--zoom": zoom}}>
      <div class="inner">
        <${Thumb} thumbs=${thumbs} id=${image} alt="" size=${160} />
        <canvas ref=${place} width=${maps.size} height=${maps.size} style=${{opacity}} role="img" aria-label=${`Map by ${about.title}${present ? "" : ": empty"}`}></canvas>
      </div>
    </div>
    <figcaption>${about.title}${!present && html` <em>empty</em>`}</figcaption>
  </figure>`;
}
