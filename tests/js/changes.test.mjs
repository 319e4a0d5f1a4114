import assert from "node:assert/strict";
import { test } from "node:test";
import { groundLook } from "../../webmap/static/js/map/rules.js";

test("ground is gained or lost as the selected grid sees it", () => {
  assert.equal(groundLook({ giver: 1, taker: 2 }, 2), "gained");
  assert.equal(groundLook({ giver: 1, taker: 2 }, 1), "lost");
  assert.equal(groundLook({ giver: 1, taker: 2 }, 3), "passed");
  assert.equal(groundLook({ taker: 2 }, 3), "passed");
});

test("with nothing selected only ground that nobody had is gained, and only what nobody has is lost", () => {
  assert.equal(groundLook({ giver: 1, taker: 2 }, null), "passed");
  assert.equal(groundLook({ taker: 2 }, null), "gained");
  assert.equal(groundLook({ giver: 1 }, null), "lost");
});
