import assert from "node:assert/strict";
import { test } from "node:test";
import { isPrintKey } from "../../webmap/static/js/map/printing.js";

const press = (key, held = {}) => isPrintKey({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

test("the key that prints is taken on every system, others are left to the browser", () => {
  assert.ok(press("p", { ctrlKey: true }));
  assert.ok(press("P", { metaKey: true }));
  assert.ok(!press("p"));
  assert.ok(!press("o", { ctrlKey: true }));
  assert.ok(!press("p", { ctrlKey: true, shiftKey: true }));
  assert.ok(!press("p", { ctrlKey: true, altKey: true }));
});
