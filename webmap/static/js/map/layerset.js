// The layers of the present mode, drawn together as one canvas layer so that no name ever lies on
// another. A change (mode, day, filter, new data) paints the next beneath the eye, then swaps.

/** @import { Config, Mode } from "../types/page.d.ts" */
/** @import { SourceName } from "../types/tiles.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { Quantiles } from "../view/classes.js" */
/** @import { Kinds } from "../view/shares.js" */
/** @import { Template } from "./addresses.js" */
/** @import { Layer } from "./vectorlayer.js" */

/**
 * What is drawn of services; empty in other modes.
 * @typedef {{ kind?: string, kinds?: Kinds, classes?: string | null, quantiles?: Quantiles | null, outside?: boolean }} Shares
 */

/** What is drawn, and a key that changes with it; ``ask`` is what was asked of the server. @typedef {{ key: string, mode: Mode, ask: string, templates: Template[], compared: { grid: number | null } | null, shares: Shares }} Drawn */
/** What is drawn, as the layer of the map; ``k`` as in rules.js. @typedef {Drawn & { k: number, layer: Layer }} Shown */

import { Addresses, stylesOf } from "./addresses.js";
import { finestLevel } from "../view/geometry.js";
import { rules } from "./rules.js";
import { layerQuery } from "../view/view.js";
import { tilePixels, tileZoom } from "../view/zoom.js";
import { makeLayer, repaint, rest } from "./vectorlayer.js";

/** @type {Record<Mode, SourceName[]>} */
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

export class LayerSet extends EventTarget {
  /** @type {Shown | null} */
  #shown = null;
  /** @type {Layer[]} */
  #retiring = [];
  #turn = 0;
  /** @type {View | null} */
  #view = null;
  /** @type {Quantiles | null} */
  #quantiles = null;
  /** @type {Set<number>} */
  #unnamed = new Set();
  /** @type {Map<number, number | null> | null} */
  #supposed = null;

  /**
   * overBase() says whether a base map lies beneath.
   * @param {L.Map} map
   * @param {Config} config
   * @param {() => boolean} overBase
   */
  constructor(map, config, overBase) {
    super();
    this.map = map;
    this.overBase = overBase;
    this.styles = stylesOf(config);
    this.addresses = new Addresses(config);
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

  /** What is drawn of services. @returns {Shares} */
  get shares() {
    return this.#shown?.shares ?? {};
  }

  /**
   * Draw what a view asks for; ``quantiles`` are those of another map beside which it stands.
   * @param {View} view
   * @param {Quantiles | null} [quantiles]
   */
  async show(view, quantiles = null) {
    this.#view = view;
    this.#quantiles = quantiles;
    const turn = ++this.#turn;
    const mode = view.mode;
    const compared = view.versus && mode !== "draw" ? { grid: view.grid } : null;
    /** @type {SourceName[]} */
    const wanted = compared ? [...SOURCES[mode], "changes"] : SOURCES[mode];
    const names = wanted.filter((name) => this.addresses.has(name));
    let answers;
    try {
      answers = await Promise.all(names.map((name) => this.addresses.find(name, view)));
    } catch {
      if (turn === this.#turn) this.#report(false);
      return;
    }
    if (turn !== this.#turn) return;
    const templates = answers.map(({ name, url, bounds }) => ({ name, url, bounds }));
    const told = answers.find(({ kinds }) => kinds);
    /** @type {Shares} */
    const shares = told ? { kind: told.kind, kinds: told.kinds, classes: view.classes, quantiles: quantiles ?? told.quantiles, outside: told.outside } : {};
    const key = JSON.stringify([mode, this.overBase(), templates, compared]);
    if (this.#shown?.key === key) {
      if (JSON.stringify(this.#shown.shares) !== JSON.stringify(shares)) this.#repaint(this.#shown, shares);
      return;
    }
    const shown = this.#shown;
    // A base map that comes or goes is no news of the county.
    const changed = JSON.stringify(shown?.templates) !== JSON.stringify(templates);
    const news = shown !== null && shown.mode === mode && shown.ask === ask(view, names) && changed;
    this.#swap({ key, mode, ask: ask(view, names), templates, compared, shares });
    if (news) this.dispatchEvent(new Event("news"));
  }

  // Names and symbols keep their size on the screen, so they are laid out again when tiles are
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

  /**
   * Leave the names of grids to others who write them on the map; an empty list takes them back.
   * @param {number[]} ids
   */
  unname(ids) {
    if (!ids.length && !this.#unnamed.size) return;
    this.#unnamed = new Set(ids);
    if (this.#shown) this.#swap(this.#shown);
  }

  /**
   * Paint what would be served of grids, a Map of per cent by number; null: what is.
   * @param {Map<number, number | null> | null} shares
   */
  suppose(shares) {
    if (!shares?.size && !this.#supposed?.size) return;
    this.#supposed = shares;
    if (this.#shown) this.#repaint(this.#shown, this.#shown.shares);
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

  /**
   * @param {Pick<Drawn, "mode" | "compared" | "shares">} drawn
   * @param {number} k
   */
  #rules({ mode, compared, shares }, k) {
    return rules(mode, this.styles, { overBase: this.overBase(), k, compared, unnamed: this.#unnamed, shares: { ...shares, supposed: this.#supposed } });
  }

  /**
   * Paint the same tiles in other colours: nothing is asked for.
   * @param {Shown} shown
   * @param {Shares} shares
   */
  async #repaint(shown, shares) {
    shown.shares = shares;
    const { layer, k } = shown;
    layer.paintRules = this.#rules(shown, k).paintRules;
    await repaint(layer);
    this.dispatchEvent(new Event("shown"));
    this.dispatchEvent(new Event("painted"));
  }

  /** @param {Drawn} drawn */
  #swap(drawn) {
    const old = this.#shown;
    if (old) {
      rest(old.layer);
      this.#retiring.push(old.layer);
    }
    const k = tilePixels(this.map.getZoom());
    const parts = { k, maxZoom: this.map.getMaxZoom(), old: this.layer, report: (/** @type {boolean} */ isAnswered) => this.#report(isAnswered) };
    const next = { ...drawn, k, layer: makeLayer(drawn.templates, this.#rules(drawn, k), parts) };
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

  /** @param {boolean} ok */
  #report(ok) {
    this.dispatchEvent(new Event(ok ? "answered" : "failed"));
  }
}

/**
 * @param {View} view
 * @param {SourceName[]} names
 */
function ask(view, names) {
  return JSON.stringify(names.map((name) => layerQuery(view, name)));
}
