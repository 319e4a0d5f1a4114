// Which ground is opened: by a click while none is open, and of a plan that is only looked at.

import { gridsAt } from "../map/picking.js";

const LEVELS_TO_DRAW_IN = ["community", "town"];

/** Return the finest grid at a place of the map that can be drawn in, or undefined. */
export function gridToOpen(map, layer, latlng) {
  const here = gridsAt(map, layer, latlng);
  return LEVELS_TO_DRAW_IN.map((level) => here.find((grid) => grid.level === level)).find(Boolean);
}

/** A plan that is only looked at opens on what it changes, once. */
export class FirstLook {
  #box = null;
  #isOver = false;

  /** Begin with another plan; who comes to a ``grid`` of it has said where to look. */
  begin(grid) {
    this.#isOver = Boolean(grid);
    this.#box = null;
  }

  /** The box of what changes, when it is first shown; null afterwards. */
  get box() {
    const box = this.#box;
    this.#box = null;
    return box;
  }

  /** Open the grid that the panel names, if it does. Returns whether it has. */
  lead({ opens, changes }, store) {
    if (this.#isOver || !opens || store.view.grid) return false;
    this.#isOver = true;
    this.#box = changes.split(",").map(Number);
    store.note({ grid: Number(opens) }, { from: "lead" });
    return true;
  }
}
