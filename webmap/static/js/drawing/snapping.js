// What a place that is being drawn holds on to: corners first, then buildings, then edges. In pixels
// of the screen, so that the reach is that of a hand.

/** @import { Pixel, Position } from "../types/plans.d.ts" */

/**
 * Something to hold on to; ``at`` is where it is in degrees, null on an edge.
 * @typedef {Pixel & {at: Position}} Spot
 * @typedef {Pixel & {at: Position | null, kind: "corner" | "building" | "edge"}} Snap
 */

export const REACH = { mouse: 10, touch: 18, pen: 12 };

export class Snaps {
  /** @type {Spot[]} */
  #corners = [];
  /** @type {Spot[]} */
  #points = [];
  /** @type {[Spot, Spot][]} */
  #segments = [];

  /**
   * Take the corners of a line.
   * @param {Spot[]} line
   */
  addLine(line) {
    for (let i = 0; i < line.length; i += 1) {
      this.#corners.push(line[i]);
      if (i) this.#segments.push([line[i - 1], line[i]]);
    }
  }

  /**
   * Take a place that is no corner of a grid: a building.
   * @param {Spot} point
   */
  addPoint(point) {
    this.#points.push(point);
  }

  /**
   * Return what a pixel holds on to, or null.
   * @param {Pixel} pixel
   * @param {number} reach
   * @returns {Snap | null}
   */
  find(pixel, reach) {
    return nearestOf(this.#corners, pixel, reach, "corner") ?? nearestOf(this.#points, pixel, reach * 0.7, "building") ?? this.#onEdge(pixel, reach);
  }

  /**
   * @param {Pixel} pixel
   * @param {number} reach
   * @returns {Snap | null}
   */
  #onEdge(pixel, reach) {
    /** @type {Pixel | null} */
    let best = null;
    let least = reach;
    for (const [a, b] of this.#segments) {
      const foot = footOn(a, b, pixel);
      const distance = Math.hypot(foot.x - pixel.x, foot.y - pixel.y);
      if (distance >= least) continue;
      best = foot;
      least = distance;
    }
    return best && { ...best, at: null, kind: "edge" };
  }
}

/**
 * Return the place on a segment that is nearest to a pixel.
 * @param {Pixel} a
 * @param {Pixel} b
 * @param {Pixel} pixel
 * @returns {Pixel}
 */
export function footOn(a, b, pixel) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy;
  const share = square ? Math.max(0, Math.min(1, ((pixel.x - a.x) * dx + (pixel.y - a.y) * dy) / square)) : 0;
  return { x: a.x + share * dx, y: a.y + share * dy };
}

/**
 * @param {Spot[]} points
 * @param {Pixel} pixel
 * @param {number} reach
 * @param {"corner" | "building"} kind
 * @returns {Snap | null}
 */
function nearestOf(points, pixel, reach, kind) {
  /** @type {Spot | null} */
  let best = null;
  let least = reach;
  for (const point of points) {
    const distance = Math.hypot(point.x - pixel.x, point.y - pixel.y);
    if (distance >= least) continue;
    best = point;
    least = distance;
  }
  return best && { ...best, kind };
}
