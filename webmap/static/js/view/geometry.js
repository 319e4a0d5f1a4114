// Plane geometry on decoded tiles: rings are arrays of {x, y} in CSS pixels of their tile.

/** @import { Box, Level } from "../types/page.d.ts" */
/** @import { Extent, Point } from "../types/tiles.d.ts" */

/**
 * Is the point inside the polygon? Even-odd over all rings: holes and parts need no order.
 * @param {Point[][]} rings
 * @param {Point} point
 */
export function contains(rings, point) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const a = ring[i];
      const b = ring[j];
      if (a.y > point.y !== b.y > point.y && point.x < ((b.x - a.x) * (point.y - a.y)) / (b.y - a.y) + a.x) {
        inside = !inside;
      }
    }
  }
  return inside;
}

/**
 * Is the point inside the box?
 * @param {Extent} box
 * @param {Point} point
 */
export function within(box, point) {
  return point.x >= box.minX && point.x <= box.maxX && point.y >= box.minY && point.y <= box.maxY;
}

/**
 * Return the point feature nearest to the point and nearer than its own reach(feature), or null.
 * @template {{ geom: Point[][] }} Feature
 * @param {Feature[]} features
 * @param {Point} point
 * @param {(feature: Feature) => number} reach
 * @param {(feature: Feature) => Point} [place]
 */
export function nearest(features, point, reach, place = (feature) => feature.geom[0][0]) {
  /** @type {Feature | null} */
  let best = null;
  let bestDistance = Infinity;
  for (const feature of features) {
    const { x, y } = place(feature);
    const distance = Math.hypot(x - point.x, y - point.y);
    if (distance <= reach(feature) && distance < bestDistance) {
      best = feature;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * Return the place that "lon,lat" names, as Leaflet wants it.
 * @param {string} point
 * @returns {[lat: number, lon: number]}
 */
export function latLngOf(point) {
  const [lon, lat] = point.split(",").map(Number);
  return [lat, lon];
}

/**
 * Return the box that "west,south,east,north" names.
 * @param {string} text
 * @returns {Box}
 */
export function boxOf(text) {
  const [west, south, east, north] = text.split(",").map(Number);
  return [west, south, east, north];
}

/**
 * Is a WGS 84 point inside a GeoJSON polygon or multipolygon?
 * @param {GeoJSON.Polygon | GeoJSON.MultiPolygon} geometry
 * @param {number} lon
 * @param {number} lat
 */
export function containsLonLat(geometry, lon, lat) {
  const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  const point = { x: lon, y: lat };
  return polygons.some((rings) =>
    contains(rings.map((ring) => ring.map(([x, y]) => ({ x, y }))), point));
}

/**
 * Split a name into at most two lines, at a space or in the middle of a long Chinese name.
 * @param {string} name
 */
export function lines(name, longest = 8) {
  const width = [...name].reduce((sum, letter) => sum + ((letter.codePointAt(0) ?? 0) > 0x2e7f ? 1 : 0.55), 0);
  if (width <= longest) return [name];
  const spaces = [...name.matchAll(/[\s·-]/g)].map((match) => match.index + (match[0] === " " ? 0 : 1));
  const middle = name.length / 2;
  const cut = spaces.length
    ? spaces.reduce((a, b) => (Math.abs(b - middle) < Math.abs(a - middle) ? b : a))
    : Math.ceil(middle);
  return [name.slice(0, cut).trim(), name.slice(cut).trim()].filter(Boolean);
}

/**
 * Return the finest level that the map draws at a zoom.
 * @param {Record<Level, number>} fromZoom
 * @param {number} zoom
 */
export function finestLevel(fromZoom, zoom) {
  const levels = /** @type {Level[]} */ (Object.keys(fromZoom)).filter((level) => zoom >= fromZoom[level]);
  return levels.reduce((a, b) => (fromZoom[b] >= fromZoom[a] ? b : a));
}

/**
 * Keep a cluster near the middle of its lattice cell, so that neighbours do not cover each other.
 * @param {Point} place
 * @param {number} cell
 * @param {number} slack
 */
export function towardsMiddle({ x, y }, cell, slack) {
  const keep = (/** @type {number} */ value) => {
    const middle = (Math.floor(value / cell) + 0.5) * cell;
    return Math.min(middle + slack, Math.max(middle - slack, value));
  };
  return { x: keep(x), y: keep(y) };
}
