// One corner on its way: the edges of all levels that meet in it follow, and it holds on to what is near.

import { beside, meet, moved, onGrid, reshaped, same } from "./rings.js";
import { Snaps } from "./snapping.js";

export class Dragging {
  #to = null;
  #moving;

  /**
   * ``handle`` as Handles has it; ``parts``: map, ground, chosen, buildings, references, show(preview)
   * draws what is on its way, done(operation, preview, to) when it has arrived. A preview is {polygons: by id,
   * edges: [{level, made, gone}], snap}; null is none.
   */
  constructor(handle, parts) {
    Object.assign(this, { handle, ...parts });
    this.#moving = moving(this.ground, handle);
  }

  /** Go to a pixel of the map's layer; returns the pixel that it holds on to. */
  move(pixel, { reach }) {
    const snap = reach ? this.#near(pixel, reach).find(pixel, reach) : null;
    const at = snap ? L.point(snap.x, snap.y) : pixel;
    const { lat, lng } = this.map.layerPointToLatLng(at);
    this.#to = snap?.at ?? onGrid([lng, lat]);
    this.show(this.#preview(snap && { ...snap, at: this.#to }));
    return at;
  }

  end() {
    if (!this.#to || same(this.#to, this.handle.at)) {
      this.cancel();
      return;
    }
    const { kind, at, between } = this.handle;
    const operation = kind === "corner"
      ? { do: "move", corner: at, to: this.#to }
      : { do: "reshape", old: between, new: [between[0], this.#to, between[1]] };
    this.done(operation, this.#preview(null), this.#to);
  }

  cancel() {
    this.show(null);
  }

  #preview(snap) {
    const { kind, at, between } = this.handle;
    const to = this.#to;
    const polygons = new Map();
    for (const { grid } of this.#moving) {
      // Coarser ones are seen by their edges only, and have thousands of corners.
      if (grid.level !== "compound" && grid !== this.chosen) continue;
      polygons.set(grid.id, kind === "corner" ? moved(grid.polygons, at, to) : reshaped(grid.polygons, between, [between[0], to, between[1]]));
    }
    const edges = this.#moving.map(({ grid, ends, gone }) => ({ level: grid.level, gone, made: ends.map((end) => [end, to]) }));
    return { polygons, edges, snap };
  }

  // What there is to hold on to within reach: edges of grids that do not move, and buildings.
  #near(pixel, reach) {
    const snaps = new Snaps();
    const corners = [[-reach, reach], [reach, -reach]].map((by) => this.map.layerPointToLatLng(pixel.add(L.point(by))));
    const box = [corners[0].lng, corners[0].lat, corners[1].lng, corners[1].lat];
    const pixelOf = (at) => ({ ...this.map.latLngToLayerPoint([at[1], at[0]]), at });
    const still = new Set(this.#moving.map(({ grid }) => grid.id));
    for (const grid of this.ground.all()) {
      if (still.has(grid.id) || grid.level === "county" || grid.level === "town" || !meet(grid.box, box)) continue;
      // It must not hold on to itself.
      for (const ring of grid.polygons.flat()) addPassing(snaps, ring, box, pixelOf, this.handle.at);
    }
    for (const { line } of this.references.near(box)) addPassing(snaps, line, box, pixelOf);
    for (const [lon, lat] of this.buildings) {
      if (meet(box, [lon, lat, lon, lat])) snaps.addPoint(pixelOf(onGrid([lon, lat])));
    }
    return snaps;
  }
}

// Take the segments of a line that pass a box, without those that meet in ``but``.
function addPassing(snaps, line, box, pixelOf, but = null) {
  for (let i = 1; i < line.length; i += 1) {
    const [a, b] = [line[i - 1], line[i]];
    const passes = Math.min(a[0], b[0]) <= box[2] && Math.max(a[0], b[0]) >= box[0] && Math.min(a[1], b[1]) <= box[3] && Math.max(a[1], b[1]) >= box[1];
    if (passes && !(but && (same(a, but) || same(b, but)))) snaps.addLine([pixelOf(a), pixelOf(b)]);
  }
}

/** Return what moves with a handle: [{grid, ends, gone}], coarsest first. */
export function moving(ground, { kind, at, between }) {
  const away = [at[0] + 1e-6, at[1] + 1e-6];
  const ids = kind === "corner" ? ground.moving(at, away) : ground.reshaping(between, [between[0], away, between[1]]);
  return [...ids.keys()].map((id) => {
    const grid = ground.get(id);
    const ends = kind === "corner" ? sidesOf(grid, at) : between;
    return { grid, ends, gone: kind === "corner" ? ends.map((end) => [end, at]) : [between] };
  });
}

function sidesOf(grid, at) {
  return grid.polygons.flat().flatMap((ring) => {
    const index = ring.findIndex((each) => same(each, at));
    return index < 0 ? [] : beside(ring, index);
  });
}
