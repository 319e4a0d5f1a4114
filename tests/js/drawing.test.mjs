import assert from "node:assert/strict";
import { test } from "node:test";
import { coverageClass, issueReach, issueState } from "../../webmap/static/js/rules.js";
import { clusterRadius } from "../../webmap/static/js/symbols.js";

const style = {
  classes: [20, 40, 60, 80, 100].map((to) => ({ to })),
  missing: { pattern: "stripes" },
};

test("a share falls into its class, all households into the last", () => {
  assert.deepEqual([0, 19.9, 20, 79, 100].map((share) => coverageClass(style, share).to), [20, 20, 40, 80, 100]);
});

test("missing data is never the lowest class", () => {
  assert.equal(coverageClass(style, undefined), style.missing);
});

test("overdue outranks the stage of an issue", () => {
  assert.equal(issueState({ overdue: 1, state: "open" }), "overdue");
  assert.equal(issueState({ overdue: 0, state: "suspended" }), "suspended");
});

test("clusters grow with their number, and two neighbours do not touch", () => {
  assert.ok(clusterRadius(2) < clusterRadius(20));
  // Cells of 64 pixels, each cluster within 10 of the middle: 44 apart at least.
  assert.ok(2 * clusterRadius(15) <= 44);
  assert.ok(clusterRadius(5000) + clusterRadius(15) <= 50);
  assert.ok(issueReach({ props: { n: 1 } }) >= 11);
});
