import assert from "node:assert/strict";
import { test } from "node:test";
import { classesOf, faultOf, lookOf, ownLimits, stepsOf } from "../../webmap/static/js/view/classes.js";
import { entries } from "../../webmap/static/js/map/legend.js";

const style = {
  classes: [20, 40, 60, 80, 100].map((to) => ({ to, fill: `fill ${to}` })),
  missing: { pattern: "stripes" },
  facility_zoom: 12,
};
const ends = (steps) => steps.map(({ from, to }) => [from, to]);
const tops = (steps, shares) => shares.map((share) => lookOf(style, steps, share).to);

test("a share falls into its class, all households into the last", () => {
  const steps = stepsOf(style, null, null, "town");
  assert.deepEqual(ends(steps), [[0, 20], [20, 40], [40, 60], [60, 80], [80, 100]]);
  assert.deepEqual(tops(steps, [0, 19, 20, 79, 100]), [20, 20, 40, 80, 100]);
});

test("missing data is never the lowest class", () => {
  for (const classes of [null, "quantile", "own:30,50,80,95"]) {
    const steps = stepsOf(style, classes, { town: [1, 2, 3, 4] }, "town");
    assert.equal(lookOf(style, steps, undefined), style.missing);
    assert.notEqual(lookOf(style, steps, 0), style.missing);
  }
});

test("own limits belong to the class above them", () => {
  const steps = stepsOf(style, "own:30,50,80,100", null, "town");
  assert.deepEqual(ends(steps), [[0, 30], [30, 50], [50, 80], [80, 100], [100, 100]]);
  assert.deepEqual(tops(steps, [29, 30, 99, 100]), [20, 40, 80, 100]);
});

test("quantiles are those of the level that is drawn, and fewer classes use the whole ramp", () => {
  const quantiles = { town: [10, 20, 30, 40], compound: [50] };
  assert.deepEqual(ends(stepsOf(style, "quantile", quantiles, "town")), [[0, 10], [10, 20], [20, 30], [30, 40], [40, 100]]);
  assert.deepEqual(tops(stepsOf(style, "quantile", quantiles, "compound"), [49, 50]), [20, 100]);
  // All alike: neither the best nor the worst colour.
  assert.deepEqual(tops(stepsOf(style, "quantile", { community: [] }, "community"), [0, 100]), [60, 60]);
});

test("an address carries classes that can be, and no others", () => {
  for (const text of ["quantile", "own:30,50,80,95", "own:1,2,3,4", "own:97,98,99,100"]) assert.equal(classesOf(text), text);
  for (const text of [null, "", "equal", "own:", "own:50,30,80,95", "own:0,1,2,3", "own:1,2,3,101", "own:1,2,3", "own:1,2,3,4,5", "own:1.5,2,3,4"]) {
    assert.equal(classesOf(text), null, text);
  }
  assert.deepEqual(ownLimits("own:30,50,80,95"), [30, 50, 80, 95]);
});

test("what is wrong with limits is named by its place", () => {
  assert.equal(faultOf([30, 50, 80, 95]), null);
  assert.deepEqual(faultOf([30, 30, 80, 95]), { n: 2, least: 31 });
  assert.deepEqual(faultOf([Number.NaN, 50, 80, 95]), { n: 1, least: 1 });
  assert.deepEqual(faultOf([30, 50, 80, 101]), { n: 4, least: 81 });
  assert.deepEqual(faultOf([30, 50, 100, 100]), { n: 4, least: 101 });
});

test("the legend says the classes that are drawn, of what, and that one is missing data", () => {
  const strings = new Proxy({}, { get: (_, key) => (key === "legend.coverage.of" ? "of {kind}" : key === "legend.quantile" ? "each {level}" : key) });
  const levels = Object.fromEntries(["county", "town"].map((level) => [level, { line: "", width: 1 }]));
  const said = (view, shares) =>
    entries({ view: { mode: "coverage", beside: null, ...view }, zoom: 13, finest: "town", styles: { grids: { levels }, coverage: style }, strings, kind: "Clinic", shares })
      .map(({ title, note, text }) => title ?? note ?? text)
      .slice(0, 8);
  assert.deepEqual(said({}, { classes: null }), ["of Clinic", "0–20%", "20–40%", "40–60%", "60–80%", "80–100%", "legend.missing", "Clinic"]);
  assert.deepEqual(said({}, { classes: "quantile", quantiles: { town: [7, 100] } }).slice(0, 6), ["of Clinic", "each level.town.mid", "0–7%", "7–100%", "100%", "legend.missing"]);
  // The worst of all has no facilities of its own; two side by side say for themselves what they show.
  assert.equal(said({ kind: "worst" }, {}).includes("Clinic"), false);
  assert.equal(said({ beside: "pharmacy" }, {})[0], "legend.coverage");
  assert.equal(said({ kind: "worst", beside: "2025-06-01" }, {}).includes("legend.facility"), false);
  assert.equal(said({ kind: "worst", beside: "pharmacy" }, {}).includes("legend.facility"), true);
});
