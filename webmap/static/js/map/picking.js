// What lies under the pointer, found in the tiles that are already here: no request.

import { contains, nearest, within } from "../view/geometry.js";
import { issuePlace, issueReach } from "./rules.js";
import { badgePlace } from "./symbolizers.js";
import { badgeReach } from "./symbols.js";
import { LEVELS } from "../view/view.js";
import { tilePixels, tileZoom } from "../view/zoom.js";

// MVT's number for areas: close up the coarse levels are borders only.
const POLYGON = 3;

/** Return {view, tile, point, scale}: a source's decoded tile at a place, and the place in it. */
export function tileAt(map, layer, sourceName, latlng) {
  const view = layer?.views?.get(sourceName);
  if (!view) return null;
  const zoom = tileZoom(map.getZoom());
  const pixel = map.project(latlng.wrap(), zoom);
  const place = view.dataTileForDisplayTile({ x: Math.floor(pixel.x / 256), y: Math.floor(pixel.y / 256), z: zoom });
  const { x, y, z } = place.dataTile;
  const entry = view.tileCache.cache.get(`${x}:${y}:${z}`);
  if (!entry) return null;
  const point = { x: (pixel.x - place.origin.x) / place.scale, y: (pixel.y - place.origin.y) / place.scale };
  return { data: entry.data, point, scale: place.scale };
}

/** Return the grids at a place, coarsest first: [{id, name, level}]. */
export function gridsAt(map, layer, latlng) {
  const hit = tileAt(map, layer, "grids", latlng);
  if (!hit) return [];
  const found = [];
  for (const level of LEVELS) {
    const feature = hit.data.get(level)?.find((f) => within(f.bbox, hit.point) && contains(f.geom, hit.point) && f.geomType === POLYGON);
    if (feature) found.push({ id: feature.props.id, name: feature.props.name, level });
  }
  return found;
}

/** Return the issue or cluster of issues that is drawn at a place, or null. */
export function issueAt(map, layer, latlng) {
  const k = tilePixels(map.getZoom());
  const [reach, place] = [issueReach, issuePlace].map((of) => (feature) => of(feature, k));
  return spotAt(map, layer, "issues", "issue", latlng, reach, place);
}

/** Return the facility that is drawn at a place, or null. */
export function facilityAt(map, layer, style, latlng) {
  if (tileZoom(map.getZoom()) < style.facility_zoom) return null;
  return spotAt(map, layer, "coverage", "facility", latlng, () => 10 * tilePixels(map.getZoom()));
}

/** Return the grid whose badge is drawn at a place, or null: it may stand on the neighbour's ground. */
export function badgeAt(map, layer, style, latlng) {
  const k = tilePixels(map.getZoom());
  const place = badgePlace(style, tileZoom(map.getZoom()), k);
  return spotAt(map, layer, "members", "unheld", latlng, ({ props }) => badgeReach(props.n).x * k, place);
}

// The point feature of a source's MVT layer nearest to a place within reach(feature) pixels of a tile.
function spotAt(map, layer, sourceName, mvtLayer, latlng, reach, place = undefined) {
  const hit = tileAt(map, layer, sourceName, latlng);
  const features = hit?.data.get(mvtLayer);
  if (!features) return null;
  return nearest(features, hit.point, (feature) => reach(feature) / hit.scale, place);
}

/** Call back with (rings, origin, scale, box) for each decoded piece of a grid in the visible tiles. */
export function eachPiece(map, layer, level, id, draw) {
  const view = layer?.views?.get("grids");
  if (!view) return;
  const zoom = map.getZoom();
  const k = tilePixels(zoom);
  const { min, max } = map.getPixelBounds();
  const seen = { minX: min.x * k, minY: min.y * k, maxX: max.x * k, maxY: max.y * k };
  for (const place of view.dataTilesForBounds(tileZoom(zoom), seen)) {
    const { x, y, z } = place.dataTile;
    const data = view.tileCache.cache.get(`${x}:${y}:${z}`)?.data;
    for (const feature of data?.get(level) ?? []) {
      if (feature.props.id === id) draw(feature.geom, place);
    }
  }
}
