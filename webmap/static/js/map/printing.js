// Paper: the map is laid out for A4 first, painted at that size, then printed.

/** @import { Box } from "../types/page.d.ts" */

/** Tells whether anything is still to be drawn, and the least zoom that says anything. @typedef {{ readonly isPainting: boolean, readonly least: number }} Painting */

import { find, findAll } from "../view/elements.js";
import { fit } from "./fitting.js";
import { setExactView } from "../view/zoom.js";

const PAINT_AT_MOST_MS = 4000;
const ASK_EVERY_MS = 100;

/**
 * Lay the map out for paper, wait until it is painted, open the print dialogue, lay it back.
 * ``words`` go where the page has data-print of their name; ``wanted`` is the box to fit, null fits what
 * the screen shows.
 * @param {L.Map} map
 * @param {Painting} painting
 * @param {Record<string, string>} words
 * @param {Box | null} wanted
 */
export async function print(map, painting, words, wanted) {
  const root = document.documentElement;
  // A second press while the first is still laid out.
  if (root.classList.contains("paper")) return;
  for (const [name, text] of Object.entries(words)) {
    find(HTMLElement, `[data-print="${name}"]`).textContent = text;
  }
  const seen = map.getBounds();
  /** @type {Box} */
  const box = wanted ?? [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()];
  const zoom = map.getZoom();
  const center = map.getCenter();
  // Nothing can be unfolded on paper.
  const folded = findAll(HTMLDetailsElement, ".legend:not([open]), .panel .fold:not([open])");
  root.classList.add("paper");
  for (const details of folded) details.open = true;
  map.invalidateSize({ animate: false });
  fit(map, box, { covers: 0, least: painting.least }, { maxZoom: map.getMaxZoom(), animate: false });
  await painted(painting);
  addEventListener("afterprint", () => {
    root.classList.remove("paper");
    map.invalidateSize({ animate: false });
    for (const details of folded) details.open = false;
    setExactView(map, center, zoom, { animate: false });
  }, { once: true });
  globalThis.print();
}

/**
 * Is this the key by which people print? The browser would print the screen, with the map cut off.
 * @param {KeyboardEvent} event
 */
export function isPrintKey({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  return key.toLowerCase() === "p" && (ctrlKey || metaKey) && !altKey && !shiftKey;
}

/** @param {Painting} painting */
async function painted(painting) {
  const latest = performance.now() + PAINT_AT_MOST_MS;
  do await pause(ASK_EVERY_MS);
  while (painting.isPainting && performance.now() < latest);
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
