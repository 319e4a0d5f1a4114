// The layer of protomaps-leaflet that draws some sources together, made to fetch and paint our way.

/** @import { LabelRule, PaintRule, TileSourceOptions, VectorLayer } from "../types/tiles.d.ts" */
/** @import { Template } from "./addresses.js" */

/** @typedef {VectorLayer<TileSource>} Layer */

import { TileSource, Wave } from "./source.js";

// Data tiles whose names are laid out together; fewer, and names vanish on large screens.
const LABELLED_TILES = 96;
// Names and symbols reach this far over the county's box, as a share of it.
const OVERHANG = 0.05;

/**
 * Make a layer. What the ``old`` one has of the same addresses is taken over, with its tiles; ``k`` as
 * in rules.js; report() hears of every answer that arrives or fails.
 * @param {Template[]} templates
 * @param {{ paintRules: PaintRule[], labelRules: LabelRule[] }} rules
 * @param {{ k: number, maxZoom: number, old: Layer | null, report: (isAnswered: boolean) => void }} parts
 */
export function makeLayer(templates, rules, { k, maxZoom, old, report }) {
  const wave = new Wave();
  const sources = Object.fromEntries(templates.map(({ name, url }) => [name, sourceOf(url, wave, old, report)]));
  const { bounds } = templates[0];
  /** @type {Layer} */
  const layer = protomapsL.leafletLayer({
    sources,
    ...rules,
    attribution: "",
    maxZoom,
    // Nothing is drawn, or asked for, where the county is not.
    bounds: bounds && L.latLngBounds([bounds[1], bounds[0]], [bounds[3], bounds[2]]).pad(OVERHANG),
    keepBuffer: 1,
    tileDelay: 0.01,
    // One pixel of a canvas is one of the screen, at whatever scale its tile is shown.
    devicePixelRatio: devicePixelRatio / k,
    lang: document.documentElement.lang,
  });
  // Tiles that the one before has taken apart already need not be so again.
  for (const { name } of templates) {
    const view = old?.sources[name] === sources[name] ? old.views.get(name) : undefined;
    if (view) layer.views.set(name, view);
  }
  layer.sources = sources;
  layer.tileSize = Math.round(layer.tileSize);
  layer.on("loading", () => (layer.tasks = [wave.start()]));
  // A name that reaches into a tile paints it again, if it has been painted.
  const invalidate = (/** @type {Set<string>} */ keys) => {
    const painted = [...keys].filter((key) => layer._tiles[key]?.loaded);
    if (painted.length) layer.onTilesInvalidated(new Set(painted));
  };
  layer.labelers = new protomapsL.Labelers(layer.scratch, layer.labelRules, LABELLED_TILES, invalidate);
  return layer;
}

/**
 * Paint the tiles of a layer again. Those of another zoom are about to go; those that are not there
 * yet come in the new colours.
 * @param {Layer} layer
 */
export async function repaint(layer) {
  const tiles = Object.values(layer._tiles).filter(({ loaded, coords }) => loaded && coords.z === layer._tileZoom);
  await Promise.all(tiles.map(({ el, coords }) => paint(layer, coords, el)));
}

/**
 * Let a layer that is about to go keep what it shows, and ask for nothing more.
 * @param {Layer} layer
 */
export function rest(layer) {
  layer._update = () => {};
}

/**
 * Paint a tile again; the promise is kept when it is.
 * @param {Layer} layer
 * @param {L.Coords} coords
 * @param {HTMLCanvasElement & { key: string }} canvas
 * @returns {Promise<void>}
 */
function paint(layer, coords, canvas) {
  return new Promise((done) => layer.renderTile(layer._wrapCoords(coords), canvas, canvas.key, done));
}

/**
 * Where an address is still the same, its source is, with the tiles that it has.
 * @param {string} url
 * @param {Wave} wave
 * @param {Layer | null} old
 * @param {(isAnswered: boolean) => void} report
 * @returns {TileSourceOptions<TileSource>}
 */
function sourceOf(url, wave, old, report) {
  const kept = Object.values(old?.sources ?? {}).find((source) => source.url.template === url);
  if (!kept) return { url: new TileSource(url, wave, report), levelDiff: 1, maxDataZoom: 16 };
  kept.url.join(wave);
  return kept;
}
