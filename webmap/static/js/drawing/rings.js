// Rings as the server sends them: closed lists of [lon, lat] on its grid of 1e-7 degrees, where
// neighbours hold the very same numbers. No map, no page.

/** @import { Box } from "../types/page.d.ts" */
/** @import { Polygons, Position, Ring, Segment } from "../types/plans.d.ts" */

const GRID = 1e7;
// A corner that divides an edge stands up to 1 cm beside it.
const BESIDE_DEG = 2e-7;

/**
 * Are two corners the same, to the last digit?
 * @param {Position} a
 * @param {Position} b
 */
export function same(a, b) {
  return a[0] === b[0] && a[1] === b[1];
}

/**
 * Put a place on the server's grid.
 * @param {Position} place
 * @returns {Position}
 */
export function onGrid([lon, lat]) {
  return [Math.round(lon * GRID) / GRID, Math.round(lat * GRID) / GRID];
}

/**
 * Return polygons in which a corner has moved; the same object if none has it.
 * @param {Polygons} polygons
 * @param {Position} corner
 * @param {Position} to
 */
export function moved(polygons, corner, to) {
  return changed(polygons, (ring) => {
    if (!ring.some((each) => same(each, corner))) return ring;
    return ring.map((each) => (same(each, corner) ? to : each));
  });
}

/**
 * Return polygons in which a path of an edge, in either direction, runs along other corners.
 * @param {Polygons} polygons
 * @param {Position[]} old
 * @param {Position[]} path
 */
export function reshaped(polygons, old, path) {
  return changed(polygons, (ring) => withPath(ring, old, path) ?? withPath(ring, old.toReversed(), path.toReversed()) ?? ring);
}

/**
 * Return the corners before and after one in a closed ring.
 * @param {Ring} ring
 * @param {number} index
 * @returns {Segment}
 */
export function beside(ring, index) {
  const n = ring.length - 1;
  return [ring[(index - 1 + n) % n], ring[(index + 1) % n]];
}

/**
 * Return both ways along a closed ring from one of its corners to another, the shorter one first; none
 * where it has not both.
 * @param {Ring} ring
 * @param {Position} from
 * @param {Position} to
 * @returns {Position[][]}
 */
export function ways(ring, from, to) {
  const open = ring.slice(0, -1);
  const [i, j] = [from, to].map((corner) => open.findIndex((each) => same(each, corner)));
  if (i < 0 || j < 0 || i === j) return [];
  const turned = [...open.slice(i), ...open.slice(0, i)];
  const k = (j - i + open.length) % open.length;
  const forth = turned.slice(0, k + 1);
  const back = [turned[0], ...turned.slice(k).toReversed()];
  return [forth, back].sort((a, b) => length(a) - length(b));
}

/**
 * Return the length of a line in degrees of longitude at its place: to compare, not to tell.
 * @param {Position[]} line
 */
export function length(line) {
  let sum = 0;
  for (let i = 1; i < line.length; i += 1) sum += Math.hypot(...flat(line[i - 1], line[i]));
  return sum;
}

/**
 * Is a place inside the polygons?
 * @param {Polygons} polygons
 * @param {Position} place
 */
export function holds(polygons, [lon, lat]) {
  let inside = false;
  for (const ring of polygons.flat()) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [ax, ay] = ring[i];
      const [bx, by] = ring[j];
      if (ay > lat !== by > lat && lon < ((bx - ax) * (lat - ay)) / (by - ay) + ax) inside = !inside;
    }
  }
  return inside;
}

/**
 * Return the box of polygons.
 * @param {Polygons} polygons
 */
export function boxOf(polygons) {
  /** @type {Box} */
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of polygons.flat()) {
    for (const [lon, lat] of ring) {
      if (lon < box[0]) box[0] = lon;
      if (lat < box[1]) box[1] = lat;
      if (lon > box[2]) box[2] = lon;
      if (lat > box[3]) box[3] = lat;
    }
  }
  return box;
}

/**
 * Do two boxes meet?
 * @param {Box} a
 * @param {Box} b
 */
export function meet(a, b) {
  return a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
}

/**
 * Return the segments that polygons have and others have not, as pairs of corners. An edge that has only
 * got a corner more, or lost one on its way, is the same edge.
 * @param {Polygons} polygons
 * @param {Polygons} others
 */
