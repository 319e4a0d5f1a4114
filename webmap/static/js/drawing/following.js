// Drawing along lines: from a corner on a line to the next one on it, or on one that it leads to, all
// corners between are taken. A guest of Geoman's drawing, which holds on to the lines.

import { Network } from "./network.js";
import { onGrid, same } from "./rings.js";

/** @import { GeomanDraw } from "../types/leaflet.d.ts" */
/** @import { Grid, Position } from "../types/plans.d.ts" */
/** @import { References } from "./references.js" */

/**
 * A drawing that goes on: what Geoman draws with, the grids it may follow, the way ahead and what may be held on to.
 * @typedef {{draw: GeomanDraw, layer: L.Polyline, grids: Grid[], preview: L.Polyline, guides: L.LayerGroup}} Drawing
 *
 * The ways from a place, null where it lies on no line.
 * @typedef {{place: Position, from: ReturnType<Network["waysFrom"]> | null}} Ways
 */

const WAY = { color: "#1d56b8", weight: 5, opacity: 0.55, interactive: false, snapIgnore: true, pmIgnore: true };
const GUIDE = { opacity: 0, interactive: false, weight: 1 };
// How far beside a line a place may be that holds on to it.
const REACH_PX = 2;

export class Following {
  isOn = false;
  #map;
  #references;
  /** @type {Drawing | null} */
  #drawing = null;
  /** @type {Network | null} */
  #network = null;
  /** @type {Ways | null} */
  #ways = null;
  #frame = 0;

  /**
   * @param {L.Map} map
   * @param {References} references  whose lines are held on to, beside the edges of grids
   */
  constructor(map, references) {
    this.#map = map;
    this.#references = references;
  }

  /**
   * Go along with a drawing of Geoman's among grids.
   * @param {GeomanDraw} draw
   * @param {Grid[]} grids
   */
  begin(draw, grids) {
    const layer = draw._layer;
    if (!layer) return;
    this.#drawing = { draw, layer, grids, preview: L.polyline([], WAY).addTo(this.#map), guides: L.layerGroup().addTo(this.#map) };
    this.#guide();
    layer.on("pm:vertexadded", this.#added);
    this.#map.on("mousemove", this.#moved, this);
    this.#references.addEventListener("changed", this.#renewed);
  }

  end() {
    if (!this.#drawing) return;
    const { layer, preview, guides } = this.#drawing;
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    layer.off("pm:vertexadded", this.#added);
    this.#map.off("mousemove", this.#moved, this);
    this.#references.removeEventListener("changed", this.#renewed);
    preview.remove();
    guides.remove();
    this.#drawing = this.#network = this.#ways = null;
  }

  toggle() {
    this.isOn = !this.isOn;
    if (!this.isOn) this.#show(null);
  }

  /**
   * Return the corners with which an area closes along a line; none where it closes straight.
   * @param {Position[]} corners
   */
  closing(corners) {
    const found = this.isOn ? this.#between(corners[corners.length - 1], corners[0]) ?? [] : [];
    // Back the way that was drawn would leave nothing between.
    return found.some((corner) => corners.some((each) => same(each, corner))) ? [] : found.map(onGrid);
  }

  #renewed = () => {
    this.#network = this.#ways = null;
    this.#guide();
  };

  // What Geoman holds on to besides the grids.
  #guide() {
    const { guides } = this.#drawing ?? {};
    guides?.clearLayers();
    for (const { line } of this.#references.lines()) guides?.addLayer(L.polyline(line.map(([lon, lat]) => L.latLng(lat, lon)), GUIDE));
    for (const [lon, lat] of this.#references.points()) guides?.addLayer(L.circleMarker([lat, lon], { ...GUIDE, fillOpacity: 0, radius: 1 }));
  }

  /**
   * Geoman has set a corner: those between it and the one before are put in.
   * @param {{latlng: L.LatLng}} event
   */
  #added = ({ latlng }) => {
    this.#show(null);
    if (!this.isOn || !this.#drawing?.draw._hintMarker?._snapped) return;
    const { layer } = this.#drawing;
    const corners = cornersOf(layer);
    if (corners.length < 2) return;
    const between = this.#between(placeOf(corners[corners.length - 2]), placeOf(latlng));
    // Without markers: taking the last corner back takes these along.
    if (between?.length) layer.setLatLngs([...corners.slice(0, -1), ...between.map(([lon, lat]) => L.latLng(lat, lon)), latlng]);
  };

  #moved() {
    if (!this.isOn) return;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show(this.#ahead());
    });
  }

  // The way to where the pointer is, ends included; null where it is straight.
  #ahead() {
    const marker = this.#drawing?.draw._hintMarker;
    if (!this.#drawing || !marker?._snapped) return null;
    const last = cornersOf(this.#drawing.layer).at(-1);
    if (!last) return null;
    const next = marker.getLatLng();
    const between = this.#between(placeOf(last), placeOf(next));
    return between?.length ? [placeOf(last), ...between, placeOf(next)] : null;
  }

  /** @param {Position[] | null} way */
  #show(way) {
    this.#drawing?.preview.setLatLngs((way ?? []).map(([lon, lat]) => L.latLng(lat, lon)));
    this.#drawing?.draw._hintline?.setStyle({ opacity: way ? 0 : 1 });
  }

  /**
   * The corners between two places by the lines; null where no way leads.
   * @param {Position} from
   * @param {Position} to
   */
  #between(from, to) {
    if (!this.#drawing) return null;
    this.#network ??= new Network([...this.#drawing.grids.flatMap((grid) => grid.polygons.flat()), ...this.#references.lines().map(({ line }) => line)]);
    const reach = (REACH_PX * 360) / (256 * 2 ** this.#map.getZoom());
    const end = this.#network.near(to, reach);
    if (!end) return null;
    // One search serves every place that the pointer passes.
    if (!this.#ways || !same(this.#ways.place, from)) {
      const start = this.#network.near(from, reach);
      this.#ways = { place: from, from: start && this.#network.waysFrom(start) };
    }
    return this.#ways.from?.between(end) ?? null;
  }
}

/** @param {L.Polyline} layer */
function cornersOf(layer) {
  return /** @type {L.LatLng[]} */ (layer.getLatLngs());
}

/**
 * @param {L.LatLng} latlng
 * @returns {Position}
 */
function placeOf({ lng, lat }) {
  return [lng, lat];
}
