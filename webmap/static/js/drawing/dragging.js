// One corner on its way: all rings of all levels that have it follow, and it holds on to what is near.

import { onGrid, same } from "./rings.js";
import { Snaps } from "./snapping.js";

export class Dragging {
  #to = null;
  #redraw;
  #snaps;

  /**
   * ``handle`` as Handles has it; ``parts``: map, ground, buildings, show(preview) draws what is on
   * its way ({polygons by id, snap} or null), done(operation, preview) when it has arrived.
   */
  constructor(handle, parts) {
    Object.assign(this, { handle, ...parts });
    const { ground } = this;
    this.#redraw = handle.kind === "corner"
      ? (to) => ground.moving(handle.at, to)
      : (to) => ground.reshaping(handle.between, [handle.between[0], to, handle.between[1]]);
    this.#snaps = this.#near(new Set(this.#redraw(onGrid(handle.at.map((degrees) => degrees + 1e-6))).keys()));
  }

  /** Go to a pixel of the map's layer; returns the pixel that it holds on to. */
  move(pixel, { reach }) {
    const snap = reach ? this.#snaps.find(pixel, reach) : null;
    const at = snap ? L.point(snap.x, snap.y) : pixel;
    const { lat, lng } = this.map.layerPointToLatLng(at);
    this.#to = snap?.at ?? onGrid([lng, lat]);
    this.show({ polygons: this.#redraw(this.#to), snap: snap && { ...snap, at: this.#to } });
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
    this.done(operation, { polygons: this.#redraw(this.#to), snap: null }, this.#to);
  }

  cancel() {
    this.show(null);
  }

  // What there is to hold on to in sight: the edges of grids that do not move, and buildings.
  #near(moving) {
    const snaps = new Snaps();
    const bounds = this.map.getBounds().pad(0.1);
    const pixelOf = (at) => ({ ...this.map.latLngToLayerPoint([at[1], at[0]]), at });
    for (const grid of this.ground.all()) {
      if (moving.has(grid.id) || grid.level === "county" || grid.level === "town") continue;
      const [west, south, east, north] = grid.box;
      if (!bounds.intersects([[south, west], [north, east]])) continue;
      for (const ring of grid.polygons.flat()) {
        for (const line of within(ring, bounds, this.handle.at)) snaps.addLine(line.map(pixelOf));
      }
    }
    for (const [lon, lat] of this.buildings) {
      if (bounds.contains([lat, lon])) snaps.addPoint(pixelOf(onGrid([lon, lat])));
    }
    return snaps;
  }
}

// The stretches of a ring in sight, cut at the corner that moves: it must not hold on to itself.
function within(ring, bounds, corner) {
  const found = [[]];
  for (const at of ring) {
    if (bounds.contains([at[1], at[0]]) && !same(at, corner)) found.at(-1).push(at);
    else if (found.at(-1).length) found.push([]);
  }
  return found.filter((line) => line.length);
}
