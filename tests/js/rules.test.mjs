import assert from "node:assert/strict";
import { test } from "node:test";
import { rules } from "../../webmap/static/js/map/rules.js";

const POLYGON = 3;
const LINE = 2;
const look = (fill) => ({ fill, ink: "ink", pattern: "plain" });
const LEVELS = ["county", "town", "community", "compound"];
const styles = {
  grids: {
    paper: "paper",
    ink: "ink",
    halo: "halo",
    accent: "accent",
    compound_fill: "compound",
    from_zoom: { county: 0, town: 10, community: 12, compound: 14 },
    levels: Object.fromEntries(LEVELS.map((level, n) => [level, { line: level, width: 4 - n, label_size: 17 - n, label_weight: 400 }])),
  },
  members: { states: { held: look("held"), deputy: look("deputy"), ended: look("ended"), vacant: look("vacant") }, building_zoom: 16, unheld: { fill: "fill", ink: "ink" } },
  issues: { states: {} },
  coverage: {
    classes: [20, 40, 60, 80, 100].map((to) => ({ to, fill: `up to ${to}` })),
    missing: look("missing"),
    facility: { fill: "facility", ink: "ink" },
    facility_zoom: 12,
  },
  changes: {
    halo: "halo",
    edges: { ended: { line: "ended", width: 2, dash: [6, 4] }, new: { line: "new", width: 3, dash: [] } },
    ground: { gained: look("gained"), lost: look("lost"), passed: look("passed") },
    spot: { fill: "spot", halo: "halo", radius: 4 },
  },
};

const paintRules = (mode, how = {}) => rules(mode, styles, { overBase: false, ...how }).paintRules;
/** The fills with which a feature is painted, lowest first. */
const fills = (list, dataLayer, props, { zoom = 13, geomType = POLYGON } = {}) =>
  list
    .filter((rule) => rule.dataLayer === dataLayer && rule.symbolizer.look && (rule.filter?.(zoom, { props, geomType }) ?? true))
    .map((rule) => rule.symbolizer.look.fill);

test("a grid is painted in the class of its share, once", () => {
  const list = paintRules("coverage", { shares: { classes: null } });
  assert.deepEqual([0, 20, 99, 100].map((share) => fills(list, "grid", { id: 1, share })), [["up to 20"], ["up to 40"], ["up to 100"], ["up to 100"]]);
  assert.deepEqual(fills(list, "grid", { id: 1 }), ["missing"]);
});

test("quantiles are those of the level that a zoom draws", () => {
  const list = paintRules("coverage", { shares: { classes: "quantile", quantiles: { town: [10, 20, 30, 40], community: [50, 60, 70, 80] } } });
  assert.deepEqual(fills(list, "grid", { id: 1, share: 45 }, { zoom: 11 }), ["up to 100"]);
  assert.deepEqual(fills(list, "grid", { id: 1, share: 45 }, { zoom: 12 }), ["up to 20"]);
});

test("what would be served is painted where it is known, none served too", () => {
  const list = paintRules("coverage", { shares: { classes: null, supposed: new Map([[1, 90], [2, 0]]) } });
  assert.deepEqual([1, 2, 3].map((id) => fills(list, "grid", { id, share: 50 })), [["up to 100"], ["up to 20"], ["up to 60"]]);
});

test("responsibility is painted by its state", () => {
  const list = paintRules("responsibility");
  for (const state of ["held", "deputy", "ended", "vacant"]) assert.deepEqual(fills(list, "grid", { id: 1, state }), [state]);
  const building = list.find(({ dataLayer }) => dataLayer === "building");
  assert.equal(building.minzoom, 16);
});

test("the county stands on paper where it is an area and no base map lies beneath", () => {
  assert.deepEqual(fills(paintRules("territory"), "county", {}), ["paper"]);
  assert.deepEqual(fills(paintRules("territory"), "county", {}, { geomType: LINE }), []);
  assert.deepEqual(fills(paintRules("territory", { overBase: true }), "county", {}), []);
});

test("over a base map every fill lets it shine through", () => {
  for (const mode of ["territory", "responsibility", "coverage"]) {
    const alphas = paintRules(mode, { overBase: true }).map(({ symbolizer }) => symbolizer.alpha).filter((alpha) => alpha !== undefined);
    assert.ok(alphas.length && alphas.every((alpha) => alpha < 1), mode);
  }
});

test("borders lie over fills, those of coarser levels over finer ones, each with its halo beneath", () => {
  const list = paintRules("territory");
  const borders = list.filter(({ symbolizer }) => symbolizer.colour);
  assert.deepEqual(borders.map(({ symbolizer }) => symbolizer.colour), LEVELS.toReversed().flatMap((level) => ["halo", level]));
  assert.ok(list.findLastIndex(({ symbolizer }) => symbolizer.look) < list.indexOf(borders[0]));
});

test("lines and dashes grow with the pixels of a tile", () => {
  const lineOf = (k) => paintRules("territory", { k, compared: { grid: null } }).find(({ symbolizer }) => symbolizer.colour === "ended").symbolizer;
  assert.deepEqual([lineOf(1).width, lineOf(1).dash], [2, [6, 4]]);
  assert.deepEqual([lineOf(1.4).width, lineOf(1.4).dash], [2 * 1.4, [6 * 1.4, 4 * 1.4]]);
});

test("what differs between two days lies over the fill and under the borders, the selected grid's on top", () => {
  assert.equal(paintRules("territory").some(({ dataSource }) => dataSource === "changes"), false);
  const list = paintRules("territory", { compared: { grid: 2 } });
  const grounds = list.filter(({ dataLayer }) => dataLayer === "ground");
  assert.deepEqual(grounds.map(({ symbolizer }) => symbolizer.look.fill), ["passed", "lost", "gained"]);
  assert.deepEqual(fills(list, "ground", { giver: 1, taker: 2 }), ["gained"]);
  assert.deepEqual(fills(list, "ground", { giver: 2, taker: 1 }), ["lost"]);
  assert.ok(list.indexOf(grounds[2]) < list.findIndex(({ symbolizer }) => symbolizer.colour === "compound"));
  const edges = list.filter(({ dataLayer }) => dataLayer === "edge");
  assert.deepEqual(edges.map((rule) => rule.filter(13, { props: { state: "new" } })), [false, false, true, true]);
});

test("names come after symbols and badges, of the largest grid first, of the county only from afar", () => {
  const { labelRules } = rules("responsibility", styles, { overBase: false });
  assert.deepEqual(labelRules.map(({ dataLayer }) => dataLayer), ["unheld", "label", "label", "label", "label"]);
  const [, county, town] = labelRules;
  assert.equal(county.maxzoom, 9);
  assert.equal(town.maxzoom, undefined);
  assert.deepEqual([{ area: 1 }, { area: 9 }].sort(town.sort), [{ area: 9 }, { area: 1 }]);
});
