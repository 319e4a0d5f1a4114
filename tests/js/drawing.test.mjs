import assert from "node:assert/strict";
import { test } from "node:test";
import { issuePlace, issueReach } from "../../webmap/static/js/map/clusters.js";
import { issueState, rules } from "../../webmap/static/js/map/rules.js";
import { clusterRadius } from "../../webmap/static/js/map/symbols.js";

test("overdue outranks the stage of an issue", () => {
  assert.equal(issueState({ overdue: 1, state: "open" }), "overdue");
  assert.equal(issueState({ overdue: 0, state: "suspended" }), "suspended");
});

test("clusters grow with their number, and each stays in its own cell at every scale", () => {
  assert.ok(clusterRadius(2) < clusterRadius(20));
  for (const k of [0.71, 1, 1.2, 1.41]) {
    for (const n of [2, 5, 15, 200, 5000]) {
      const feature = { geom: [[{ x: 66, y: 127 }]], props: { n } };
      const { x, y } = issuePlace(feature, k);
      const reach = issueReach(feature, k);
      assert.ok(x - reach >= 64 - 1e-9 && x + reach <= 128 + 1e-9, `${n} at ${k}: ${x} ± ${reach}`);
      assert.ok(y - reach >= 64 - 1e-9 && y + reach <= 128 + 1e-9, `${n} at ${k}: ${y} ± ${reach}`);
    }
  }
});

test("a single issue is hit where it lies, by a finger too", () => {
  const feature = { geom: [[{ x: 3, y: 250 }]], props: { n: 1 } };
  assert.deepEqual(issuePlace(feature, 1.3), { x: 3, y: 250 });
  assert.ok(issueReach(feature) >= 11);
});

test("grids that somebody else names get no name", () => {
  const style = { halo: "", paper: "", compound_fill: "", from_zoom: { town: 10 }, levels: Object.fromEntries(["county", "town", "community", "compound"].map((level) => [level, { line: "", width: 1, label_size: 12, label_weight: 400 }])) };
  const { labelRules } = rules("draw", { grids: style }, { overBase: false, unnamed: new Set([7]) });
  const named = (id) => labelRules.filter(({ filter }) => filter?.(11, { props: { id, level: "town" } })).length;
  assert.deepEqual([named(7), named(8)], [0, 1]);
});
