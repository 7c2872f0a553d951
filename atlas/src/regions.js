import {html} from "htm/preact";
import {useEffect, useRef} from "preact/hooks";
import {letters} from "./data.js";
import {Thumb} from "./thumbs.js";

const DARK = 0.4; // what lies outside of the region loses so much of its brightness

// An image that is darker outside of a unit's region, with the region's outline, as on the sheets of units.
export function Region({thumbs, id, regions, at, rank, size = 128}) {
  const place = useRef(null);
  useEffect(() => {
    const inside = region(regions, at, rank, size);
    const context = place.current.getContext("2d");
    const pixels = context.createImageData(size, size);
    inside.forEach((own, index) => pixels.data.set(edge(inside, index, size) ? [255, 220, 0, 255] : [0, 0, 0, own ? 0 : 255 * DARK], index * 4));
    context.putImageData(pixels, 0, 0);
  }, [regions, at, rank, size]);
  return html`<span class="region"><${Thumb} thumbs=${thumbs} id=${id} size=${size} />
    <canvas ref=${place} width=${size} height=${size} aria-hidden="true"></canvas></span>`;
}

function edge(inside, index, size) {
  if (!inside[index]) return false;
  const [row, column] = [Math.floor(index / size), index % size];
  const out = (y, x) => y >= 0 && x >= 0 && y < size && x < size && !inside[y * size + x];
  return out(row - 1, column) || out(row + 1, column) || out(row, column - 1) || out(row, column + 1);
}

// Where the map, brought to size x size bilinearly with both borders aligned, exceeds the unit's threshold.
export function region(regions, at, rank, size) {
  const {height, width} = regions;
  const map = values(regions, at * regions.images[at].length + rank);
  const [rows, columns] = [places(height, size), places(width, size)];
  const limit = regions.threshold[at] * 15;
  return Array.from({length: size * size}, (_, index) => {
    const [above, below, down] = rows[Math.floor(index / size)];
    const [left, right, across] = columns[index % size];
    const upper = map[above * width + left] * (1 - across) + map[above * width + right] * across;
    const lower = map[below * width + left] * (1 - across) + map[below * width + right] * across;
    return upper * (1 - down) + lower * down > limit;
  });
}

function values(regions, number) {
  regions.bytes ??= letters(regions.data);
  const many = regions.height * regions.width;
  return Array.from({length: many}, (_, place) => {
    const index = number * many + place;
    const byte = regions.bytes[index >> 1];
    return index % 2 ? byte & 15 : byte >> 4;
  });
}

function places(count, size) {
  return Array.from({length: size}, (_, pixel) => {
    const place = Math.min(count - 1, Math.max(0, ((pixel + 0.5) * count) / size - 0.5));
    const first = Math.floor(place);
    return [first, Math.min(first + 1, count - 1), place - first];
  });
}
