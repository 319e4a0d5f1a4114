// The layers of the present mode, drawn together as one canvas layer so that no name ever lies on
// another. A change (mode, day, filter, new data) paints the next beneath the eye, then swaps.

import { finestLevel } from "./geometry.js";
import { rules } from "./rules.js";
import { TileSource } from "./source.js";
import { layerQuery } from "./view.js";

const SOURCES = {
  territory: ["grids"],
  responsibility: ["grids", "members"],
  issues: ["grids", "issues"],
  coverage: ["grids", "coverage"],
};
const ASK_EVERY_MS = 60_000;
// An old layer goes after this time even if the new one is not complete (a tile that fails).
const SWAP_AT_LATEST_MS = 6_000;
// Data tiles whose names are laid out together; fewer, and names vanish on large screens.
const LABELLED_TILES = 96;

export class LayerSet extends EventTarget {
  #shown = null; // {key, layer, mode}
  #retiring = [];
  #turn = 0;
  #view = null;

  /** config is the page's island; overBase() says whether a base map lies beneath. */
  constructor(map, config, overBase) {
    super();
    this.map = map;
    this.overBase = overBase;
    this.styles = Object.fromEntries(config.layers.map((layer) => [layer.name, layer.style]));
    this.addresses = Object.fromEntries(config.layers.map((layer) => [layer.name, layer.tilejson]));
    // What the page knows already, good for the first look; from then on the TileJSON is asked.
    this.known = Object.fromEntries(config.layers.map((layer) => [layer.name, layer.tiles]));
    setInterval(() => document.visibilityState === "visible" && this.refresh(), ASK_EVERY_MS);
    addEventListener("focus", () => this.refresh());
  }

  /** The protomaps-leaflet layer on the map, null before the first. */
  get layer() {
    return this.#shown?.layer ?? null;
  }

  /** The finest grid level drawn at the map's zoom. */
  get finestLevel() {
    return finestLevel(this.styles.grids.from_zoom, this.map.getZoom());
  }

  /** Draw what a view asks for. */
  async show(view) {
    this.#view = view;
    const turn = ++this.#turn;
    const mode = view.mode;
    const names = SOURCES[mode].filter((name) => this.addresses[name]);
    let templates;
    try {
      templates = await Promise.all(names.map((name) => this.#template(name, view)));
    } catch {
      if (turn === this.#turn) this.#report(false);
      return;
    }
    if (turn !== this.#turn) return;
    const key = JSON.stringify([mode, this.overBase(), templates]);
    if (this.#shown?.key === key) return;
    const news = this.#shown !== null && this.#shown.mode === mode && this.#shown.ask === ask(view, names);
    this.#swap({ key, mode, ask: ask(view, names), layer: this.#make(mode, names, templates) });
    if (news) this.dispatchEvent(new Event("news"));
  }

  /** Ask whether the data has changed, and draw it if so. */
  refresh() {
    return this.#view ? this.show(this.#view) : undefined;
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
    if (known && !query) return known;
    const response = await fetch(this.addresses[name] + query, { cache: "no-cache" });
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    const { tiles } = await response.json();
    // Same host by rule; a proxy may have changed how the server sees its own name.
    return tiles[0].replace(/^https?:\/\/[^/]+/, "");
  }

  #make(mode, names, templates) {
    const sources = Object.fromEntries(
      names.map((name, i) => [
        name,
        { url: new TileSource(templates[i], (ok) => this.#report(ok)), levelDiff: 1, maxDataZoom: 16 },
      ]),
    );
    const drawn = rules(mode, this.styles, { overBase: this.overBase() });
    const layer = protomapsL.leafletLayer({
      sources,
      ...drawn,
      attribution: "",
      maxZoom: this.map.getMaxZoom(),
      keepBuffer: 1,
      tileDelay: 1,
      lang: document.documentElement.lang,
    });
    layer.labelers = new protomapsL.Labelers(layer.scratch, layer.labelRules, LABELLED_TILES, layer.onTilesInvalidated);
    return layer;
  }

  #swap(next) {
    const old = this.#shown;
    if (old) this.#retiring.push(old.layer);
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

function ask(view, names) {
  return JSON.stringify(names.map((name) => layerQuery(view, name)));
}
