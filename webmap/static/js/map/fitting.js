// Where the map goes: boxes and places are fitted into what the sheet, the bars and the legend leave free.

/** @import { Box, Config, Level } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { Days } from "../days/days.js" */
/** @import { LayerSet } from "./layerset.js" */
/** @import { Sheet } from "../panel/sheet.js" */
/** @import { Services } from "../services/services.js" */

/**
 * What a fit leaves free, CSS pixels: ``covers`` at the bottom, ``above`` beneath the bar at the top,
 * ``left`` and ``right`` where that costs little. A zoom below ``least`` is not taken.
 * @typedef {{ covers: number, above?: number, left?: number, right?: number, least?: number }} Free
 */

/** @typedef {{ maxZoom?: number, inside?: number, animate?: boolean }} FitOptions */

import { find } from "../view/elements.js";
import { boxOf } from "../view/geometry.js";
import { allowed, leastZoom, setExactView } from "../view/zoom.js";

// What a fit keeps free at every edge, and for the bar at the top, CSS pixels.
const MARGIN = 16;
const TOP_BAR = 48;
// Zooms that a fit gives up at most, so that the legend hides nothing.
const GIVE_UP = 0.3;
// Zooms that it goes nearer at most, so that what lies in the box is drawn: then its middle is shown.
const GO_NEARER = 1.6;

/** Fits what the page shows. */
export class Fitting {
  /**
   * @param {{ map: L.Map, county: Config["county"], layers: LayerSet, services: Services, days: Days, sheet: Sheet, legend: HTMLDetailsElement }} parts
   */
  constructor({ map, county, layers, services, days, sheet, legend }) {
    this.map = map;
    this.county = county;
    this.layers = layers;
    this.services = services;
    this.days = days;
    this.sheet = sheet;
    this.legend = legend;
  }

  /**
   * Fit a box.
   * @param {Box} box
   * @param {FitOptions} [options]
   */
  fit(box, options) {
    fit(this.map, box, this.#free, options);
  }

  /**
   * Move the map to where a view says; a view without a place is fitted when its panel arrives.
   * @param {View} view
   * @param {{ animate?: boolean }} [options]
   */
  follow(view, { animate = true } = {}) {
    if (view.place) setExactView(this.map, [view.place.lat, view.place.lon], view.place.z, { animate });
    else if (this.county && !view.grid) this.fit(this.county.bounds, { animate });
  }

  /**
   * Show what a search hit or a button names: its box, or its point.
   * @param {DOMStringMap} named
   */
  show({ bounds, point, level }) {
    // The sheet first: what it covers is not where the place may be shown.
    if (this.sheet.isSheet) this.sheet.set("half");
    const box = bounds ? boxOf(bounds) : point ? around(point) : null;
    if (box) this.fit(box, { inside: this.insideZoom(level) });
  }

  /**
   * Return the zoom from which what lies in a town or a community is drawn; of the county all is to be seen.
   * @param {string} [level]
   */
  insideZoom(level) {
    /** @type {Level | null} */
    const below = level === "town" ? "community" : level === "community" ? "compound" : null;
    return below ? leastZoom(this.layers.styles.grids.from_zoom[below]) : 0;
  }

  // The sheet, the days, the legend if it is open, the buttons.
  get #free() {
    const { services, days, sheet, legend } = this;
    const { offsetWidth, offsetHeight } = find(HTMLElement, ".corner-left");
    // Half a map is narrow: it keeps free of the legend by height.
    const left = legend.open && !services.isSplit ? offsetWidth : 0;
    const covers = services.covers + (legend.open && services.isSplit && !sheet.isSheet ? offsetHeight : 0);
    return { covers, above: days.covers + services.above, least: services.least, left, right: find(HTMLElement, ".corner-right").offsetWidth };
  }
}

/**
 * Fit a box into what is free of the map. A zoom below ``inside``, from which what lies in the box is
 * drawn, is not taken if that is not much nearer.
 * @param {L.Map} map
 * @param {Box} box
 * @param {Free} free
 * @param {FitOptions} [options]
 */
export function fit(map, [west, south, east, north], { covers, above = 0, left = 0, right = 0, least = 0 }, { maxZoom = 16, inside = 0, animate = true } = {}) {
  const box = L.latLngBounds([south, west], [north, east]);
  const room = map.getSize().subtract([2 * MARGIN, TOP_BAR + above + 2 * MARGIN + covers]);
  const size = map.project(box.getSouthEast(), 0).subtract(map.project(box.getNorthWest(), 0));
  // On the smallest of screens there may be no room at all; a map has a zoom all the same.
  const exact = (/** @type {number} */ width) => Math.log2(Math.min(Math.max(width, 48) / size.x, Math.max(room.y, 48) / size.y));
  const [all, beside] = [exact(room.x), exact(room.x - left)];
  const seen = allowed(all - beside <= GIVE_UP ? beside : all, Math.floor);
  const nearer = inside - seen <= GO_NEARER ? Math.max(seen, inside) : seen;
  const zoom = Math.max(map.getMinZoom(), least, Math.min(maxZoom, nearer));
  const spare = Math.max(0, room.x - size.x * 2 ** zoom);
  const aside = Math.min(spare, Math.abs(left - right)) * Math.sign(left - right);
  const middle = map.project(box.getCenter(), zoom).add([-aside / 2, (covers - TOP_BAR - above) / 2]);
  setExactView(map, map.unproject(middle, zoom), zoom, { animate });
}

/**
 * Return a box around a place given as "lon,lat".
 * @param {string} point
 * @returns {Box}
 */
export function around(point) {
  const [lon, lat] = point.split(",").map(Number);
  return [lon - 0.004, lat - 0.003, lon + 0.004, lat + 0.003];
}

/**
 * Return a box if all of it is in sight, else null.
 * @param {L.Map} map
 * @param {Box | null | undefined} box
 */
export function whole(map, box) {
  if (!box) return null;
  const [west, south, east, north] = box;
  return map.getBounds().contains([[south, west], [north, east]]) ? box : null;
}

/**
 * Move the map just so far that a place is not hidden under the sheet or the bar at the top.
 * @param {L.Map} map
 * @param {L.LatLngTuple} place
 * @param {Sheet} sheet
 */
export function reveal(map, place, sheet) {
  const { x, y } = map.latLngToContainerPoint(place);
  const size = map.getSize();
  // Not by the map's own panInside: it goes to whole zooms.
  map.panBy([beyond(x, 32, size.x - 32), beyond(y, 88, size.y - sheet.covers - 48)]);
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function beyond(value, least, most) {
  if (value < least) return value - least;
  return value > most ? value - most : 0;
}
