// Which ground is opened: by a click while none is open, and of a plan that is only looked at.

import { gridsAt } from "../map/picking.js";

/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Box } from "../types/page.d.ts" */
/** @import { Store } from "../view/store.js" */

const LEVELS_TO_DRAW_IN = ["community", "town"];

/**
 * Return the finest grid at a place of the map that can be drawn in, or undefined.
 * @param {L.Map} map
 * @param {LayerSet["layer"]} layer
 * @param {L.LatLng} latlng
 */
export function gridToOpen(map, layer, latlng) {
  const here = gridsAt(map, layer, latlng);
  return LEVELS_TO_DRAW_IN.map((level) => here.find((grid) => grid.level === level)).find(Boolean);
}

/** A plan that is only looked at opens on what it changes, once. */
export class FirstLook {
  /** @type {Box | null} */
  #box = null;
  #isOver = false;

  /**
   * Begin with another plan; who comes to a grid of it has said where to look.
   * @param {number | null} grid
   */
  begin(grid) {
    this.#isOver = grid !== null;
    this.#box = null;
  }

  /** Return the box of what changes, when it is first shown; null afterwards. */
  takeBox() {
    const box = this.#box;
    this.#box = null;
    return box;
  }

  /**
   * Open the grid that the panel names, if it does. Returns whether it has.
   * @param {DOMStringMap} dataset  of the panel's fragment
   * @param {Store} store
   */
  lead({ opens, changes = "" }, store) {
    if (this.#isOver || !opens || store.view.grid) return false;
    this.#isOver = true;
    const [west, south, east, north] = changes.split(",").map(Number);
    this.#box = [west, south, east, north];
    store.note({ grid: Number(opens) }, { from: "lead" });
    return true;
  }
}
