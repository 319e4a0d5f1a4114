// Side by side: a second map that shows another kind, or another day, and moves with the first.

/** @import { Box, Config } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { Base } from "../map/controls.js" */
/** @import { Outline } from "../map/outline.js" */
/** @import { Grid } from "../map/picking.js" */
/** @import { Store } from "../view/store.js" */

/** The second map, and what is on it; ``names`` say what each of the two shows. @typedef {{ map: L.Map, layers: LayerSet, selection: Selection, hover: Hover, names: HTMLElement[] }} Second */

import { find } from "../view/elements.js";
import { written } from "../panel/bars.js";
import { whole } from "../map/fitting.js";
import { Hover } from "../map/hover.js";
import { LayerSet } from "../map/layerset.js";
import { Selection } from "../map/selection.js";
import { nameOf } from "../view/shares.js";
import { setExactView } from "../view/zoom.js";

export class Beside {
  /** Made when it is first wanted. @type {Second | null} */
  #second = null;
  /** The map that the other is following just now. @type {L.Map | null} */
  #leader = null;

  /**
   * pointed() hears of the grids under the pointer on the second map; fit() brings a box into what is
   * free of the first.
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Config} parts.config
   * @param {Store} parts.store
   * @param {LayerSet} parts.layers
   * @param {Base} parts.base
   * @param {Hover} parts.hover
   * @param {Outline} parts.outline
   * @param {(map: L.Map, layers: LayerSet, grid: Grid | null, grids: Grid[]) => void} parts.pointed
   * @param {(box: Box) => void} parts.fit
   */
  constructor({ map, config, store, layers, base, hover, outline, pointed, fit }) {
    this.map = map;
    this.config = config;
    this.store = store;
    this.layers = layers;
    this.base = base;
    this.hover = hover;
    this.outline = outline;
    this.pointed = pointed;
    this.fit = fit;
    layers.addEventListener("shown", () => this.#draw());
  }

  /** Is anything still to be drawn on the second map? */
  get isPainting() {
    return this.isShown && Boolean(this.#second?.layers.isPainting);
  }

  get isShown() {
    return document.documentElement.dataset.beside !== undefined;
  }

  /**
   * Light up a grid on the second map, as it is under the pointer on the first.
   * @param {Grid | null} grid
   */
  light(grid) {
    if (this.isShown) this.#second?.hover.light(grid);
  }

  /**
   * Follow the view: lay the maps out, and let both show what it says.
   * @param {View} view
   */
  show(view) {
    const wanted = view.mode === "coverage" && view.beside !== null;
    if (wanted !== this.isShown) this.#lay(wanted);
    if (view.beside === null || !this.isShown) return;
    this.#draw();
    this.#second?.selection.show(view.grid, otherView(view, view.beside).on);
    this.#name();
  }

  // In the classes of the first, so that a colour says the same on both.
  #draw() {
    const { view } = this.store;
    if (!this.isShown || !view.beside) return;
    const { shares } = this.layers;
    // It is asked with what the first has found out, and so after it.
    if (shares.kinds) this.#second?.layers.show(otherView(view, view.beside), shares.quantiles ?? {}).then(() => this.#name());
    this.#name();
  }

  /** @param {boolean} wanted */
  #lay(wanted) {
    const root = document.documentElement;
    const seen = whole(this.map, this.config.county?.bounds);
    if (wanted) root.dataset.beside = "";
    else delete root.dataset.beside;
    this.#second ??= this.#make();
    const { map: other, layers, names } = this.#second;
    other.getContainer().hidden = !wanted;
    for (const name of names) name.hidden = !wanted;
    if (!wanted) layers.hide();
    this.outline.maps = wanted ? [this.map, other] : [this.map];
    for (const map of this.outline.maps) map.invalidateSize({ animate: false });
    if (seen) this.fit(seen);
    if (wanted) this.#follow(this.map, other);
  }

