// Side by side: a second map that shows another kind, or another day, and moves with the first.

import { written } from "../panel/bars.js";
import { whole } from "../map/controls.js";
import { Hover } from "../map/hover.js";
import { LayerSet } from "../map/layerset.js";
import { Selection } from "../map/selection.js";
import { nameOf } from "../view/shares.js";
import { setExactView } from "../view/zoom.js";

export class Beside {
  #map = null; // the second one, made when it is first wanted
  #leader = null; // the map that the other is following just now
  #layers;
  #selection;
  #hover;
  #names; // what each of the two shows

  /** parts: {map, config, store, layers, base, hover, outline, pointed, fit}. */
  constructor(parts) {
    Object.assign(this, parts);
    this.layers.addEventListener("shown", () => this.#draw());
  }

  /** Is anything still to be drawn on the second map? */
  get isPainting() {
    return this.isShown && this.#layers.isPainting;
  }

  get isShown() {
    return document.documentElement.dataset.beside !== undefined;
  }

  /** Light up a grid on the second map, as it is under the pointer on the first. */
  light(grid) {
    if (this.isShown) this.#hover.light(grid);
  }

  /** Follow the view: lay the maps out, and let both show what it says. */
  show(view) {
    const wanted = view.mode === "coverage" && view.beside !== null;
    if (wanted !== this.isShown) this.#lay(wanted);
    if (!wanted) return;
    this.#draw();
    this.#selection.show(view.grid, this.#view.on);
    this.#name();
  }

  // What the second map shows.
  get #view() {
    const { view } = this.store;
    const isDay = /^\d/.test(view.beside);
    return { ...view, versus: null, beside: null, ...(isDay ? { on: view.beside } : { kind: view.beside }) };
  }

  // In the classes of the first, so that a colour says the same on both.
  #draw() {
    if (!this.isShown || !this.store.view.beside) return;
    const { shares } = this.layers;
    // It is asked with what the first has found out, and so after it.
    if (shares.kinds) this.#layers.show(this.#view, shares.quantiles ?? {}).then(() => this.#name());
    this.#name();
  }

  #lay(wanted) {
    const root = document.documentElement;
    const seen = whole(this.map, this.config.county?.bounds);
    if (wanted) root.dataset.beside = "";
    else delete root.dataset.beside;
    if (wanted && !this.#map) this.#make();
    this.#element.hidden = !wanted;
    for (const name of this.#names) name.hidden = !wanted;
    if (!wanted) this.#layers.hide();
    this.outline.maps = wanted ? [this.map, this.#map] : [this.map];
    for (const map of wanted ? [this.map, this.#map] : [this.map]) map.invalidateSize({ animate: false });
    if (seen) this.fit(seen);
    if (wanted) this.#follow(this.map, this.#map);
  }

  get #element() {
    return this.#map.getContainer();
  }

  #make() {
    const first = this.map.getContainer();
    const second = Object.assign(document.createElement("div"), { className: "map map-beside", id: "map_beside" });
    first.after(second);
    this.#names = ["first", "second"].map((which) => {
      const name = Object.assign(document.createElement("p"), { className: `side-name side-${which}` });
      name.append(document.createElement("span"));
      second.after(name);
      return name;
    });
    this.#names[1].append(this.#leave());
    this.#map = L.map(second, { ...this.map.options, keyboard: false, center: this.map.getCenter(), zoom: this.map.getZoom() });
    second.setAttribute("role", "application");
    second.setAttribute("aria-label", this.config.strings["beside.map"]);
    this.#layers = new LayerSet(this.#map, this.config, () => this.base.isOn);
    this.#selection = new Selection(this.#map);
    this.#hover = new Hover(this.#map, () => this.#layers.layer, (grid, grids) => {
      this.hover.light(grid);
      this.pointed(this.#map, this.#layers, grid, grids);
    });
    this.#map.on("click", ({ latlng }) => this.map.fire("click", { latlng }));
    this.#layers.addEventListener("load", () => this.#hover.look());
    this.#layers.addEventListener("failed", () => this.layers.dispatchEvent(new Event("failed")));
    this.#layers.addEventListener("painted", () => performance.mark("beside-painted"));
    this.map.on("resize", () => this.isShown && this.#map.invalidateSize({ animate: false }));
    for (const [leader, other] of [[this.map, this.#map], [this.#map, this.map]]) {
      leader.on("move", () => this.#follow(leader, other));
      leader.on("zoomanim", ({ center, zoom }) => this.#glide(other, center, zoom));
    }
    this.base.accompany(this.#map);
  }

  #leave() {
    const button = Object.assign(document.createElement("button"), { type: "button", title: this.config.strings["beside.leave"] });
    button.append(document.querySelector("svg.icon").cloneNode(true));
    button.querySelector("use").setAttribute("href", "#i-close");
    button.append(Object.assign(document.createElement("span"), { className: "sr", textContent: button.title }));
    button.addEventListener("click", () => this.store.go({ beside: null }));
    return button;
  }

  // The other map goes where the first is, whichever of the two was moved.
  #follow(leader, other) {
    if (!this.isShown || this.#leader === other || leader._animatingZoom) return;
    const far = other.latLngToContainerPoint(leader.getCenter()).distanceTo(other.getSize().divideBy(2));
    if (other.getZoom() === leader.getZoom() && far < 1) return;
    this.#leader = leader;
    setExactView(other, leader.getCenter(), leader.getZoom(), { animate: false });
    this.#leader = null;
  }

  // A zoom that is animated is so on both, at once.
  #glide(other, center, zoom) {
    if (!this.isShown || other._animatingZoom) return;
    setExactView(other, center, zoom, { animate: true });
  }

  #name() {
    const { view, today } = { view: this.store.view, today: this.config.today };
    const { kind, kinds } = this.layers.shares;
    if (!kinds) return;
    const isDay = /^\d/.test(view.beside);
    const of = (code) => nameOf(code, kinds, this.config);
    const words = isDay
      ? [view.on ?? today, view.beside].map((day) => `${of(kind)} · ${written(day, this.config.lang)}`)
      : [of(kind), of(view.beside)];
    this.#names.forEach((name, i) => (name.firstElementChild.textContent = words[i]));
  }
}
