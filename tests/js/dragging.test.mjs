import assert from "node:assert/strict";
import { test } from "node:test";
import { Dragging, moving } from "../../webmap/static/js/drawing/dragging.js";
import { Ground } from "../../webmap/static/js/drawing/ground.js";
import { boxOf } from "../../webmap/static/js/drawing/rings.js";
import { plain } from "./grids.mjs";

// A map on which a degree is 100 pixels; places are put on whole ones, as Leaflet does.
class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }

  add({ x, y }) {
    return new Point(this.x + x, this.y + y);
  }
}
globalThis.L = { point: (x, y) => new Point(x, y) };
const map = {
  layerPointToLatLng: ({ x, y }) => ({ lng: x / 100, lat: -y / 100 }),
  latLngToLayerPoint: ([lat, lon]) => new Point(Math.round(lon * 100), Math.round(-lat * 100)),
};
const CORNER = { kind: "corner", at: [2, 1] };
const MIDDLE = { kind: "middle", at: [1.5, 1], between: [[1, 1], [2, 1]] };

// A drag of a handle of compound 4.
function dragged(handle, { buildings = [], lines = [] } = {}) {
  const ground = new Ground(plain(), 1);
  const seen = { previews: [], done: [] };
  const references = { near: () => lines.map((line) => ({ line, box: boxOf([[line]]) })) };
  const it = new Dragging(handle, {
    map,
    ground,
    chosen: ground.get(4),
    buildings,
    references,
    show: (preview) => seen.previews.push(preview),
    done: (operation, preview, to) => seen.done.push({ operation, preview, to }),
  });
  return { it, seen };
}

test("with a corner the edges of all levels move that meet in it", () => {
  const ground = new Ground(plain(), 1);
  const found = moving(ground, CORNER).map(({ grid, ends }) => [grid.id, ends]);
  assert.deepEqual(found, [
    [2, [[2, 0], [2, 3]]],
    [3, [[2, 3], [2, 0]]],
    [4, [[1, 1], [2, 3]]],
    [5, [[2, 3], [3, 1]]],
  ]);
  assert.deepEqual(moving(ground, CORNER)[2].gone, [[[1, 1], [2, 1]], [[2, 3], [2, 1]]]);
});

test("with the middle of an edge moves what has that edge, and it alone is gone", () => {
  const ground = new Ground(plain(), 1);
  assert.deepEqual(moving(ground, MIDDLE).map(({ grid, ends, gone }) => [grid.id, ends, gone]), [[4, MIDDLE.between, [MIDDLE.between]]]);
});

test("of a grid of several polygons only the ring moves that has the corner", () => {
  const told = plain();
  told.grids[3].polygons.push([[[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.2]]]);
  const found = moving(new Ground(told, 1), CORNER).find(({ grid }) => grid.id === 4);
  assert.deepEqual(found.ends, [[1, 1], [2, 3]]);
});

test("a corner that is dragged is sent where it was let go", () => {
  const { it, seen } = dragged(CORNER);
  it.move(new Point(210, -120), { reach: 0 });
  const [preview] = seen.previews;
  // Compounds and the chosen grid are drawn whole, coarser ones by their edges.
  assert.deepEqual([...preview.polygons.keys()], [4, 5]);
  assert.deepEqual(preview.polygons.get(4)[0][0][1], [2.1, 1.2]);
  assert.deepEqual(preview.edges.map(({ level, made }) => [level, made.length]), [["community", 2], ["community", 2], ["compound", 2], ["compound", 2]]);
  it.end();
  assert.deepEqual(seen.done.map(({ operation, to }) => [operation, to]), [[{ do: "move", corner: [2, 1], to: [2.1, 1.2] }, [2.1, 1.2]]]);
});

test("the middle of an edge becomes a corner of it", () => {
  const { it, seen } = dragged(MIDDLE);
  it.move(new Point(150, -80), { reach: 0 });
  assert.deepEqual([...seen.previews[0].polygons.get(4)[0][0].slice(0, 3)], [[1, 1], [1.5, 0.8], [2, 1]]);
  it.end();
  assert.deepEqual(seen.done[0].operation, { do: "reshape", old: [[1, 1], [2, 1]], new: [[1, 1], [1.5, 0.8], [2, 1]] });
});

test("it holds on to a line, a building and a corner of another grid, to the last digit, and says so", () => {
  const line = [[2.3000001, 1.5], [2.3000001, 2]];
  const { it, seen } = dragged(CORNER, { buildings: [[2.5, 0.5, 3]], lines: [line] });
  assert.deepEqual(it.move(new Point(232, -150), { reach: 10 }), new Point(230, -150));
  assert.deepEqual(seen.previews.at(-1).snap, { at: line[0] });
  it.move(new Point(252, -52), { reach: 10 });
  assert.deepEqual(seen.previews.at(-1).snap, { at: [2.5, 0.5] });
  // With no reach it goes where the pointer is.
  assert.deepEqual(it.move(new Point(252, -52), { reach: 0 }), new Point(252, -52));
  assert.equal(seen.previews.at(-1).snap, null);
});

test("it does not hold on to what moves with it", () => {
  const { it, seen } = dragged(CORNER);
  // Beside the corner (1, 1) of the chosen grid, and its edge.
  for (const pixel of [new Point(102, -102), new Point(101, -200)]) assert.deepEqual(it.move(pixel, { reach: 10 }), pixel);
  assert.deepEqual(seen.previews.map(({ snap }) => snap), [null, null]);
});

test("a corner that comes back to where it was has not moved, and one that was given up is not drawn", () => {
  const { it, seen } = dragged(CORNER);
  it.move(new Point(200, -100), { reach: 0 });
  it.end();
  it.cancel();
  assert.deepEqual([seen.done, seen.previews.slice(1)], [[], [null, null]]);
});
