import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { edgesOf, neighbours } from "../../webmap/static/js/drawing/edges.js";
import { Ground } from "../../webmap/static/js/drawing/ground.js";
import { passing } from "../../webmap/static/js/drawing/rings.js";
import { footOn, Snaps } from "../../webmap/static/js/drawing/snapping.js";
import { TOOLS, toolsFor } from "../../webmap/static/js/drawing/tools.js";
import { box, grid, plain } from "./grids.mjs";

function topojson() {
  const vendor = new URL("../../webmap/static/vendor/", import.meta.url);
  const folder = readdirSync(vendor).find((name) => name.startsWith("topojson-server@"));
  const holder = {};
  // A script for pages: it leaves a global behind.
  new Function("self", "exports", "module", readFileSync(new URL(`${folder}/dist/topojson-server.min.js`, vendor), "utf8")).call(holder, holder, holder.exports = {});
  return holder.exports.topology ? holder.exports : holder.topojson;
}

test("a corner moves in the grids of all levels that share it, and in no other", () => {
  const ground = new Ground(plain(), 1);
  assert.deepEqual([...ground.moving([2, 1], [2.5, 1]).keys()].sort(), [2, 3, 4, 5]);
  assert.deepEqual([...ground.moving([2, 0], [2, 0.5]).keys()].sort(), [1, 2, 3]);
});

test("what lies at a place comes coarsest first, with all above it", () => {
  const ground = new Ground(plain(), 1);
  assert.deepEqual(ground.at([1.5, 2]).map((each) => each.id), [1, 2, 4]);
  assert.deepEqual(ground.path(5).map((each) => each.id), [1, 3, 5]);
  assert.ok(ground.isInRoot(5));
});

test("a step shows what it changed, and undoing it shows nothing", () => {
  const ground = new Ground(plain(), 1);
  const before = ground.get(4);
  ground.update({ changed: [grid(4, "compound", 2, box(0.5, 1, 2, 3), { is_changed: true }), grid(-1, "compound", 2, box(0, 3, 1, 4), { is_changed: true })], gone: [] });
  assert.ok(ground.has(-1));
  // Two edges have grown longer; only one is nobody's any more.
  assert.equal(ground.beyond.gone.length, 1);
  assert.equal(ground.beyond.made.length, 3 + 4);
  ground.update({ changed: [grid(4, "compound", 2, before.polygons[0])], gone: [-1] });
  assert.deepEqual(ground.beyond, { made: [], gone: [] });
});

test("an edge that parts other levels than before is shown", () => {
  const ground = new Ground({ ...plain(), before: [grid(2, "community", 1, plain().grids[1].polygons[0])] }, 1);
  ground.update({ changed: [grid(2, "community", 1, box(0, 0, 1, 4), { is_changed: true })], gone: [] });
  assert.ok(ground.beyond.gone.length > 0);
});

test("edges know both their sides, and junctions are where three meet", () => {
  const ground = new Ground(plain(), 1);
  const chosen = ground.get(4);
  const { edges, junctions } = edgesOf(topojson(), chosen, ground.all().filter((each) => each !== chosen));
  assert.ok(junctions.has("2,1") && junctions.has("2,3"));
  assert.ok(!junctions.has("1,1"));
  assert.deepEqual(neighbours(edges, ground.all(), "compound").map((each) => each.id), [5]);
});

test("a hand holds on to a corner sooner than to an edge, and to nothing out of reach", () => {
  const snaps = new Snaps();
  snaps.addLine([{ x: 0, y: 0, at: [0, 0] }, { x: 100, y: 0, at: [1, 0] }]);
  snaps.addPoint({ x: 50, y: 50, at: [0.5, 0.5] });
  assert.equal(snaps.find({ x: 4, y: 3 }, 10).kind, "corner");
  assert.deepEqual(snaps.find({ x: 40, y: 6 }, 10), { x: 40, y: 0, at: null, kind: "edge" });
  assert.equal(snaps.find({ x: 52, y: 48 }, 10).kind, "building");
  assert.equal(snaps.find({ x: 40, y: 20 }, 10), null);
  assert.deepEqual(footOn({ x: 0, y: 0 }, { x: 0, y: 0 }, { x: 3, y: 4 }), { x: 0, y: 0 });
});

