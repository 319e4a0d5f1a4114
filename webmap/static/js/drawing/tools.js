// What can be done with the chosen grid. A tool says for which grids it is there, what it asks for
// ("line", "area", another "grid" on the map, a "number" or "nothing"), and makes the operation that
// is sent to the server.
// To add one: an entry here, its words in webmap/map/words.py.

import { neighbours } from "./edges.js";
import { same, ways } from "./rings.js";
import { LEVELS } from "../view/view.js";

/** @import { Level } from "../types/page.d.ts" */
/** @import { Edge, Grid, Operation, Position } from "../types/plans.d.ts" */
/** @import { Ground } from "./ground.js" */

/**
 * What a tool works on: the chosen grid and its edges.
 * @typedef {{grid: Grid, ground: Ground, edges: Edge[]}} Context
 *
 * What a tool makes: null where nothing comes of it, or a fault by the key of its words.
 * @typedef {Operation | {fault: string} | null} Made
 */

/**
 * @typedef {object} AnyTool
 * @property {string} key
 * @property {(grid: Grid) => boolean} [isFor]
 * @property {(context: Context) => boolean} [isPossible]
 *
 * @typedef {AnyTool & {asks: "line" | "area", wantsName?: boolean, operation(context: Context, corners: Position[], name: string): Made}} SketchTool
 * @typedef {AnyTool & {asks: "grid", candidates(context: Context): Grid[], operation(context: Context, other: Grid): Made}} GridTool
 * @typedef {AnyTool & {asks: "number", least: number, most: number, operation(context: Context, number: number): Made}} NumberTool
 * @typedef {AnyTool & {asks: "nothing", operation(context: Context): Made}} PlainTool
 * @typedef {SketchTool | GridTool | NumberTool | PlainTool} Tool
 */

/** @type {Tool[]} */
export const TOOLS = [
  {
    key: "split",
    asks: "line",
    operation: ({ grid }, line) => ({ do: "split", grid: grid.id, line }),
  },
  {
    key: "cut_out",
    asks: "area",
    operation: ({ grid }, ring) => ({ do: "cut_out", grid: grid.id, ring }),
  },
  {
    key: "divide",
    asks: "number",
    least: 2,
    most: 50,
    operation: ({ grid }, parts) => ({ do: "divide", grid: grid.id, parts }),
  },
  {
    key: "merge",
    asks: "grid",
    candidates: siblings,
    operation: ({ grid }, other) => ({ do: "merge", grid: grid.id, other: other.id }),
  },
  {
    key: "balance",
    asks: "grid",
    candidates: siblings,
    operation: ({ grid }, other) => ({ do: "balance", grid: grid.id, other: other.id }),
  },
  {
    key: "annex",
    asks: "area",
    operation: ({ grid }, ring) => ({ do: "annex", grid: grid.id, ring }),
  },
  {
    key: "hand_over",
    asks: "grid",
    isFor: ({ level }) => level !== "town",
    candidates: ({ grid, ground }) => ground.all(above(grid.level)).filter((each) => each.id !== grid.parent),
    operation: ({ grid }, parent) => ({ do: "hand_over", grid: grid.id, parent: parent.id }),
  },
  {
    key: "redraw",
    asks: "line",
    operation: redraw,
  },
  {
    key: "draw",
    asks: "area",
    isFor: ({ level }) => level === "compound" || level === "community",
    wantsName: true,
    operation: drawn("compound"),
  },
  {
    key: "draw_community",
    asks: "area",
    isFor: ({ level }) => level === "community" || level === "town",
    // Communities fill their town, as a rule.
    isPossible: ({ grid, ground }) => ground.hasGap("community", grid),
    wantsName: true,
    operation: drawn("community"),
  },
  {
    key: "draw_town",
    asks: "area",
    isFor: ({ level }) => level === "town",
    isPossible: ({ grid, ground }) => ground.hasGap("town", grid),
    wantsName: true,
    operation: drawn("town"),
  },
  {
    key: "close_slivers",
    asks: "nothing",
    isFor: ({ level }) => level !== "compound",
    operation: ({ grid }) => ({ do: "close_slivers", grid: grid.id }),
  },
  {
    key: "remove",
    asks: "nothing",
    isFor: ({ level }) => level === "compound",
    operation: ({ grid }) => ({ do: "remove", grid: grid.id }),
  },
];

/**
 * Return the neighbours of the chosen grid that lie in the same one.
 * @param {Context} context
 */
function siblings({ grid, ground, edges }) {
  return neighbours(edges, ground.all(), grid.level).filter((each) => each.parent === grid.parent);
}

/**
 * Return the tools for a grid; those that nothing can come of are left out.
 * @param {Context | null} context  null while none is chosen
 */
export function toolsFor(context) {
  if (!context || context.grid.level === "county") return [];
  return TOOLS.filter((tool) => (tool.isFor?.(context.grid) ?? true) && (tool.isPossible?.(context) ?? true)).filter(
    (tool) => tool.asks !== "grid" || tool.candidates(context).length,
  );
}

/**
 * Return what draws a new grid of a level in the chosen one, or beside it where it is of that level.
 * @param {Level} level
 * @returns {SketchTool["operation"]}
 */
function drawn(level) {
  return ({ grid }, ring, name) => ({ do: "draw", level, parent: grid.level === level ? grid.parent : grid.id, ring, name });
}

/**
 * Let the edge between the line's ends run along the line. Both ends lie on corners of the grid.
 * @type {SketchTool["operation"]}
 */
function redraw({ grid }, line) {
  const [first, last] = [line[0], line[line.length - 1]];
  for (const ring of grid.polygons.flat()) {
    const [shorter] = ways(ring, first, last);
    if (shorter) return { do: "reshape", old: shorter, new: [shorter[0], ...line.slice(1, -1), shorter[shorter.length - 1]] };
  }
  return same(first, last) ? null : { fault: "draw.ends" };
}

/** @param {Level} level */
function above(level) {
  return LEVELS[LEVELS.indexOf(level) - 1];
}
