// The selected grid: an outline with a casing, and everything else dimmed. Not filled over.

/** @import { Box } from "../types/page.d.ts" */

/** A grid's GeoJSON. @typedef {{ geometry: GeoJSON.Polygon | GeoJSON.MultiPolygon }} Shape */

/** @type {L.LatLngTuple[]} */
const WORLD = [[-85, -180], [-85, 180], [85, 180], [85, -180]];
const CASING = { color: "#ffffff", weight: 7, opacity: 0.95 };
const LINE = { color: "#1d56b8", weight: 3.5, opacity: 1 };
const RING = { radius: 17, color: "#1d56b8", weight: 3.5, fill: false, interactive: false };
/** @type {L.PathOptions} */
const DIM = { stroke: false, fillColor: "#e6e8e6", fillOpacity: 0.62, fillRule: "evenodd" };

export class Selection {
  /** @type {string | null} */
  #key = null;
  /** @type {L.Polygon[]} */
  #layers = [];
  /** @type {Map<string, Shape>} */
  #shapes = new Map();
  /** @type {L.CircleMarker | null} */
  #ring = null;

  /** @param {L.Map} map */
  constructor(map) {
    this.map = map;
    for (const [name, zIndex] of [["dim", "410"], ["outline", "430"]]) {
      const pane = map.createPane(name);
      pane.style.zIndex = zIndex;
      pane.style.pointerEvents = "none";
    }
    this.renderers = {
      dim: L.svg({ pane: "dim", padding: 0.6 }),
      outline: L.svg({ pane: "outline", padding: 0.6 }),
    };
  }

  /**
   * Ring a place, that of the issue in the panel; null takes the ring away.
   * @param {L.LatLngTuple | null} place
   */
  point(place) {
    this.#ring?.remove();
    this.#ring = place && L.circleMarker(place, { ...RING, pane: "outline", renderer: this.renderers.outline });
    this.#ring?.addTo(this.map);
  }

  /** The selected grid's GeoJSON geometry, null while unknown. @type {Shape["geometry"] | null} */
  geometry = null;

  /** The box of the selected grid, null while unknown. @returns {Box | null} */
  get bounds() {
    const box = this.#layers.at(-1)?.getBounds();
    if (!this.geometry || !box) return null;
    return [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
  }

  /**
   * Outline a grid as it was on a day; null takes the outline away.
   * @param {number | null} gridId
   * @param {string | null} on
   */
  async show(gridId, on) {
    const key = gridId ? keyOf(gridId, on) : null;
    if (key === this.#key) return;
    this.#key = key;
    if (!gridId || !key) {
      this.#clear();
      return;
    }
    try {
      const shape = await this.shape(gridId, on);
      if (this.#key === key) this.#draw(shape);
    } catch {
      // The panel says what is wrong; a shape that is missing is asked for again next time.
      if (this.#key === key) this.#clear();
      this.#key = null;
    }
  }

  /**
   * Return a grid's GeoJSON as it was on a day. Those asked for last are kept.
   * @param {number} gridId
   * @param {string | null} on
   * @returns {Promise<Shape>}
   */
  async shape(gridId, on) {
    const key = keyOf(gridId, on);
    const kept = this.#shapes.get(key);
    if (kept) return kept;
    const response = await fetch(`/api/grids/${gridId}/shape${on ? `?on=${on}` : ""}`);
    if (!response.ok) throw new Error(`shape ${gridId}: ${response.status}`);
    /** @type {Shape} */
    const shape = await response.json();
    this.#shapes.set(key, shape);
    const [oldest] = this.#shapes.keys();
    if (this.#shapes.size > 40) this.#shapes.delete(oldest);
    return shape;
  }

  /** @param {Shape} shape */
  #draw(shape) {
    this.#clear();
    this.geometry = shape.geometry;
    const polygons = shape.geometry.type === "MultiPolygon" ? shape.geometry.coordinates : [shape.geometry.coordinates];
    const rings = polygons.flatMap((polygon) => polygon.map((ring) => ring.map(([lon, lat]) => L.latLng(lat, lon))));
    /** @type {L.PolylineOptions} */
    const common = { interactive: false, smoothFactor: 0.5, lineJoin: "round" };
    const outline = { ...common, fill: false, renderer: this.renderers.outline, pane: "outline" };
    this.#layers = [
      L.polygon([WORLD, ...rings], { ...common, ...DIM, renderer: this.renderers.dim, pane: "dim" }),
      L.polygon(rings, { ...outline, ...CASING }),
      L.polygon(rings, { ...outline, ...LINE }),
    ];
    for (const layer of this.#layers) layer.addTo(this.map);
  }

  #clear() {
    for (const layer of this.#layers.splice(0)) layer.remove();
    this.geometry = null;
  }
}

/**
 * @param {number} gridId
 * @param {string | null} on
 */
function keyOf(gridId, on) {
  return `${gridId}${on ? `?on=${on}` : ""}`;
}
