import assert from "node:assert/strict";
import { test } from "node:test";
import { contains, containsLonLat, finestLevel, lines, nearest, towardsMiddle } from "../../webmap/static/js/view/geometry.js";

const ring = (...points) => points.map(([x, y]) => ({ x, y }));
const square = ring([0, 0], [10, 0], [10, 10], [0, 10], [0, 0]);
const hole = ring([4, 4], [4, 6], [6, 6], [6, 4], [4, 4]);

test("a point in a hole is not inside", () => {
  assert.ok(contains([square, hole], { x: 2, y: 2 }));
  assert.ok(!contains([square, hole], { x: 5, y: 5 }));
  assert.ok(!contains([square, hole], { x: 12, y: 5 }));
});

test("every part of a multipolygon counts", () => {
  const geometry = { type: "MultiPolygon", coordinates: [[[[0, 0], [1, 0], [1, 1], [0, 0]]], [[[5, 5], [6, 5], [6, 6], [5, 5]]]] };
  assert.ok(containsLonLat(geometry, 5.8, 5.4));
  assert.ok(!containsLonLat(geometry, 3, 3));
});

test("the nearest point within its own reach wins", () => {
  const at = (x, n) => ({ geom: [[{ x, y: 0 }]], props: { n } });
  const features = [at(0, 1), at(20, 50)];
  const reach = (feature) => (feature.props.n > 1 ? 30 : 10);
  assert.equal(nearest(features, { x: 9, y: 0 }, reach), features[0]);
  assert.equal(nearest(features, { x: 12, y: 0 }, reach), features[1]);
  assert.equal(nearest(features, { x: 90, y: 0 }, reach), null);
});

test("clusters keep to the middle of their cell, alike in every tile that draws them", () => {
  assert.deepEqual(towardsMiddle({ x: 63, y: 1 }, 64, 10), { x: 42, y: 22 });
  assert.deepEqual(towardsMiddle({ x: -1, y: 30 }, 64, 10), { x: -22, y: 30 });
});

test("long names break in two, short ones never", () => {
  assert.deepEqual(lines("衡山镇"), ["衡山镇"]);
  assert.deepEqual(lines("迎驾厂大道中心社区居委会"), ["迎驾厂大道中", "心社区居委会"]);
  assert.deepEqual(lines("Crofton Park and Honor Oak"), ["Crofton Park", "and Honor Oak"]);
  assert.deepEqual(lines("Lewisham"), ["Lewisham"]);
});

test("the finest level follows the zoom", () => {
  const from = { county: 0, town: 10, community: 12, compound: 14 };
  assert.deepEqual([9, 10, 13, 14].map((z) => finestLevel(from, z)), ["county", "town", "community", "compound"]);
});
