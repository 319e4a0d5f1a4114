// The outline of a grid that a list points at, whatever level the map draws: of its own shape.

/** @import { Shape } from "./selection.js" */

// Passing over a row on the way to another asks for nothing.
const DWELL_MS = 60;
const CASING = { color: "#ffffff", weight: 6, opacity: 0.95 };
const LINE = { color: "#1d56b8", weight: 3, opacity: 1, fill: true, fillColor: "#1d56b8", fillOpacity: 0.12 };

export class Outline {
  #timer = 0;
  /** @type {number | null} */
  #asked = null;
  /** @type {L.Layer[]} */
  #layers = [];

  /**
   * shape(id, on) returns a grid's GeoJSON; the outline is drawn on each of ``maps``.
   * @param {L.Map} map
   * @param {(id: number, on: string | null) => Promise<Shape>} shape
   */
  constructor(map, shape) {
    this.shape = shape;
    this.maps = [map];
  }

  /**
   * Outline a grid as it was on a day; null takes the outline away.
   * @param {number | null} id
   * @param {string | null} [on]
   */
  show(id, on = null) {
    clearTimeout(this.#timer);
    this.#asked = id;
    if (id) this.#timer = setTimeout(() => this.#fetch(id, on), DWELL_MS);
    else this.#clear();
  }

  /**
   * @param {number} id
   * @param {string | null} on
   */
  async #fetch(id, on) {
    // A list shows what the map cannot: without a connection there is no outline, and no more.
    const found = await this.shape(id, on).catch(() => null);
    if (this.#asked !== id) return;
    this.#clear();
    if (!found) return;
    for (const map of this.maps) {
      for (const style of [CASING, LINE]) {
        const line = L.geoJSON(found.geometry, { interactive: false, style: { fill: false, lineJoin: "round", ...style, pane: "outline" } });
        this.#layers.push(line.addTo(map));
      }
    }
  }

  #clear() {
    for (const layer of this.#layers.splice(0)) layer.remove();
  }
}
