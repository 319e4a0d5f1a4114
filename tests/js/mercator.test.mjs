import assert from "node:assert/strict";
import { test } from "node:test";
import { place, project, world, worldSize } from "../../webmap/static/js/drawing/mercator.js";

const near = (found, wanted) => found.forEach((each, i) => assert.ok(Math.abs(each - wanted[i]) < 1e-9, `${found} is not ${wanted}`));

test("the world is one by one, from its north-western corner", () => {
  near(project([0, 0]), [0.5, 0.5]);
  near(project([-180, 85.0511287798066]), [0, 0]);
  near(project([180, -85.0511287798066]), [1, 1]);
  // Beijing as PROJ has it in EPSG:3857, whose half width is 20,037,508.34 m.
  near(project([116.3975, 39.9087]), [0.5 + 12957310.42961006 / 40075016.68557849, 0.5 - 4852683.668736539 / 40075016.68557849]);
});

test("a line is projected once", () => {
  const line = [[0, 0], [180, 0]];
  assert.deepEqual([...world(line)], [0.5, 0.5, 1, 0.5]);
  assert.equal(world(line), world(line));
});

test("a frame shows a part of the world at a size", () => {
  assert.equal(worldSize(0), 256);
  assert.equal(worldSize(1.5), 256 * 2 ** 1.5);
  near(place({ size: 1024, x: 500, y: 510, width: 100, height: 100 }, [0, 0]), [12, 2]);
});
