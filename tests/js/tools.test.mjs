import assert from "node:assert/strict";
import { test } from "node:test";
import { Ground } from "../../webmap/static/js/drawing/ground.js";
import { TOOLS, toolsFor } from "../../webmap/static/js/drawing/tools.js";
import { box, grid, plain } from "./grids.mjs";

const LINE = [[1, 2], [2, 2]];
const RING = box(1, 1, 2, 2)[0];

function contextOf(id, { edges = [], grids = [] } = {}) {
  const told = plain();
  told.grids.push(...grids);
  const ground = new Ground(told, 1);
  return { ground, grid: ground.get(id), edges };
}

const tool = (key) => TOOLS.find((each) => each.key === key);

test("each tool makes the operation of its name for the chosen grid", () => {
  const compound = contextOf(4);
  const other = compound.ground.get(5);
  const made = {
    split: tool("split").operation(compound, LINE, ""),
    cut_out: tool("cut_out").operation(compound, RING, ""),
    divide: tool("divide").operation(compound, 3),
    merge: tool("merge").operation(compound, other),
    balance: tool("balance").operation(compound, other),
    annex: tool("annex").operation(compound, RING, ""),
    hand_over: tool("hand_over").operation(compound, compound.ground.get(3)),
    close_slivers: tool("close_slivers").operation(compound),
    remove: tool("remove").operation(compound),
  };
  assert.deepEqual(made, {
    split: { do: "split", grid: 4, line: LINE },
    cut_out: { do: "cut_out", grid: 4, ring: RING },
    divide: { do: "divide", grid: 4, parts: 3 },
    merge: { do: "merge", grid: 4, other: 5 },
    balance: { do: "balance", grid: 4, other: 5 },
    annex: { do: "annex", grid: 4, ring: RING },
    hand_over: { do: "hand_over", grid: 4, parent: 3 },
    close_slivers: { do: "close_slivers", grid: 4 },
    remove: { do: "remove", grid: 4 },
  });
});

test("a compound is drawn into a community, and beside a compound into its community", () => {
  const made = (id) => tool("draw").operation(contextOf(id), RING, "东苑");
  assert.deepEqual(made(2), { do: "draw", level: "compound", parent: 2, ring: RING, name: "东苑" });
  assert.deepEqual(made(4), { do: "draw", level: "compound", parent: 2, ring: RING, name: "东苑" });
});

test("a grid is handed over to another of the level above, not to its own", () => {
  assert.deepEqual(tool("hand_over").candidates(contextOf(4)).map(({ id }) => id), [3]);
  const towns = contextOf(2, { grids: [grid(7, "town", null, box(4, 0, 5, 4))] });
  assert.deepEqual(tool("hand_over").candidates(towns).map(({ id }) => id), [7]);
});

test("grids are merged with neighbours in the same parent, and balanced with them", () => {
  // Of compound 4: across one edge lies compound 5, of another community; across the other 6, of the same.
  const edges = [{ line: LINE, sides: [5, 2] }, { line: LINE, sides: [6] }];
  const context = contextOf(4, { edges, grids: [grid(6, "compound", 2, box(0, 1, 1, 3)), grid(8, "compound", 2, box(0, 3, 1, 4))] });
  for (const key of ["merge", "balance"]) assert.deepEqual(tool(key).candidates(context).map(({ id }) => id), [6]);
  const keys = toolsFor(context).map(({ key }) => key);
  assert.ok(keys.includes("merge") && keys.includes("balance"));
});

test("for a county, or for nothing, there is no tool", () => {
  assert.deepEqual(toolsFor(null), []);
  assert.deepEqual(toolsFor(contextOf(9, { grids: [grid(9, "county", null, box(0, 0, 4, 4))] })), []);
});

test("an edge is redrawn along its shorter side, and one that comes back to its corner is none", () => {
  const redraw = tool("redraw").operation;
  const path = [[1, 1], [1.5, 0.5], [2, 1]];
  assert.deepEqual(redraw(contextOf(4), path, ""), { do: "reshape", old: [[1, 1], [2, 1]], new: path });
  assert.equal(redraw(contextOf(4), [[1, 1], [0, 0], [1, 1]], ""), null);
});
