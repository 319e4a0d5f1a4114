// Zooms: people zoom in whole steps, tiles are made for whole ones, and a fit may lie in between.

const STEPS = 10;

/**
 * Return the zoom of the tiles that are shown at a zoom of the map.
 * @param {number} zoom
 */
export function tileZoom(zoom) {
  return Math.round(zoom);
}

/**
 * Return the least zoom of the map at which what is drawn from a whole zoom on is drawn.
 * @param {number} whole
 */
export function leastZoom(whole) {
  return whole - 0.5;
}

/**
 * Return how many pixels of a tile make one CSS pixel at a zoom of the map: 1 at a whole zoom.
 * @param {number} zoom
 */
export function tilePixels(zoom) {
  return 2 ** (tileZoom(zoom) - zoom);
}

/**
 * Return the nearest zoom, or the next lower one, that a view may have: whole tenths.
 * @param {number} zoom
 */
export function allowed(zoom, round = Math.round) {
  return round(zoom * STEPS) / STEPS;
}

/**
 * Go to a centre and to a zoom that need not be whole.
 * @param {L.Map} map
 * @param {L.LatLngExpression} center
 * @param {number} zoom
 * @param {L.ZoomPanOptions} [options]
 */
export function setExactView(map, center, zoom, options) {
  const { zoomSnap } = map.options;
  map.options.zoomSnap = 0;
  map.setView(center, zoom, options);
  map.options.zoomSnap = zoomSnap;
}
