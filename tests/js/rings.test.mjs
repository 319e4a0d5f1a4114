import assert from "node:assert/strict";
import { test } from "node:test";
import { beside, boxOf, holds, moved, onGrid, passing, reshaped, segmentsBeyond, ways } from "../../webmap/static/js/drawing/rings.js";

const SQUARE = [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]];

test("a corner moves in every ring that has it, at both ends of a closed one", () => {
  const other = [[[5, 5], [6, 5], [6, 6], [5, 5]]];
  const next = moved([SQUARE, other], [0, 0], [-1, -1]);
  assert.deepEqual(next[0][0], [[-1, -1], [2, 0], [2, 2], [0, 2], [-1, -1]]);
  assert.equal(next[1][0], other[0]);
});

test("polygons without the corner stay the same object", () => {
  const polygons = [SQUARE];
  assert.equal(moved(polygons, [9, 9], [1, 1]), polygons);
});

test("an edge gets a corner, loses one, and runs along others, in either direction", () => {
  const more = reshaped([SQUARE], [[0, 0], [2, 0]], [[0, 0], [1, -1], [2, 0]]);
  assert.equal(more[0][0].length, 6);
  assert.ok(more[0][0].some((corner) => corner[1] === -1));
  assert.deepEqual(reshaped(more, [[2, 0], [1, -1], [0, 0]], [[2, 0], [0, 0]])[0][0].length, 5);
});

test("a path over the ring's seam is found, and one that is none is not", () => {
  const next = reshaped([SQUARE], [[0, 2], [0, 0], [2, 0]], [[0, 2], [2, 0]]);
  assert.equal(next[0][0].length, 4);
  assert.ok(!next[0][0].some((corner) => corner[0] === 0 && corner[1] === 0));
  const polygons = [SQUARE];
  assert.equal(reshaped(polygons, [[0, 0], [2, 2]], [[0, 0], [2, 2]]), polygons);
});

test("a corner's neighbours are found over the seam", () => {
  assert.deepEqual(beside(SQUARE[0], 0), [[0, 2], [2, 0]]);
  assert.deepEqual(beside(SQUARE[0], 3), [[2, 2], [0, 0]]);
});

test("of the two ways along a ring the shorter one comes first", () => {
  const [shorter, longer] = ways(SQUARE[0], [0, 0], [2, 2].with(1, 0));
  assert.deepEqual(shorter, [[0, 0], [2, 0]]);
  assert.deepEqual(longer, [[0, 0], [0, 2], [2, 2], [2, 0]]);
  assert.deepEqual(ways(SQUARE[0], [0, 0], [1, 1]), []);
});

test("inside is inside, a hole is not", () => {
  const hole = [[0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [0.5, 1.5], [0.5, 0.5]];
  assert.ok(holds([SQUARE], [1, 1]));
  assert.ok(!holds([[SQUARE[0], hole]], [1, 1]));
  assert.ok(!holds([SQUARE], [3, 1]));
  assert.deepEqual(boxOf([SQUARE]), [0, 0, 2, 2]);
});

test("segments are the same in both directions", () => {
  const turned = [SQUARE[0].toReversed()];
  assert.deepEqual(segmentsBeyond([SQUARE], [turned]), []);
  assert.equal(segmentsBeyond(moved([SQUARE], [0, 0], [-1, 0]), [SQUARE]).length, 2);
});

test("places lie on the server's grid", () => {
  assert.deepEqual(onGrid([116.12345678901, 31.00000004]), [116.1234568, 31]);
});

test("an edge that has got a corner more is the same edge", () => {
  const square = [[[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]];
  const divided = [[[[0, 0], [1, 0.00000005], [4, 0], [4, 4], [0, 4], [0, 0]]]];
  assert.deepEqual([segmentsBeyond(square, divided), segmentsBeyond(divided, square)], [[], []]);
  const bent = [[[[0, 0], [1, 0.001], [4, 0], [4, 4], [0, 4], [0, 0]]]];
  assert.deepEqual([segmentsBeyond(square, bent).length, segmentsBeyond(bent, square).length], [1, 2]);
});

test("of a grid that is split ground goes, and none comes", () => {
  const whole = [[[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]];
  const part = [[[[1, 0], [4, 0], [4, 4], [1, 4], [1, 0]]]];
  assert.deepEqual(passing(whole, part), { comes: false, goes: true });
  assert.deepEqual(passing(part, whole), { comes: true, goes: false });
  assert.deepEqual(passing(whole, whole), { comes: false, goes: false });
});