test("tools are there for what they can be done to", () => {
  const ground = new Ground(plain(), 1);
  const keys = (id) => toolsFor({ grid: ground.get(id), ground, edges: [] }).map((tool) => tool.key);
  assert.deepEqual(keys(4), ["split", "cut_out", "divide", "annex", "hand_over", "redraw", "draw", "remove"]);
  assert.deepEqual(keys(1), ["split", "cut_out", "divide", "annex", "redraw", "close_slivers"]);
});

test("an edge is redrawn between two corners of the grid, or not at all", () => {
  const redraw = TOOLS.find((tool) => tool.key === "redraw");
  const context = { grid: new Ground(plain(), 1).get(4) };
  assert.deepEqual(redraw.operation(context, [[1, 1], [0.5, 2], [1, 3]]), { do: "reshape", old: [[1, 1], [1, 3]], new: [[1, 1], [0.5, 2], [1, 3]] });
  assert.equal(redraw.operation(context, [[1, 1], [0.5, 2]]).fault, "draw.ends");
});

test("a new community is offered where there is ground without one", () => {
  const keys = (ground, id) => toolsFor({ grid: ground.get(id), ground, edges: [], junctions: new Set() }).map((tool) => tool.key);
  const county = grid(9, "county", null, [[[0, 0], [2, 0], [4, 0], [4, 4], [2, 4], [0, 4], [0, 0]]]);
  const full = plain();
  full.grids.push(county);
  const ground = new Ground(full, 1);
  assert.ok(!keys(ground, 1).includes("draw_community"));
  assert.ok(!keys(ground, 2).includes("draw_community"));
  ground.update({ changed: [], gone: [3, 5] });
  for (const id of [1, 2]) assert.ok(keys(ground, id).includes("draw_community"));
  assert.ok(!keys(ground, 1).includes("draw_town"));
  const tool = TOOLS.find(({ key }) => key === "draw_community");
  for (const id of [1, 2]) {
    assert.deepEqual(tool.operation({ grid: ground.get(id) }, [], "新社区"), { do: "draw", level: "community", parent: 1, ring: [], name: "新社区" });
  }
  // What lies beside a community alone is not all here.
  assert.ok(!keys(new Ground({ grids: [county, ...plain().grids.slice(0, 2)] }, 2), 1).includes("draw_community"));
});

test("what was published, what comes and what goes is told of each grid", () => {
  const ground = new Ground({ ...plain() }, 1);
  const wide = [[[0, 0], [2, 0], [3, 1], [2, 3], [2, 4], [0, 4], [0, 0]]];
  ground.update({
    changed: [grid(2, "community", 1, wide, { is_changed: true }), grid(-1, "compound", 2, box(0, 3, 1, 4), { is_changed: true }), grid(5, "compound", 3, box(2, 1, 3, 3), { is_changed: true, name: "other" })],
    gone: [4],
  });
  const told = new Map(ground.changes.map(({ id, comes, goes }) => [id, [comes, goes]]));
  // A name is no ground.
  assert.deepEqual([...told].sort(([a], [b]) => a - b), [[-1, [true, false]], [2, [true, false]], [4, [false, true]]]);
  assert.deepEqual(ground.past.all().map((each) => each.id).sort(), [1, 2, 3, 4, 5]);
  assert.equal(ground.past.get(5).name, "g5");
  const bent = passing([[[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]], [[[[1, 0], [5, 0], [5, 4], [1, 4], [1, 0]]]]);
  assert.deepEqual(bent, { comes: true, goes: true });
  assert.deepEqual(passing([box(0, 0, 1, 1), box(2, 0, 3, 1)], [box(0, 0, 1, 1)]), { comes: false, goes: true });
});