export function segmentsBeyond(polygons, others) {
  const theirs = others.flat().flatMap(segments);
  const known = new Set(theirs.map(keyOf));
  const beyond = polygons.flat().flatMap((ring) => segments(ring).filter((segment) => !known.has(keyOf(segment))));
  return beyond.filter((segment) => ![segment[0], segment[1], middleOf(segment)].every((place) => theirs.some((edge) => isOn(edge, place))));
}

/**
 * @param {Segment} edge
 * @param {Position} place
 */
function isOn([[ax, ay], [bx, by]], [x, y]) {
  if (x < Math.min(ax, bx) - BESIDE_DEG || x > Math.max(ax, bx) + BESIDE_DEG || y < Math.min(ay, by) - BESIDE_DEG || y > Math.max(ay, by) + BESIDE_DEG) return false;
  return Math.abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) <= BESIDE_DEG * Math.hypot(bx - ax, by - ay);
}

/**
 * Tell whether ground comes to a shape that becomes another, and whether any goes from it.
 * @param {Polygons} before
 * @param {Polygons} after
 */
export function passing(before, after) {
  // An edge that is new runs through what goes, or around what has come; one that is gone the other way.
  const made = middlesBeyond(after, before);
  const gone = middlesBeyond(before, after);
  return {
    comes: made.some((place) => !holds(before, place)) || gone.some((place) => holds(after, place)),
    goes: made.some((place) => holds(before, place)) || gone.some((place) => !holds(after, place)),
  };
}

/**
 * The middles of edges that others have not; one on an edge of theirs is on neither side.
 * @param {Polygons} polygons
 * @param {Polygons} others
 */
function middlesBeyond(polygons, others) {
  const theirs = others.flat().flatMap(segments);
  return segmentsBeyond(polygons, others).map(middleOf).filter((place) => !theirs.some((edge) => isOn(edge, place)));
}

/**
 * @param {Segment} segment
 * @returns {Position}
 */
function middleOf([[ax, ay], [bx, by]]) {
  return [(ax + bx) / 2, (ay + by) / 2];
}

/**
 * Return the indices of those polygons that have a segment which no others have, nor an outline.
 * @param {Polygons[]} shapes
 * @param {Polygons} outline
 */
export function unmatched(shapes, outline) {
  const known = new Set(outline.flat().flatMap((ring) => segments(ring).map(keyOf)));
  /** @type {Map<string, number | null>} */
  const owners = new Map();
  shapes.forEach((polygons, index) => {
    for (const key of polygons.flat().flatMap((ring) => segments(ring).map(keyOf))) owners.set(key, owners.has(key) ? null : index);
  });
  /** @type {Set<number>} */
  const found = new Set();
  for (const [key, index] of owners) if (index !== null && !known.has(key)) found.add(index);
  return found;
}

/**
 * @param {Ring} ring
 * @returns {Segment[]}
 */
function segments(ring) {
  return ring.slice(1).map((corner, i) => [ring[i], corner]);
}

/** @param {Segment} segment */
function keyOf([a, b]) {
  const forth = a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
  return forth ? `${a},${b}` : `${b},${a}`;
}

/**
 * @param {Polygons} polygons
 * @param {(ring: Ring) => Ring} change  returns the same ring where nothing changes
 */
function changed(polygons, change) {
  let any = false;
  const next = polygons.map((rings) => rings.map((ring) => {
    const drawn = change(ring);
    any ||= drawn !== ring;
    return drawn;
  }));
  return any ? next : polygons;
}

/**
 * @param {Ring} ring
 * @param {Position[]} old
 * @param {Position[]} path
 * @returns {Ring | null}
 */
function withPath(ring, old, path) {
  const open = ring.slice(0, -1);
  const start = open.findIndex((each) => same(each, old[0]));
  if (start < 0 || old.length > open.length) return null;
  const turned = [...open.slice(start), ...open.slice(0, start)];
  if (!old.every((each, i) => same(each, turned[i % turned.length]))) return null;
  const next = [...path.slice(0, -1), ...turned.slice(old.length - 1)];
  return [...next, next[0]];
}

/**
 * @param {Position} from
 * @param {Position} to
 */
function flat([ax, ay], [bx, by]) {
  return [(bx - ax) * Math.cos((ay * Math.PI) / 180), by - ay];
}
