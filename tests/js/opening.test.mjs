import assert from "node:assert/strict";
import { test } from "node:test";
import { FirstLook } from "../../webmap/static/js/drawing/opening.js";

const FRAGMENT = { opens: "64", changes: "116.1,31.2,116.3,31.4" };

function store(grid = null) {
  const notes = [];
  return { view: { grid }, notes, note: (parts, how) => notes.push([parts, how]) };
}

test("a plan opens on the grid that the panel names and on what it changes, once", () => {
  const look = new FirstLook();
  const page = store();
  look.begin(null);
  assert.equal(look.takeBox(), null);
  assert.equal(look.lead(FRAGMENT, page), true);
  assert.deepEqual(page.notes, [[{ grid: 64 }, { from: "lead" }]]);
  assert.deepEqual(look.takeBox(), [116.1, 31.2, 116.3, 31.4]);
  assert.equal(look.takeBox(), null);
  assert.equal(look.lead(FRAGMENT, page), false);
  // Another plan is looked at for the first time as well.
  look.begin(null);
  assert.equal(look.lead(FRAGMENT, page), true);
});

test("who comes to a grid has said where to look, and so has who has opened one", () => {
  const look = new FirstLook();
  const page = store();
  look.begin(12);
  assert.equal(look.lead(FRAGMENT, page), false);
  look.begin(null);
  assert.equal(look.lead(FRAGMENT, store(12)), false);
  assert.equal(look.lead({ opens: "" }, page), false);
  assert.deepEqual(page.notes, []);
});
