// Which of many places on the screen are shown, so that each can be hit by a mouse or a finger.

/** @import { Pixel } from "../types/plans.d.ts" */

/**
 * Return places {pixel, rank} none of which is nearer than ``apart`` pixels to one of a lower rank, or
 * to an earlier one of the same rank. Those of rank 0 are all kept.
 * @template {{pixel: Pixel, rank: number}} T
 * @param {T[]} places
 * @param {number} apart
 */
export function thinned(places, apart) {
  /** @type {Map<string, T[]>} */
  const cells = new Map();
  /** @type {T[]} */
  const kept = [];
  for (const place of places.toSorted((a, b) => a.rank - b.rank)) {
    const { x, y } = place.pixel;
    const [column, row] = [Math.floor(x / apart), Math.floor(y / apart)];
    if (place.rank > 0 && around(cells, column, row).some((each) => Math.hypot(each.pixel.x - x, each.pixel.y - y) < apart)) continue;
    const key = `${column} ${row}`;
    cells.set(key, [...(cells.get(key) ?? []), place]);
    kept.push(place);
  }
  return kept;
}

/**
 * Return the one of some places that is nearest to a pixel, or null.
 * @template {{pixel: Pixel}} T
 * @param {T[]} places
 * @param {Pixel} pixel
 * @returns {T | null}
 */
export function nearestTo(places, { x, y }) {
  /** @type {T | null} */
  let best = null;
  let least = Infinity;
  for (const place of places) {
    const distance = Math.hypot(place.pixel.x - x, place.pixel.y - y);
    if (distance < least) [best, least] = [place, distance];
  }
  return best;
}

/**
 * @template T
 * @param {Map<string, T[]>} cells
 * @param {number} column
 * @param {number} row
 */
function around(cells, column, row) {
  return [-1, 0, 1].flatMap((dx) => [-1, 0, 1].flatMap((dy) => cells.get(`${column + dx} ${row + dy}`) ?? []));
}
