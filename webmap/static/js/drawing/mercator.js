// From degrees to the pixels of a map at a zoom, for many corners at once.

/**
 * What a canvas shows: the world's size, the canvas's corner in it and its own size, in pixels.
 * @typedef {{size: number, x: number, y: number, width: number, height: number}} Frame
 */

/** @import { Position } from "../types/plans.d.ts" */

/** @type {WeakMap<Position[], Float64Array>} */
const cache = new WeakMap();

/**
 * Return a line's places in a world of one by one: [x0, y0, x1, y1, …]; computed once.
 * @param {Position[]} line
 */
export function world(line) {
  let found = cache.get(line);
  if (!found) {
    found = new Float64Array(line.length * 2);
    for (let i = 0; i < line.length; i += 1) [found[2 * i], found[2 * i + 1]] = project(line[i]);
    cache.set(line, found);
  }
  return found;
}

/**
 * Return a place in a world of one by one.
 * @param {Position} place
 * @returns {[x: number, y: number]}
 */
export function project([lon, lat]) {
  return [lon / 360 + 0.5, 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI)];
}

/**
 * Return the size of the world in pixels at a zoom.
 * @param {number} zoom
 */
export function worldSize(zoom) {
  return 256 * 2 ** zoom;
}

/**
 * Return where on the canvas a place lies.
 * @param {Frame} frame
 * @param {Position} lonLat
 * @returns {[x: number, y: number]}
 */
export function place(frame, lonLat) {
  const [x, y] = project(lonLat);
  return [x * frame.size - frame.x, y * frame.size - frame.y];
}
