// The shared edges of some grids, found by topojson: arcs, the grids on both sides of each, and the
// junctions in which three or more edges meet.

import { meet, same } from "./rings.js";

/** @import { Level } from "../types/page.d.ts" */
/** @import { Edge, Edges, Grid, Position } from "../types/plans.d.ts" */
/** @import { MultiPolygon } from "geojson" */
/** @import { Ground } from "./ground.js" */
/** @typedef {typeof import("topojson-server")} TopoJSON */

/**
 * Return the edges of a grid among others of all levels, and the corners where edges end.
 * @param {TopoJSON} topojson
 * @param {Grid} grid
 * @param {Grid[]} others
 * @returns {Edges}
 */
export function edgesOf(topojson, grid, others) {
  /** @type {Record<string, MultiPolygon>} */
  const objects = Object.fromEntries([grid, ...others].map((each) => [each.id, { type: "MultiPolygon", coordinates: each.polygons }]));
  const topology = topojson.topology(objects);
  /** @type {Map<number, Set<number>>} */
  const sides = new Map();
  const shapes = /** @type {Record<string, {arcs?: number[][][]}>} */ (topology.objects);
  for (const [id, { arcs }] of Object.entries(shapes)) {
    for (const arc of (arcs ?? []).flat(2)) {
      const index = arc < 0 ? ~arc : arc;
      sides.set(index, (sides.get(index) ?? new Set()).add(Number(id)));
    }
  }
  const own = [...sides].filter(([, ids]) => ids.has(grid.id));
  const edges = own.map(([index, ids]) => ({ line: lineOf(topology, index), sides: [...ids].filter((id) => id !== grid.id) }));
  return { edges, junctions: junctionsOf(edges) };
}

/**
 * Return the edges of a grid among all of a ground that are near; none while anything is missing.
 * @param {TopoJSON} [topojson]  undefined until the library is loaded
 * @param {Ground | null} [ground]
 * @param {Grid | null} [grid]
 * @returns {Edges}
 */
export function edgesAround(topojson, ground, grid) {
  if (!topojson || !ground || !grid) return { edges: [], junctions: new Set() };
  return edgesOf(topojson, grid, ground.all().filter((each) => each.id !== grid.id && meet(each.box, grid.box)));
}

/**
 * Return the grids of a level that share an edge with one: its neighbours.
 * @param {Edge[]} edges
 * @param {Grid[]} grids
 * @param {Level} level
 */
export function neighbours(edges, grids, level) {
  const ids = new Set(edges.flatMap(({ sides }) => sides));
  return grids.filter((grid) => grid.level === level && ids.has(grid.id));
}

/** @param {Edge[]} edges */
function junctionsOf(edges) {
  /** @type {Position[]} */
  const found = [];
  for (const { line } of edges) {
    // A ring of its own has no junction: it begins anywhere.
    const [first, last] = [line[0], line[line.length - 1]];
    if (same(first, last) && edges.length === 1) continue;
    found.push(first, last);
  }
  return new Set(found.map(String));
}

/**
 * An arc has the corners of our rings, of two numbers each.
 * @param {import("topojson-specification").Topology} topology
 * @param {number} index
 */
function lineOf({ arcs }, index) {
  return /** @type {Position[]} */ (arcs[index]);
}
