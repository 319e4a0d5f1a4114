import assert from "node:assert/strict";
import { test } from "node:test";
import { settle } from "../../webmap/static/js/panel/sheet.js";

test("a released sheet goes to the nearest height", () => {
  assert.equal(settle(150, 844, 0), "peek");
  assert.equal(settle(400, 844, 0), "half");
  assert.equal(settle(700, 844, 0), "full");
});

test("a flick decides by its direction", () => {
  assert.equal(settle(300, 844, 1), "half");
  assert.equal(settle(500, 844, 1), "full");
  assert.equal(settle(500, 844, -1), "half");
  assert.equal(settle(380, 844, -1), "peek");
});
