// Which ground a click opens while none is open.

import { gridsAt } from "../picking.js";

const LEVELS_TO_DRAW_IN = ["community", "town"];

/** Return the finest grid at a place of the map that can be drawn in, or undefined. */
export function gridToOpen(map, layer, latlng) {
  const here = gridsAt(map, layer, latlng);
  return LEVELS_TO_DRAW_IN.map((level) => here.find((grid) => grid.level === level)).find(Boolean);
}