  /** @returns {Second} */
  #make() {
    const first = this.map.getContainer();
    const second = Object.assign(document.createElement("div"), { className: "map map-beside", id: "map_beside" });
    first.after(second);
    const names = ["first", "second"].map((which) => {
      const name = Object.assign(document.createElement("p"), { className: `side-name side-${which}` });
      name.append(document.createElement("span"));
      second.after(name);
      return name;
    });
    names[1].append(this.#leave());
    const map = L.map(second, { ...this.map.options, keyboard: false, center: this.map.getCenter(), zoom: this.map.getZoom() });
    second.setAttribute("role", "application");
    second.setAttribute("aria-label", this.config.strings["beside.map"]);
    const layers = new LayerSet(map, this.config, () => this.base.isOn);
    const selection = new Selection(map);
    const hover = new Hover(map, () => layers.layer, (grid, grids) => {
      this.hover.light(grid);
      this.pointed(map, layers, grid, grids);
    });
    map.on("click", ({ latlng }) => this.map.fire("click", { latlng }));
    layers.addEventListener("load", () => hover.look());
    layers.addEventListener("failed", () => this.layers.dispatchEvent(new Event("failed")));
    layers.addEventListener("painted", () => performance.mark("beside-painted"));
    this.map.on("resize", () => this.isShown && map.invalidateSize({ animate: false }));
    for (const [leader, other] of [[this.map, map], [map, this.map]]) {
      leader.on("move", () => this.#follow(leader, other));
      leader.on("zoomanim", ({ center, zoom }) => this.#glide(other, center, zoom));
    }
    this.base.accompany(map);
    return { map, layers, selection, hover, names };
  }

  #leave() {
    const button = Object.assign(document.createElement("button"), { type: "button", title: this.config.strings["beside.leave"] });
    button.append(find(SVGElement, "svg.icon").cloneNode(true));
    find(SVGElement, "use", button).setAttribute("href", "#i-close");
    button.append(Object.assign(document.createElement("span"), { className: "sr", textContent: button.title }));
    button.addEventListener("click", () => this.store.go({ beside: null }));
    return button;
  }

  /**
   * The other map goes where the first is, whichever of the two was moved.
   * @param {L.Map} leader
   * @param {L.Map} other
   */
  #follow(leader, other) {
    if (!this.isShown || this.#leader === other || leader._animatingZoom) return;
    const far = other.latLngToContainerPoint(leader.getCenter()).distanceTo(other.getSize().divideBy(2));
    if (other.getZoom() === leader.getZoom() && far < 1) return;
    this.#leader = leader;
    setExactView(other, leader.getCenter(), leader.getZoom(), { animate: false });
    this.#leader = null;
  }

  /**
   * A zoom that is animated is so on both, at once.
   * @param {L.Map} other
   * @param {L.LatLng} center
   * @param {number} zoom
   */
  #glide(other, center, zoom) {
    if (!this.isShown || other._animatingZoom) return;
    setExactView(other, center, zoom, { animate: true });
  }

  #name() {
    const { view, today } = { view: this.store.view, today: this.config.today };
    const { kind, kinds } = this.layers.shares;
    if (!kinds || !kind || !view.beside) return;
    const of = (/** @type {string} */ code) => nameOf(code, kinds, this.config);
    const words = isDay(view.beside)
      ? [view.on ?? today, view.beside].map((day) => `${of(kind)} · ${written(day, this.config.lang)}`)
      : [of(kind), of(view.beside)];
    this.#second?.names.forEach((name, i) => (find(HTMLElement, "span", name).textContent = words[i]));
  }
}

/**
 * Return what the second map shows.
 * @param {View} view
 * @param {string} beside
 * @returns {View}
 */
function otherView(view, beside) {
  return { ...view, versus: null, beside: null, ...(isDay(beside) ? { on: beside } : { kind: beside }) };
}

/** @param {string} beside */
function isDay(beside) {
  return /^\d/.test(beside);
}
