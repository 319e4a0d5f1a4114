// A line or an area drawn by hand, with Geoman: it holds on to the corners and edges of the grid that
// is drawn in and of its neighbours.

import { Following } from "./following.js";
import { script, sheet } from "./libraries.js";
import { PendingShape } from "./pending.js";
import { onGrid } from "./rings.js";

/** @import { GeomanDraw } from "../types/leaflet.d.ts" */
/** @import { Grid, Position } from "../types/plans.d.ts" */
/** @import { References } from "./references.js" */

/** @typedef {{geoman: string, geomanSheet: string}} Addresses  of the library */

const LINE = { color: "#1d56b8", weight: 3 };
const HINT = { color: "#1d56b8", weight: 2, dashArray: "6 5" };
const REACH_PX = matchMedia("(pointer: coarse)").matches ? 22 : 14;
const UNSEEN = { opacity: 0, fillOpacity: 0, interactive: false, weight: 1 };

export class Sketch {
  following;
  #map;
  #addresses;
  /** @type {"Polygon" | "Line"} */
  #kind = "Line";
  /** @type {L.LayerGroup | null} */
  #guides = null;
  /** @type {PendingShape | null} */
  #pending = null;
  /** @type {((corners: Position[] | null) => void) | null} */
  #resolve = null;

  /**
   * @param {L.Map} map
   * @param {Addresses} addresses
   * @param {References} references  whose lines are held on to as well
   */
  constructor(map, addresses, references) {
    this.#map = map;
    this.#addresses = addresses;
    this.following = new Following(map, references);
  }

  /** Load Geoman, and let it know the map that was there before it. */
  async ready() {
    await Promise.all([script(this.#addresses.geoman), sheet(this.#addresses.geomanSheet)]);
    if (this.#map.pm) return;
    this.#map.pm = new L.PM.Map(this.#map);
    this.#map.pm.setGlobalOptions({});
  }

  /**
   * Begin.
   * @param {"line" | "area"} kind
   * @param {Grid[]} grids  are held on to
   * @param {{buildings: Position[], snaps: boolean}} options
   * @returns {Promise<Position[] | null>}  the corners drawn; null when given up
   */
  draw(kind, grids, { buildings, snaps }) {
    this.stop();
    this.#kind = kind === "area" ? "Polygon" : "Line";
    this.#guides = L.layerGroup([
      ...grids.flatMap((grid) => grid.polygons.flat().map((ring) => L.polyline(ring.map(([lon, lat]) => L.latLng(lat, lon)), UNSEEN))),
      ...buildings.map(([lon, lat]) => L.circleMarker([lat, lon], { ...UNSEEN, radius: 1 })),
    ]).addTo(this.#map);
    this.#map.pm.enableDraw(this.#kind, {
      snappable: snaps,
      snapDistance: REACH_PX,
      tooltips: false,
      finishOn: "dblclick",
      allowSelfIntersection: true,
      templineStyle: LINE,
      hintlineStyle: HINT,
      pathOptions: { ...LINE, fillOpacity: 0.12 },
      continueDrawing: false,
    });
    if (this.#draw) this.following.begin(this.#draw, grids);
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#map.once("pm:create", this.#made, this);
    });
  }

  /**
   * What draws in Geoman, null until that is loaded.
   * @returns {GeomanDraw | null}
   */
  get #draw() {
    const draws = /** @type {Record<string, GeomanDraw> | undefined} */ (/** @type {unknown} */ (this.#map.pm?.Draw));
    return draws?.[this.#kind] ?? null;
  }

  /** @param {{layer: L.Layer}} event */
  #made({ layer }) {
    const corners = layer instanceof L.Polyline ? placesOf(layer).map(({ lat, lng }) => onGrid([lng, lat])) : [];
    layer.remove();
    if (this.#kind === "Polygon") corners.push(...this.following.closing(corners), corners[0]);
    const resolve = this.#resolve;
    this.#resolve = null;
    this.following.end();
    this.#map.pm.disableDraw();
    this.keep(corners);
    resolve?.(corners);
  }

  /**
   * Keep what was drawn in sight, until stop().
   * @param {Position[]} corners
   */
  keep(corners) {
    this.#pending?.remove();
    this.#pending = new PendingShape(this.#map, corners, { isArea: this.#kind === "Polygon" });
  }

  /**
   * Let what was drawn be changed.
   * @param {{snaps: boolean}} options
   */
  change({ snaps }) {
    this.#pending?.change({ snaps, reach: REACH_PX });
  }

  get isChanging() {
    return Boolean(this.#pending?.isChanging);
  }

  /** The corners of what was drawn; null before. */
  get corners() {
    return this.#pending?.corners ?? null;
  }

  /** Do without the last corner. */
  back() {
    if (this.#pending) this.#pending.back();
    else if (this.#count) this.#draw?._removeLastVertex();
  }

  /** Is there enough to be a line, or an area? */
  get isEnough() {
    if (this.#pending) return this.#pending.isEnough;
    return this.#count >= (this.#kind === "Polygon" ? 3 : 2);
  }

  /** How many corners there are while it is being drawn. */
  get #count() {
    const layer = this.#draw?._layer;
    return layer ? placesOf(layer).length : 0;
  }

  finish() {
    if (this.isEnough) this.#draw?._finishShape();
  }

  /**
   * Hold on to what is near, or do not.
   * @param {boolean} isOn
   */
  snap(isOn) {
    this.#pending?.snap(isOn);
    if (this.#draw?.options) this.#draw.options.snappable = isOn;
  }

  get isOn() {
    return this.#guides !== null;
  }

  /** Give up. */
  stop() {
    if (!this.isOn) return;
    const resolve = this.#resolve;
    this.#map.off("pm:create", this.#made, this);
    this.#end();
    resolve?.(null);
  }

  #end() {
    this.#resolve = null;
    this.following.end();
    this.#map.pm.disableDraw();
    this.#pending?.remove();
    this.#pending = null;
    this.#guides?.remove();
    this.#guides = null;
  }
}

/**
 * The corners of a line, or of an area without holes.
 * @param {L.Polyline} layer
 */
function placesOf(layer) {
  return /** @type {L.LatLng[]} */ (layer.getLatLngs().flat());
}
