// The layers of the present mode, drawn together as one canvas layer so that no name ever lies on
// another. A change (mode, day, filter, new data) paints the next beneath the eye, then swaps.

import { finestLevel } from "../view/geometry.js";
import { rules } from "./rules.js";
import { TileSource, Wave } from "./source.js";
import { layerQuery } from "../view/view.js";
import { tilePixels, tileZoom } from "../view/zoom.js";

const SOURCES = {
  territory: ["grids"],
  responsibility: ["grids", "members"],
  issues: ["grids", "issues"],
  coverage: ["grids", "coverage"],
  draw: ["grids"],
};
const ASK_EVERY_MS = 60_000;
// An old layer goes after this time even if the new one is not complete (a tile that fails).
const SWAP_AT_LATEST_MS = 6_000;
// Data tiles whose names are laid out together; fewer, and names vanish on large screens.
const LABELLED_TILES = 96;
// Names and symbols reach this far over the county's box, as a share of it.
const OVERHANG = 0.05;

export class LayerSet extends EventTarget {
  #shown = null; // {key, mode, ask, templates, shares, k, layer}
  #retiring = [];
  #turn = 0;
  #view = null;
  #quantiles = null;
  #unnamed = new Set();
  #supposed = null;

  /** config is the page's island; overBase() says whether a base map lies beneath. */
  constructor(map, config, overBase) {
    super();
    this.map = map;
    this.overBase = overBase;
    this.styles = Object.fromEntries(config.layers.map((layer) => [layer.name, layer.style]));
    this.addresses = Object.fromEntries(config.layers.map((layer) => [layer.name, layer.tilejson]));
    // What the page knows already, good for the first look; from then on the TileJSON is asked.
    this.known = Object.fromEntries(config.layers.map((layer) => [layer.name, layer.tiles]));
    // The county's box today; that of another day comes with the TileJSON.
    this.box = config.county?.bounds;
    setInterval(() => document.visibilityState === "visible" && this.refresh(), ASK_EVERY_MS);
    addEventListener("focus", () => this.refresh());
    map.on("zoomanim", ({ zoom }) => this.#shown && tilePixels(zoom) !== this.#shown.k && rest(this.#shown.layer));
    map.on("zoomend", () => this.#rescale());
  }

  /** The protomaps-leaflet layer on the map, null before the first. */
  get layer() {
    return this.#shown?.layer ?? null;
  }

  /** Is anything still to be drawn, or to make room? */
  get isPainting() {
    return Boolean(this.#retiring.length || this.layer?.isLoading());
  }

  /** The finest grid level drawn at the map's zoom. */
  get finestLevel() {
    return finestLevel(this.styles.grids.from_zoom, tileZoom(this.map.getZoom()));
  }

  /** What is drawn of services: {kind, kinds, classes, quantiles}; empty in other modes. */
  get shares() {
    return this.#shown?.shares ?? {};
  }

  /** Draw what a view asks for; ``quantiles`` are those of another map beside which it stands. */
  async show(view, quantiles = null) {
    this.#view = view;
    this.#quantiles = quantiles;
    const turn = ++this.#turn;
    const mode = view.mode;
    const compared = view.versus && mode !== "draw" ? { grid: view.grid } : null;
    const wanted = compared ? [...SOURCES[mode], "changes"] : SOURCES[mode];
    const names = wanted.filter((name) => this.addresses[name]);
    let answers;
    try {
      answers = await Promise.all(names.map((name) => this.#template(name, view)));
    } catch {
      if (turn === this.#turn) this.#report(false);
      return;
    }
    if (turn !== this.#turn) return;
    const templates = answers.map(({ name, url, bounds }) => ({ name, url, bounds }));
    const told = answers.find(({ kinds }) => kinds);
    const shares = told ? { kind: told.kind, kinds: told.kinds, classes: view.classes, quantiles: quantiles ?? told.quantiles, outside: told.outside } : {};
    const key = JSON.stringify([mode, this.overBase(), templates, compared]);
    if (this.#shown?.key === key) {
      if (JSON.stringify(this.#shown.shares) !== JSON.stringify(shares)) this.#repaint(shares);
      return;
    }
    const shown = this.#shown;
    // A base map that comes or goes is no news of the county.
    const changed = JSON.stringify(shown?.templates) !== JSON.stringify(templates);
    const news = shown !== null && shown.mode === mode && shown.ask === ask(view, names) && changed;
    this.#swap({ key, mode, ask: ask(view, names), templates, compared, shares });
    if (news) this.dispatchEvent(new Event("news"));
  }

  // Names and symbols keep their size on the screen, so they are laid out anew when tiles are
  // shown at another scale.
  #rescale() {
    if (this.#shown && this.#shown.k !== tilePixels(this.map.getZoom())) this.#swap(this.#shown);
  }

  /** Show nothing, and ask for nothing, until the next show(). */
  hide() {
    this.#turn += 1;
    this.#view = null;
    for (const layer of [...this.#retiring.splice(0), this.layer]) layer?.remove();
    this.#shown = null;
  }

  /** Leave the names of grids to whoever else writes them on the map; an empty list takes them back. */
  unname(ids) {
    if (!ids.length && !this.#unnamed.size) return;
    this.#unnamed = new Set(ids);
    if (this.#shown) this.#swap(this.#shown);
  }

  /** Paint what would be served of grids, a Map of per cent by number; null: what is. */
  suppose(shares) {
    if (!shares?.size && !this.#supposed?.size) return;
    this.#supposed = shares;
    if (this.#shown) this.#repaint(this.#shown.shares);
  }

  /** Ask whether the data has changed, and draw it if so. */
  refresh() {
    return this.#view ? this.show(this.#view, this.#quantiles) : undefined;
  }

  /** Paint again what failed. */
  retry() {
    if (this.#shown) this.#shown.layer.rerenderTiles();
    return this.refresh();
  }

  async #template(name, view) {
    const query = layerQuery(view, name);
    const known = this.known[name];
    this.known[name] = null;
    if (known && !query) return { name, url: known, bounds: this.box };
    const response = await fetch(this.addresses[name] + query, { cache: "no-cache" });
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    const { tiles, bounds, kind, kinds, quantiles, outside } = await response.json();
    // Same host by rule; a proxy may have changed how the server sees its own name.
    return { name, url: tiles[0].replace(/^https?:\/\/[^/]+/, ""), bounds, kind, kinds, quantiles, outside };
  }

  #rules({ mode, compared, shares }, k) {
    return rules(mode, this.styles, { overBase: this.overBase(), k, compared, unnamed: this.#unnamed, shares: { ...shares, supposed: this.#supposed } });
  }

  // The same tiles in other colours: nothing is asked for.
  async #repaint(shares) {
    this.#shown.shares = shares;
    const { layer, k } = this.#shown;
    layer.paintRules = this.#rules(this.#shown, k).paintRules;
    // Those of another zoom are about to go; those that are not there yet come in the new colours.
    const tiles = Object.values(layer._tiles).filter(({ loaded, coords }) => loaded && coords.z === layer._tileZoom);
    await Promise.all(tiles.map(({ el, coords }) => new Promise((done) => layer.renderTile(layer._wrapCoords(coords), el, el.key, done))));
    this.dispatchEvent(new Event("shown"));
    this.dispatchEvent(new Event("painted"));
  }

  // Where an address is still the same, its source is, with the tiles that it has.
  #source(url, wave) {
    const old = Object.values(this.layer?.sources ?? {}).find((source) => source.url.template === url);
    if (!old) return { url: new TileSource(url, wave, (ok) => this.#report(ok)), levelDiff: 1, maxDataZoom: 16 };
    old.url.join(wave);
    return old;
  }

  #make(drawn, k) {
    const { templates } = drawn;
    const wave = new Wave();
    const sources = Object.fromEntries(templates.map(({ name, url }) => [name, this.#source(url, wave)]));
    const { bounds } = templates[0];
    const layer = protomapsL.leafletLayer({
      sources,
      ...this.#rules(drawn, k),
      attribution: "",
      maxZoom: this.map.getMaxZoom(),
      // Nothing is drawn, or asked for, where the county is not.
      bounds: bounds && L.latLngBounds([bounds[1], bounds[0]], [bounds[3], bounds[2]]).pad(OVERHANG),
      keepBuffer: 1,
      tileDelay: 0.01,
      // One pixel of a canvas is one of the screen, at whatever scale its tile is shown.
      devicePixelRatio: devicePixelRatio / k,
      lang: document.documentElement.lang,
    });
    // Tiles that the one before has taken apart already need not be so again.
    for (const name of Object.keys(sources)) {
      const old = this.layer?.sources[name] === sources[name] && this.layer.views.get(name);
      if (old) layer.views.set(name, old);
    }
    layer.sources = sources;
    layer.tileSize = Math.round(layer.tileSize);
    layer.on("loading", () => (layer.tasks = [wave.start()]));
    // A name that reaches into a tile paints it again, if it has been painted.
    const repaint = (keys) => {
      const painted = [...keys].filter((key) => layer._tiles[key]?.loaded);
      if (painted.length) layer.onTilesInvalidated(new Set(painted));
    };
    layer.labelers = new protomapsL.Labelers(layer.scratch, layer.labelRules, LABELLED_TILES, repaint);
    return layer;
  }

  #swap(drawn) {
    const old = this.#shown;
    if (old) {
      rest(old.layer);
      this.#retiring.push(old.layer);
    }
    const k = tilePixels(this.map.getZoom());
    const next = { ...drawn, k, layer: this.#make(drawn, k) };
    this.#shown = next;
    const done = () => {
      for (const layer of this.#retiring.splice(0)) layer.remove();
      this.dispatchEvent(new Event("painted"));
    };
    next.layer.once("load", () => this.#shown === next && done());
    if (old) setTimeout(() => this.#shown === next && this.#retiring.length && done(), SWAP_AT_LATEST_MS);
    next.layer.on("loading", () => this.dispatchEvent(new Event("loading")));
    next.layer.on("load", () => this.dispatchEvent(new Event("load")));
    next.layer.addTo(this.map);
    this.dispatchEvent(new Event("shown"));
  }

  #report(ok) {
    this.dispatchEvent(new Event(ok ? "answered" : "failed"));
  }
}

// A layer that is about to go keeps what it shows, and asks for nothing more.
function rest(layer) {
  layer._update = () => {};
}

function ask(view, names) {
  return JSON.stringify(names.map((name) => layerQuery(view, name)));
}
