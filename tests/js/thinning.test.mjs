import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestTo, thinned } from "../../webmap/static/js/drawing/thinning.js";

const at = (x, y, rank = 1) => ({ pixel: { x, y }, rank });

test("what is too near to something more important, or earlier, is left out", () => {
  const kept = thinned([at(0, 0), at(40, 0), at(50, 0), at(100, 0, 2), at(60, 0, 0), at(62, 0, 0)], 44);
  assert.deepEqual(kept.map(({ pixel }) => pixel.x), [60, 62, 0]);
});

test("of thousands of places none that are kept are too near", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const places = Array.from({ length: 3000 }, () => at(random() * 800 - 400, random() * 800 - 400));
  const kept = thinned(places, 44);
  for (const [i, a] of kept.entries()) {
    for (const b of kept.slice(i + 1)) assert.ok(Math.hypot(a.pixel.x - b.pixel.x, a.pixel.y - b.pixel.y) >= 44);
  }
  // And every other one is near to one that is.
  for (const each of places) assert.ok(kept.includes(each) || Math.hypot(nearestTo(kept, each.pixel).pixel.x - each.pixel.x, nearestTo(kept, each.pixel).pixel.y - each.pixel.y) < 44);
});
