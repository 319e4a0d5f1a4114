// Lines that meet in corners, as a network: the shortest way between two places on them. The
// corners are those of the lines, to the last digit. No map, no page.

import { Queue } from "./queue.js";
import { same } from "./rings.js";

/** @import { Box } from "../types/page.d.ts" */
/** @import { Position } from "../types/plans.d.ts" */

/**
 * The numbers of a segment's two corners; twice the same one where a spot is that corner.
 * @typedef {[number, number]} Ends
 * @typedef {{at: Position, ends: Ends}} Spot  a place on the network
 */

// About 2 cm: an end as close to a line as this was meant to touch it.
const TOUCH = 2e-7;
// Of two ways of the same length one is taken every time, whatever the last digit of a sum is.
const EQUAL = 1e-12;
const CELL = 0.001;
const MOST_CELLS = 64;

export class Network {
  /** @type {Position[]} */
  #corners = [];
  /** @type {Map<string, number>} */
  #numbers = new Map();
  /** @type {Ends[]} */
  #segments = [];
  /** @type {number[][]} */
  #links = [];
  /** @type {Map<number, number[]>} */
  #cells = new Map();
  /**
   * Segments that pass so many cells that they are always looked at.
   * @type {number[]}
   */
  #long = [];
  #flat;

  /** @param {Position[][]} lines  a ring ends where it began */
  constructor(lines) {
    this.#flat = Math.cos(((lines[0]?.[0]?.[1] ?? 0) * Math.PI) / 180);
    const pairs = new Set();
    for (const line of lines) {
      for (let i = 1; i < line.length; i += 1) {
        const [a, b] = [this.#number(line[i - 1]), this.#number(line[i])];
        const key = a < b ? `${a} ${b}` : `${b} ${a}`;
        if (a === b || pairs.has(key)) continue;
        pairs.add(key);
        this.#segments.push([a, b]);
      }
    }
    this.#file();
    if (this.#join()) this.#file();
    this.#links = this.#corners.map(() => []);
    for (const [a, b] of this.#segments) {
      this.#links[a].push(b);
      this.#links[b].push(a);
    }
  }

  /** How many corners there are. */
  get size() {
    return this.#corners.length;
  }

  /**
   * Return the spot on the network that is nearest to a place, or null.
   * @param {Position} place
   * @param {number} reach  degrees
   * @returns {Spot | null}
   */
  near(place, reach) {
    /** @type {Spot | null} */
    let best = null;
    let least = reach;
    for (const index of this.#around(place, reach)) {
      const ends = this.#segments[index];
      const foot = this.#foot(ends, place);
      const far = this.#length(foot, place);
      if (far > least || (best && far === least)) continue;
      best = { at: foot, ends };
      least = far;
    }
    if (!best) return null;
    for (const end of best.ends) {
      if (this.#length(this.#corners[end], best.at) < TOUCH / 2) return { at: this.#corners[end], ends: [end, end] };
    }
    return best;
  }

  /**
   * Return the ways from a spot to any other.
   * @param {Spot} from
   */
  waysFrom(from) {
    const lengths = new Float64Array(this.#corners.length).fill(Infinity);
    const before = new Int32Array(this.#corners.length).fill(-1);
    const queue = new Queue();
    for (const end of from.ends) {
      const length = this.#length(from.at, this.#corners[end]);
      if (length >= lengths[end]) continue;
      lengths[end] = length;
      queue.put(length, end);
    }
    for (let waiting = queue.take(); waiting; waiting = queue.take()) {
      const [length, corner] = waiting;
      if (length > lengths[corner]) continue;
      for (const next of this.#links[corner]) {
        const sum = length + this.#length(this.#corners[corner], this.#corners[next]);
        if (sum >= lengths[next] - EQUAL) continue;
        lengths[next] = sum;
        before[next] = corner;
        queue.put(sum, next);
      }
    }
    return { between: (/** @type {Spot} */ to) => this.#between(from, to, lengths, before) };
  }

  /**
   * Return the corners between two spots by the shortest way; null where no way leads.
   * @param {Spot} from
   * @param {Spot} to
   */
  between(from, to) {
    return this.waysFrom(from).between(to);
  }

  /**
   * @param {Spot} from
   * @param {Spot} to
   * @param {Float64Array} lengths  of the ways to the corners
   * @param {Int32Array} before  the corner before each on its way; -1 at the first one
   */
  #between(from, to, lengths, before) {
    const isOneSegment = from.ends[0] !== from.ends[1] && from.ends.every((end) => to.ends.includes(end));
    let least = isOneSegment ? this.#length(from.at, to.at) : Infinity;
    let last = -1;
    for (const end of to.ends) {
      const sum = lengths[end] + this.#length(this.#corners[end], to.at);
      if (sum < least - EQUAL) [least, last] = [sum, end];
    }
    if (least === Infinity) return null;
    /** @type {Position[]} */
    const found = [];
    for (let corner = last; corner >= 0; corner = before[corner]) found.unshift(this.#corners[corner]);
    return found.filter((corner, i) => {
      if (same(corner, from.at) || same(corner, to.at)) return false;
      // Of an end and what it was meant to touch, one is enough.
      return !i || this.#length(corner, found[i - 1]) > TOUCH;
    });
  }

  /** @param {Position} corner */
  #number(corner) {
    const key = `${corner[0]} ${corner[1]}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#corners.length;
      this.#numbers.set(key, number);
      this.#corners.push(corner);
    }
    return number;
  }

  // Let lines that end on another one's segment, and not on a corner of it, meet it there.
  #join() {
    /** @type {Map<number, number>} */
    const uses = new Map();
    for (const end of this.#segments.flat()) uses.set(end, (uses.get(end) ?? 0) + 1);
    /** @type {Map<number, number[]>} */
    const joined = new Map();
    for (const [end, n] of uses) {
      if (n > 1) continue;
      const place = this.#corners[end];
      for (const index of this.#around(place, TOUCH)) {
        const ends = this.#segments[index];
        if (ends.includes(end) || this.#length(this.#foot(ends, place), place) > TOUCH) continue;
        joined.set(index, [...(joined.get(index) ?? []), end]);
      }
    }
    if (!joined.size) return false;
    this.#segments = this.#segments.flatMap(([a, b], index) => {
      const start = this.#corners[a];
      const between = (joined.get(index) ?? []).sort((one, two) => this.#length(start, this.#corners[one]) - this.#length(start, this.#corners[two]));
      const chain = [a, ...between, b];
      return chain.slice(1).map((end, i) => /** @type {Ends} */ ([chain[i], end]));
    });
    return true;
  }

  // Where segments lie, so that a place is answered by a few of them.
  #file() {
    this.#cells.clear();
    this.#long = [];
    this.#segments.forEach(([a, b], index) => {
      const keys = cellsOf(boxOfTwo(this.#corners[a], this.#corners[b]));
      if (!keys) this.#long.push(index);
      for (const key of keys ?? []) {
        const cell = this.#cells.get(key);
        if (cell) cell.push(index);
        else this.#cells.set(key, [index]);
      }
    });
  }

  /**
   * @param {Position} place
   * @param {number} reach
   */
  #around([lon, lat], reach) {
    const keys = cellsOf([lon - reach / this.#flat, lat - reach, lon + reach / this.#flat, lat + reach]);
    if (!keys) return this.#segments.keys();
    return new Set([...keys.flatMap((key) => this.#cells.get(key) ?? []), ...this.#long]);
  }

  /**
   * @param {Ends} ends
   * @param {Position} place
   * @returns {Position}
   */
  #foot([a, b], [lon, lat]) {
    const [start, end] = [this.#corners[a], this.#corners[b]];
    const [dx, dy] = [(end[0] - start[0]) * this.#flat, end[1] - start[1]];
    const square = dx * dx + dy * dy;
    const share = square ? ((lon - start[0]) * this.#flat * dx + (lat - start[1]) * dy) / square : 0;
    if (share <= 0) return start;
    if (share >= 1) return end;
    return [start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])];
  }

  /**
   * @param {Position} from
   * @param {Position} to
   */
  #length([ax, ay], [bx, by]) {
    return Math.hypot((bx - ax) * this.#flat, by - ay);
  }
}

/**
 * @param {Position} a
 * @param {Position} b
 * @returns {Box}
 */
function boxOfTwo(a, b) {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
}

/**
 * The cells that a box covers; null if they are too many to be worth it.
 * @param {Box} box
 */
function cellsOf([west, south, east, north]) {
  const [x0, y0, x1, y1] = [west, south, east, north].map((each) => Math.floor(each / CELL));
  if ((x1 - x0 + 1) * (y1 - y0 + 1) > MOST_CELLS) return null;
  const keys = [];
  for (let x = x0; x <= x1; x += 1) for (let y = y0; y <= y1; y += 1) keys.push(x * 1_000_000 + y);
  return keys;
}
