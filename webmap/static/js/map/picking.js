// What lies under the pointer, found in the tiles that are already here: no request.

/** @import { CoverageStyle, GridsStyle, Level } from "../types/page.d.ts" */
/** @import { Point, SourceName, TileFeature, TileLayers, TilePlace, VectorLayer } from "../types/tiles.d.ts" */

/** A layer of the map, as far as it is looked into; null before the first. @typedef {Pick<VectorLayer, "views"> | null} Looked */
/** A grid as its tile has it. @typedef {{ id: number, name: string, level: Level }} Grid */

import { contains, nearest, within } from "../view/geometry.js";
import { issuePlace, issueReach } from "./clusters.js";
import { badgePlace } from "./symbolizers.js";
import { badgeReach } from "./symbols.js";
import { LEVELS } from "../view/view.js";
import { tilePixels, tileZoom } from "../view/zoom.js";

// MVT's number for areas: close up the coarse levels are borders only.
const POLYGON = 3;

/**
 * Return a source's decoded tile at a place, and the place in it; null where it is not here.
 * @template {SourceName} Name
 * @param {L.Map} map
 * @param {Looked} layer
 * @param {Name} sourceName
 * @param {L.LatLng} latlng
 */
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

/**
 * Return the grids at a place, coarsest first.
 * @param {L.Map} map
 * @param {Looked} layer
 * @param {L.LatLng} latlng
 */
export function gridsAt(map, layer, latlng) {
  const hit = tileAt(map, layer, "grids", latlng);
  if (!hit) return [];
  /** @type {Grid[]} */
  const found = [];
  for (const level of LEVELS) {
    const feature = hit.data.get(level)?.find((f) => within(f.bbox, hit.point) && contains(f.geom, hit.point) && f.geomType === POLYGON);
    if (feature) found.push({ id: feature.props.id, name: feature.props.name, level });
  }
  return found;
}

/**
 * Return the issue or cluster of issues that is drawn at a place, or null.
 * @param {L.Map} map
 * @param {Looked} layer
 * @param {L.LatLng} latlng
 */
export function issueAt(map, layer, latlng) {
  const k = tilePixels(map.getZoom());
  return spotAt(map, layer, "issues", "issue", latlng, (feature) => issueReach(feature, k), (feature) => issuePlace(feature, k));
}

/**
 * Return the facility that is drawn at a place, or null.
 * @param {L.Map} map
 * @param {Looked} layer
 * @param {CoverageStyle} style
 * @param {L.LatLng} latlng
 */
export function facilityAt(map, layer, style, latlng) {
  if (tileZoom(map.getZoom()) < style.facility_zoom) return null;
  return spotAt(map, layer, "coverage", "facility", latlng, () => 10 * tilePixels(map.getZoom()));
}

/**
 * Return the grid whose badge is drawn at a place, or null: it may stand on the neighbour's ground.
 * @param {L.Map} map
 * @param {Looked} layer
 * @param {GridsStyle} style
 * @param {L.LatLng} latlng
 */
export function badgeAt(map, layer, style, latlng) {
  const k = tilePixels(map.getZoom());
  const place = badgePlace(style, tileZoom(map.getZoom()), k);
  return spotAt(map, layer, "members", "unheld", latlng, ({ props }) => badgeReach(props.n).x * k, place);
}

/**
 * Return the point feature of a source's MVT layer nearest to a place within reach(feature) pixels of a tile.
 * @template {SourceName} Name
 * @template {keyof TileLayers[Name]} Layer
 * @param {L.Map} map
 * @param {Looked} layer
 * @param {Name} sourceName
 * @param {Layer} mvtLayer
 * @param {L.LatLng} latlng
 * @param {(feature: TileFeature<TileLayers[Name][Layer]>) => number} reach
 * @param {(feature: TileFeature<TileLayers[Name][Layer]>) => Point} [place]
 */
function spotAt(map, layer, sourceName, mvtLayer, latlng, reach, place) {
  const hit = tileAt(map, layer, sourceName, latlng);
  const features = hit?.data.get(mvtLayer);
  return hit && features ? nearest(features, hit.point, (feature) => reach(feature) / hit.scale, place) : null;
}

/**
 * Call back for each decoded piece of a grid in the visible tiles.
 * @param {L.Map} map
 * @param {Looked} layer
 * @param {Level} level
 * @param {number} id
 * @param {(rings: Point[][], place: TilePlace) => void} draw
 */
export function eachPiece(map, layer, level, id, draw) {
  const view = layer?.views?.get("grids");
  if (!view) return;
  const zoom = map.getZoom();
  const k = tilePixels(zoom);
  const bounds = map.getPixelBounds();
  const [min, max] = [bounds.getTopLeft(), bounds.getBottomRight()];
  const seen = { minX: min.x * k, minY: min.y * k, maxX: max.x * k, maxY: max.y * k };
  for (const place of view.dataTilesForBounds(tileZoom(zoom), seen)) {
    const { x, y, z } = place.dataTile;
    const data = view.tileCache.cache.get(`${x}:${y}:${z}`)?.data;
    for (const feature of data?.get(level) ?? []) {
      if (feature.props.id === id) draw(feature.geom, place);
    }
  }
}
