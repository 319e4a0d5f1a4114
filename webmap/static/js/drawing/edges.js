// The shared edges of some grids, found by topojson: arcs, the grids on both sides of each, and the
// junctions in which three or more edges meet.

import { meet, same } from "./rings.js";

/**
 * Return the edges of a grid among others of all levels: [{line, sides}], and {junctions}, corners
 * where edges end. ``topojson`` is the library; grids are those of a Ground.
 */
export function edgesOf(topojson, grid, others) {
  const objects = Object.fromEntries([grid, ...others].map((each) => [each.id, { type: "MultiPolygon", coordinates: each.polygons }]));
  const topology = topojson.topology(objects);
  const sides = new Map();
  for (const [id, { arcs }] of Object.entries(topology.objects)) {
    for (const arc of (arcs ?? []).flat(2)) {
      const index = arc < 0 ? ~arc : arc;
      if (!sides.has(index)) sides.set(index, new Set());
      sides.get(index).add(Number(id));
    }
  }
  const own = [...sides].filter(([, ids]) => ids.has(grid.id));
  const edges = own.map(([index, ids]) => ({ line: topology.arcs[index], sides: [...ids].filter((id) => id !== grid.id) }));
  return { edges, junctions: junctionsOf(edges) };
}

/** Return the edges of a grid among all of a ground that are near; none while anything is missing. */
export function edgesAround(topojson, ground, grid) {
  if (!topojson?.topology || !grid) return { edges: [], junctions: new Set() };
  return edgesOf(topojson, grid, ground.all().filter((each) => each.id !== grid.id && meet(each.box, grid.box)));
}

/** Return the grids of a level that share an edge with one: its neighbours. */
export function neighbours(edges, grids, level) {
  const ids = new Set(edges.flatMap(({ sides }) => sides));
  return grids.filter((grid) => grid.level === level && ids.has(grid.id));
}

function junctionsOf(edges) {
  const found = [];
  for (const { line } of edges) {
    // A ring of its own has no junction: it begins anywhere.
    if (same(line[0], line.at(-1)) && edges.length === 1) continue;
    found.push(line[0], line.at(-1));
  }
  return new Set(found.map(String));
}
