// Facilities that a scenario adds, moves or closes, drawn above the map: a plus, an arrow, a cross.

/** @import { Mark, Point } from "../types/scenarios.d.ts" */

const LINE = { color: "#1f2a37", weight: 2.5, dashArray: "2 5", interactive: false };

export class Marks {
  #map;
  /** @type {L.Layer[]} */
  #layers = [];
  #key = "[]";

  /** @param {L.Map} map */
  constructor(map) {
    this.#map = map;
    const pane = map.createPane("scenario");
    pane.style.zIndex = "440";
    pane.style.pointerEvents = "none";
  }

  /**
   * Show marks as the API tells them.
   * @param {Mark[]} marks
   */
  show(marks) {
    const key = JSON.stringify(marks);
    if (key === this.#key) return;
    this.#key = key;
    for (const layer of this.#layers.splice(0)) layer.remove();
    for (const { what, was, point, name } of marks) {
      if (was && point) this.#add(L.polyline([[was.lat, was.lon], [point.lat, point.lon]], { ...LINE, pane: "scenario" }));
      if (was) this.#add(pin(what === "close" ? "close" : "gone", was, name));
      if (point) this.#add(pin(what, point, name));
    }
  }

  /** @param {L.Layer} layer */
  #add(layer) {
    this.#layers.push(layer.addTo(this.#map));
  }
}

/**
 * @param {Mark["what"] | "gone"} what
 * @param {Point} place
 * @param {string} title
 */
function pin(what, { lon, lat }, title) {
  const icon = L.divIcon({ className: `scenario-pin pin-${what}`, iconSize: [24, 24], iconAnchor: [12, 12] });
  return L.marker([lat, lon], { icon, title, alt: title, pane: "scenario", interactive: false, keyboard: false });
}
