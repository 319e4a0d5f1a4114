// The faults that the panel lists, as marks on the map, and the way from one to the next; and what
// the law said to the last attempt, at its place.

import { closest, find, findAll } from "../view/elements.js";

/** @import { Position } from "../types/plans.d.ts" */

export class Faults {
  #map;
  #list;
  #go;
  #layer;
  /** @type {L.Tooltip | null} */
  #said = null;
  /** @type {string | undefined} */
  #current;

  /**
   * @param {L.Map} map
   * @param {HTMLElement} list  holds the items [data-fault]
   * @param {(ids: number[], place: Position | null) => void} go  leads to grids and to a place
   */
  constructor(map, list, go) {
    this.#map = map;
    this.#list = list;
    this.#go = go;
    if (!map.getPane("marks")) map.createPane("marks").style.zIndex = "640";
    this.#layer = L.layerGroup().addTo(map);
    list.addEventListener("click", ({ target }) => {
      const action = closest(HTMLElement, target, "[data-do]")?.dataset.do;
      const item = closest(HTMLElement, target, "[data-fault]");
      if (action === "fault" && item) this.#open(item);
      else if (action === "next-fault") this.#next();
    });
  }

  /** Mark the faults that are listed now, each at its place; none where no list is. */
  show(isListed = true) {
    this.#layer.clearLayers();
    for (const item of isListed ? this.#items : []) {
      const place = placeOf(item);
      if (!place) continue;
      const icon = L.divIcon({ className: `fault-mark fault-mark-${item.dataset.kind}`, iconSize: [22, 22], html: "" });
      const text = find(HTMLElement, ".fault-go", item).textContent.trim().replace(/\s+/g, " ");
      // The list in the panel is the way for keyboards.
      const mark = L.marker([place[1], place[0]], { icon, pane: "marks", keyboard: false, title: text, alt: "" });
      mark.on("click", () => this.#open(item));
      this.#layer.addLayer(mark);
    }
    this.#mark();
  }

  /**
   * Say something at a place until the next thing is done; the map goes there if it is out of sight.
   * @param {Position} place
   * @param {string} text
   */
  say([lon, lat], text) {
    this.hush();
    const words = Object.assign(document.createElement("span"), { textContent: text });
    this.#said = L.tooltip({ permanent: true, direction: "top", className: "said", pane: "marks", interactive: false })
      .setLatLng([lat, lon])
      .setContent(words)
      .addTo(this.#map);
    if (!this.#map.getBounds().contains([lat, lon])) this.#map.panTo([lat, lon]);
  }

  hush() {
    this.#said?.remove();
    this.#said = null;
  }

  get #items() {
    return findAll(HTMLElement, "[data-fault]", this.#list);
  }

  #next() {
    const items = this.#items;
    const at = items.findIndex((each) => each.dataset.fault === this.#current);
    this.#open(items[(at + 1) % items.length]);
  }

  /** @param {HTMLElement} item */
  #open(item) {
    this.#current = item.dataset.fault;
    this.#mark();
    const fold = item.parentElement?.closest("details");
    if (fold) fold.open = true;
    item.scrollIntoView({ block: "nearest" });
    this.#go((item.dataset.ids ?? "").split(",").map(Number), placeOf(item));
  }

  #mark() {
    for (const each of this.#items) each.classList.toggle("current", each.dataset.fault === this.#current);
  }
}

/**
 * @param {HTMLElement} item
 * @returns {Position | null}
 */
function placeOf({ dataset: { place } }) {
  if (!place) return null;
  const [lon, lat] = place.split(",").map(Number);
  return [lon, lat];
}
