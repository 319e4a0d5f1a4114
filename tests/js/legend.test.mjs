import assert from "node:assert/strict";
import { test } from "node:test";
import { entries } from "../../webmap/static/js/map/legend.js";
import { parse } from "../../webmap/static/js/view/view.js";

const LEVELS = ["county", "town", "community", "compound"];
const look = { fill: "", ink: "" };
const strings = new Proxy({}, { get: (_target, key) => (key === "draw.legend.comes" || key === "draw.legend.goes" ? `${key} {name}` : key) });
const styles = {
  grids: { levels: Object.fromEntries(LEVELS.map((level) => [level, { line: "", width: 1 }])) },
  members: { states: { held: look, deputy: look, ended: look, vacant: look }, building_zoom: 16, unheld: look },
  issues: { states: { overdue: look, open: look, suspended: look, closed: look } },
  coverage: { classes: [{ to: 100, fill: "" }], missing: look, facility: look, facility_zoom: 12, homes: {}, area: look, gap: look },
  changes: { edges: { ended: { line: "", width: 1, dash: [] }, new: { line: "", width: 1, dash: [] } }, ground: { gained: look, lost: look, passed: look }, spot: look },
};
const said = (search, parts = {}) =>
  entries({ view: parse(search, "2026-03-01"), zoom: 13, finest: "community", styles, strings, kind: "", outlined: false, ...parts }).map(
    ({ title, note, text }) => title ?? note ?? text,
  );

test("borders are named down to the finest level that is drawn", () => {
  assert.deepEqual(said(""), ["legend.boundaries", "level.county", "level.town", "level.community"]);
  assert.deepEqual(said("", { finest: "compound", outlined: true }), [
    "level.compound", "legend.gap", "legend.boundaries", "level.county", "level.town", "level.community", "level.compound", "legend.selected",
  ]);
});

test("only the states that a filter leaves are named, and none to those who see no issues", () => {
  assert.deepEqual(said("?mode=issues&state=closed").slice(0, 3), ["legend.issues", "issue.closed", "legend.cluster"]);
  assert.deepEqual(said("?mode=issues").slice(0, 4), ["legend.issues", "issue.overdue", "issue.open", "issue.suspended"]);
  assert.equal(said("?mode=issues", { seesIssues: false })[0], "legend.boundaries");
});

test("buildings are named where they are drawn, numbers of compounds above them", () => {
  assert.ok(said("?mode=responsibility").includes("legend.unheld"));
  assert.ok(!said("?mode=responsibility", { finest: "compound", zoom: 15 }).includes("legend.building"));
  assert.ok(said("?mode=responsibility", { finest: "compound", zoom: 16 }).includes("legend.building"));
});

test("two days add what differs, as the selected grid sees it; a plan has days of its own", () => {
  assert.deepEqual(said("?versus=2025-01-01").slice(0, 7), [
    "changes.legend", "changes.ended", "changes.new", "changes.passed.all", "changes.gained.all", "changes.lost.all", "changes.spot",
  ]);
  assert.ok(said("?versus=2025-01-01&grid=3", { finest: "compound" }).includes("changes.gained.own"));
  assert.ok(!said("?versus=2025-01-01", { finest: "compound" }).includes("changes.spot"));
  assert.ok(!said("?mode=draw&versus=2025-01-01").includes("changes.legend"));
});

test("of a plan what is drawn is named, with the chosen grid's name", () => {
  assert.deepEqual(said("?mode=draw", { shown: { phase: "both", made: true, comes: true, goes: true, name: "A" } }).slice(0, 4), [
    "draw.legend", "draw.legend.made", "draw.legend.comes A", "draw.legend.goes A",
  ]);
  assert.deepEqual(said("?mode=draw", { shown: { phase: "before", gone: true, comes: true, name: null } }).slice(0, 3), [
    "draw.legend.before", "draw.legend.gone", "draw.legend.hands",
  ]);
  assert.equal(said("?mode=draw")[0], "legend.boundaries");
});

test("why is explained where services are shown, by the verdicts on the map", () => {
  const why = { verdicts: ["too_far"], area: true, gaps: false };
  assert.deepEqual(said("?mode=coverage", { why }).slice(0, 3), ["legend.homes", "verdict.too_far", "legend.area"]);
  assert.ok(!said("", { why }).includes("legend.homes"));
});

test("a scenario names its pins, and whether it is as before", () => {
  const before = said("?mode=coverage&scenario=4&phase=before");
  assert.equal(before[1], "scenario.before");
  assert.deepEqual(before.filter((text) => text.startsWith("scenario.pin")), ["scenario.pin.add", "scenario.pin.move", "scenario.pin.close"]);
  assert.equal(said("?mode=coverage&scenario=4")[1], "scenario.after");
});
