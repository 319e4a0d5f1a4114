// Paper: the map is laid out for A4 first, painted at that size, then printed.

const PAINT_AT_MOST_MS = 4000;

/** Lay the map out for paper, wait until it is painted, open the print dialogue, lay it back. */
export async function print(map, layers, words) {
  for (const [name, text] of Object.entries(words)) {
    document.querySelector(`[data-print="${name}"]`).textContent = text;
  }
  const root = document.documentElement;
  const bounds = map.getBounds();
  const zoom = map.getZoom();
  const center = map.getCenter();
  root.classList.add("paper");
  map.invalidateSize({ animate: false });
  map.fitBounds(bounds, { animate: false });
  await painted(layers);
  addEventListener("afterprint", () => {
    root.classList.remove("paper");
    map.invalidateSize({ animate: false });
    map.setView(center, zoom, { animate: false });
  }, { once: true });
  globalThis.print();
}

function painted(layers) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PAINT_AT_MOST_MS);
    const idle = setTimeout(() => layers.layer?.isLoading() || resolve(), 250);
    layers.addEventListener("load", () => {
      clearTimeout(timer);
      clearTimeout(idle);
      setTimeout(resolve, 100);
    }, { once: true });
  });
}
