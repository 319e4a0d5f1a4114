// A line or an area that has been drawn, and stays on the map until it is done: what was refused is
// changed and tried again, not drawn again. Geoman lets its corners be dragged.

import { onGrid } from "./rings.js";

/** @import { Position } from "../types/plans.d.ts" */

const LINE = { color: "#1d56b8", weight: 3, fillOpacity: 0.12, interactive: false };

export class PendingShape {
  #map;
  #layer;
  #isArea;
  /** @type {Parameters<L.Polyline["pm"]["enable"]>[0] | null} */
  #options = null;

  /**
   * @param {L.Map} map
   * @param {Position[]} corners  those of an area are closed
   * @param {{isArea: boolean}} options
   */
  constructor(map, corners, { isArea }) {
    this.#map = map;
    this.#isArea = isArea;
    const places = (isArea ? corners.slice(0, -1) : corners).map(([lon, lat]) => L.latLng(lat, lon));
    this.#layer = (isArea ? L.polygon(places, LINE) : L.polyline(places, LINE)).addTo(map);
  }

  /**
   * Let the corners be dragged, and a click on the map add one.
   * @param {{snaps: boolean, reach?: number}} options
   */
  change({ snaps, reach }) {
    if (!this.#options) {
      this.#map.on("click", this.#add, this);
      this.#map.doubleClickZoom.disable();
    }
    this.#options = { snappable: snaps, snapDistance: reach, allowSelfIntersection: true, draggable: false, removeLayerBelowMinVertexCount: false };
    this.#layer.pm.disable();
    this.#layer.pm.enable(this.#options);
  }

  get isChanging() {
    return this.#options !== null;
  }

  /** The corners as they are now; those of an area are closed. */
  get corners() {
    const corners = this.#places.map(({ lat, lng }) => onGrid([lng, lat]));
    return this.#isArea ? [...corners, corners[0]] : corners;
  }

  get isEnough() {
    return this.#places.length >= (this.#isArea ? 3 : 2);
  }

  /** Do without the last corner. */
  back() {
    if (this.#places.length > 1) this.#put(this.#places.slice(0, -1));
  }

  /** @param {boolean} isOn */
  snap(isOn) {
    if (this.#options) this.change({ snaps: isOn, reach: this.#options.snapDistance });
  }

  remove() {
    this.#map.off("click", this.#add, this);
    if (this.#options) this.#map.doubleClickZoom.enable();
    this.#layer.pm?.disable();
    this.#layer.remove();
  }

  get #places() {
    return /** @type {L.LatLng[]} */ (this.#layer.getLatLngs().flat());
  }

  /** @param {L.LeafletMouseEvent} event */
  #add({ latlng }) {
    this.#put([...this.#places, latlng]);
  }

  /** @param {L.LatLng[]} places */
  #put(places) {
    this.#layer.pm.disable();
    this.#layer.setLatLngs(places);
    this.#layer.pm.enable(this.#options ?? {});
  }
}
