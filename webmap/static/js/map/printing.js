// Paper: the map is laid out for A4 first, painted at that size, then printed.

import { fit } from "./controls.js";
import { setExactView } from "../view/zoom.js";

const PAINT_AT_MOST_MS = 4000;
const ASK_EVERY_MS = 100;

/**
 * Lay the map out for paper, wait until it is painted, open the print dialogue, lay it back.
 * ``painting`` tells by isPainting, and the least zoom that says anything; ``wanted`` is the box to fit, null fits what the screen shows.
 */
export async function print(map, painting, words, wanted) {
  const root = document.documentElement;
  // A second press while the first is still laid out.
  if (root.classList.contains("paper")) return;
  for (const [name, text] of Object.entries(words)) {
    document.querySelector(`[data-print="${name}"]`).textContent = text;
  }
  const seen = map.getBounds();
  const box = wanted ?? [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()];
  const zoom = map.getZoom();
  const center = map.getCenter();
  // Nothing can be unfolded on paper.
  const folded = [...document.querySelectorAll(".legend:not([open]), .panel .fold:not([open])")];
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

/** Is this the key by which people print? The browser would print the screen, with the map cut off. */
export function isPrintKey({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  return key.toLowerCase() === "p" && (ctrlKey || metaKey) && !altKey && !shiftKey;
}

async function painted(painting) {
  const latest = performance.now() + PAINT_AT_MOST_MS;
  do await pause(ASK_EVERY_MS);
  while (painting.isPainting && performance.now() < latest);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
