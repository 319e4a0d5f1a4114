import assert from "node:assert/strict";
import { test } from "node:test";
import { Network } from "../../webmap/static/js/drawing/network.js";

const REACH = 1e-4;

/** Place a sketch in units of about 100 m at the demo county. */
function at(x, y) {
  return [Math.round((116.3 + x / 1000) * 1e7) / 1e7, Math.round((31.4 + y / 1000) * 1e7) / 1e7];
}

function line(...places) {
  return places.map(([x, y]) => at(x, y));
}

function between(network, from, to) {
  const spots = [from, to].map((place) => network.near(at(...place), REACH));
  assert.ok(spots.every(Boolean), "both places lie on the network");
  return network.between(...spots);
}

const BEND = line([0, 0], [1, 1], [2, 0], [3, 1], [4, 0]);

test("all corners between two corners of a line are taken, in either direction", () => {
  const network = new Network([BEND]);
  assert.deepEqual(between(network, [0, 0], [4, 0]), BEND.slice(1, -1));
  assert.deepEqual(between(network, [4, 0], [1, 1]), [BEND[3], BEND[2]]);
  assert.deepEqual(between(network, [1, 1], [2, 0]), []);
  assert.deepEqual(between(network, [1, 1], [1, 1]), []);
});

test("places in the middle of segments begin and end a way", () => {
  const network = new Network([BEND]);
  assert.deepEqual(between(network, [0.5, 0.5], [3.5, 0.5]), BEND.slice(1, -1));
  // On one and the same segment nothing lies between.
  assert.deepEqual(between(network, [0.2, 0.2], [0.8, 0.8]), []);
  assert.deepEqual(between(network, [0.5, 0.5], [1, 1]), []);
});

test("corners keep their last digit", () => {
  const odd = [[116.3000001, 31.4000003], [116.3004567, 31.4007891], [116.3010001, 31.4000007]];
  const network = new Network([odd]);
  const [found] = network.between(network.near(odd[0], REACH), network.near(odd[2], REACH));
  assert.equal(found, odd[1]);
});

test("a ring is gone round by the shorter way, over its seam too", () => {
  const ring = line([0, 0], [1, 0], [2, 0], [3, 0], [3, 2], [0, 2], [0, 0]);
  const network = new Network([ring]);
  assert.deepEqual(between(network, [0, 2], [1, 0]), line([0, 0]));
  assert.deepEqual(between(network, [1, 0], [3, 2]), line([2, 0], [3, 0]));
  assert.deepEqual(between(network, [0, 1], [2, 0]), line([0, 0], [1, 0]));
});

test("of two ways of equal length one is taken every time", () => {
  const ring = line([0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [1, 2], [0, 2], [0, 1], [0, 0]);
  const ways = [1, 2, 3].map(() => between(new Network([ring]), [0, 0], [2, 2]));
  assert.equal(ways[0].length, 3);
  assert.deepEqual(ways[1], ways[0]);
  assert.deepEqual(ways[2], ways[0]);
});

test("a line that crosses itself in a corner is left out of its loop", () => {
  const loop = line([0, 0], [1, 0], [2, 0], [2, 1], [1, 1], [1, 0], [1, -1]);
  const network = new Network([loop]);
  assert.deepEqual(between(network, [0, 0], [1, -1]), line([1, 0]));
  assert.deepEqual(between(network, [0, 0], [2, 1]).length, 2);
});

test("a line that goes back over itself has its corners once", () => {
  const there = line([0, 0], [1, 1], [2, 0], [1, 1], [0, 2]);
  assert.deepEqual(between(new Network([there]), [2, 0], [0, 2]), line([1, 1]));
});

test("the way leads over junctions from line to line, and not where no line leads", () => {
  const network = new Network([line([0, 0], [1, 0]), line([1, 0], [2, 0.5], [3, 0]), line([1, 0], [2, -3], [3, 0]), line([8, 8], [9, 9])]);
  assert.deepEqual(between(network, [0, 0], [3, 0]), line([1, 0], [2, 0.5]));
  assert.equal(between(network, [0, 0], [8, 8]), null);
});

test("an end that touches the middle of a segment is a junction, several on one segment too", () => {
  const axis = line([0, 0], [4, 0]);
  const [one, two] = [line([1, 0], [1, 1]), line([3, 0], [3, 1])];
  // As rounding leaves them: a digit beside it.
  two[0] = [two[0][0], Math.round((two[0][1] + 1e-7) * 1e7) / 1e7];
  const network = new Network([axis, one, two]);
  assert.deepEqual(between(network, [1, 1], [3, 1]), [one[0], two[0]]);
  assert.deepEqual(between(network, [0, 0], [3, 1]), [one[0], two[0]]);
});

test("what two files draw twice is one line, and two ends that nearly meet do", () => {
  const first = line([0, 0], [1, 1], [2, 0]);
  const second = [[first[2][0] + 1e-7, first[2][1]].map((each) => Math.round(each * 1e7) / 1e7), at(3, 0)];
  const network = new Network([first, first.toReversed(), second]);
  assert.equal(between(network, [0, 0], [3, 0]).length, 2);
});

test("what lies beside the network is not on it", () => {
  const network = new Network([BEND]);
  assert.equal(network.near(at(1, 2), REACH), null);
  assert.ok(network.near(at(1, 2), 0.01));
  assert.equal(new Network([]).near(at(0, 0), REACH), null);
  assert.equal(new Network([line([0, 0], [0, 0])]).near(at(0, 0), REACH), null);
});

test("a hundred thousand corners are a network in a moment", () => {
  const rows = Array.from({ length: 100 }, (_row, y) => line(...Array.from({ length: 1000 }, (_column, x) => [x / 20, y / 2 + (x % 2) / 50])));
  const network = new Network(rows);
  assert.equal(network.size, 100_000);
  assert.equal(between(network, [0, 10], [20, 10]).length, 399);
});
