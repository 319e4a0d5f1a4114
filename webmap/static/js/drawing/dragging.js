// One corner on its way: the edges of all levels that meet in it follow, and it holds on to what is near.

import { beside, meet, moved, onGrid, reshaped, same } from "./rings.js";
import { Snaps } from "./snapping.js";

/** @import { Box } from "../types/page.d.ts" */
/** @import { Grid, Operation, Pixel, Position, Preview, ReferenceLine, Segment } from "../types/plans.d.ts" */
/** @import { Ground } from "./ground.js" */
/** @import { Handle } from "./handles.js" */

/**
 * What a corner is dragged in: buildings are [lon, lat, …].
 * @typedef {{ground: Ground, chosen: Grid, buildings: Position[], references: {near(box: Box): ReferenceLine[]}}} Surroundings
 *
 * What moves: from ``ends`` edges lead to the corner; those that are gone led elsewhere.
 * @typedef {{grid: Grid, ends: Position[], gone: Segment[]}} Moving
 */

export class Dragging {
  #handle;
  #map;
  #surroundings;
  #show;
  #done;
  #moving;
  /** @type {Position | null} */
  #to = null;

  /**
   * @param {Handle} handle
   * @param {Surroundings & {map: L.Map, show(preview: Preview | null): void, done(operation: Operation, preview: Preview, to: Position): void}} parts
   *   show draws what is on its way, done hears that it has arrived
   */
  constructor(handle, { map, ground, chosen, buildings, references, show, done }) {
    this.#handle = handle;
    this.#map = map;
    this.#surroundings = { ground, chosen, buildings, references };
    this.#show = show;
    this.#done = done;
    this.#moving = moving(ground, handle);
  }

  /**
   * Go to a pixel of the map's layer; returns the pixel that it holds on to.
   * @param {L.Point} pixel
   * @param {{reach: number}} options  0 holds on to nothing
   * @returns {L.Point}
   */
  move(pixel, { reach }) {
    const snap = reach ? this.#near(pixel, reach).find(pixel, reach) : null;
    const at = snap ? L.point(snap.x, snap.y) : pixel;
    const { lat, lng } = this.#map.layerPointToLatLng(at);
    this.#to = snap?.at ?? onGrid([lng, lat]);
    this.#show(this.#preview(this.#to, snap && { at: this.#to }));
    return at;
  }

  end() {
    const to = this.#to;
    if (!to || same(to, this.#handle.at)) {
      this.cancel();
      return;
    }
    const { at, between } = this.#handle;
    /** @type {Operation} */
    const operation = between ? { do: "reshape", old: between, new: [between[0], to, between[1]] } : { do: "move", corner: at, to };
    this.#done(operation, this.#preview(to, null), to);
  }

  cancel() {
    this.#show(null);
  }

  /**
   * @param {Position} to
   * @param {Preview["snap"]} snap
   * @returns {Preview}
   */
  #preview(to, snap) {
    const { at, between } = this.#handle;
    const polygons = new Map();
    for (const { grid } of this.#moving) {
      // Coarser ones are seen by their edges only, and have thousands of corners.
      if (grid.level !== "compound" && grid !== this.#surroundings.chosen) continue;
      polygons.set(grid.id, between ? reshaped(grid.polygons, between, [between[0], to, between[1]]) : moved(grid.polygons, at, to));
    }
    const edges = this.#moving.map(({ grid, ends, gone }) => ({ level: grid.level, gone, made: ends.map((end) => /** @type {Segment} */ ([end, to])) }));
    return { polygons, edges, snap };
  }

  /**
   * What there is to hold on to within reach: edges of grids that do not move, and buildings.
   * @param {L.Point} pixel
   * @param {number} reach
   */
  #near(pixel, reach) {
    const { ground, buildings, references } = this.#surroundings;
    const map = this.#map;
    const snaps = new Snaps();
    const [southWest, northEast] = [L.point(-reach, reach), L.point(reach, -reach)].map((by) => map.layerPointToLatLng(pixel.add(by)));
    /** @type {Box} */
    const box = [southWest.lng, southWest.lat, northEast.lng, northEast.lat];
    const spotOf = (/** @type {Position} */ at) => {
      const { x, y } = map.latLngToLayerPoint([at[1], at[0]]);
      return { x, y, at };
    };
    const still = new Set(this.#moving.map(({ grid }) => grid.id));
    for (const grid of ground.all()) {
      if (still.has(grid.id) || grid.level === "county" || grid.level === "town" || !meet(grid.box, box)) continue;
      // It must not hold on to itself.
      for (const ring of grid.polygons.flat()) addPassing(snaps, ring, box, spotOf, this.#handle.at);
    }
    for (const { line } of references.near(box)) addPassing(snaps, line, box, spotOf);
    for (const [lon, lat] of buildings) {
      if (meet(box, [lon, lat, lon, lat])) snaps.addPoint(spotOf(onGrid([lon, lat])));
    }
    return snaps;
  }
}

/**
 * Take the segments of a line that pass a box, without those that meet in ``but``.
 * @param {Snaps} snaps
 * @param {Position[]} line
 * @param {Box} box
 * @param {(at: Position) => Pixel & {at: Position}} spotOf
 * @param {Position | null} [but]
 */
function addPassing(snaps, line, box, spotOf, but = null) {
  for (let i = 1; i < line.length; i += 1) {
    const [a, b] = [line[i - 1], line[i]];
    const passes = meet([Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])], box);
    if (passes && !(but && (same(a, but) || same(b, but)))) snaps.addLine([spotOf(a), spotOf(b)]);
  }
}

/**
 * Return what moves with a handle, coarsest first.
 * @param {Ground} ground
 * @param {Pick<Handle, "at" | "between">} handle
 * @returns {Moving[]}
 */
export function moving(ground, { at, between }) {
  /** @type {Position} */
  const away = [at[0] + 1e-6, at[1] + 1e-6];
  const changed = between ? ground.reshaping(between, [between[0], away, between[1]]) : ground.moving(at, away);
  return [...changed.keys()].flatMap((id) => {
    const grid = ground.get(id);
    if (!grid) return [];
    if (between) return [{ grid, ends: between, gone: [between] }];
    const ends = sidesOf(grid, at);
    return [{ grid, ends, gone: ends.map((end) => /** @type {Segment} */ ([end, at])) }];
  });
}

/**
 * @param {Grid} grid
 * @param {Position} at
 */
function sidesOf(grid, at) {
  return grid.polygons.flat().flatMap((ring) => {
    const index = ring.findIndex((each) => same(each, at));
    return index < 0 ? [] : beside(ring, index);
  });
}
