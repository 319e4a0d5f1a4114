// From a layer's style to what protomaps-leaflet draws: paint rules below, label rules above.
// A rule draws one MVT layer of one source; earlier rules lie lower, earlier labels win their place.

import { lookOf, stepsOf } from "../view/classes.js";
import { finestLevel, towardsMiddle } from "../view/geometry.js";
import { Area, Badge, Blocker, Border, Name, Spot } from "./symbolizers.js";
import { clusterRadius, drawBuilding, drawCluster, drawFacility, drawIssue, drawSpot } from "./symbols.js";
import { LEVELS } from "../view/view.js";

// The server counts issues in cells of that many CSS pixels (layers/issues.py).
const CLUSTER_CELL = 64;
const CLUSTER_SLACK = 10;
// MVT's number for areas.
const POLYGON = 3;

/**
 * Return {paintRules, labelRules} for a mode. Over a base map grids let it shine through. ``unnamed``
 * are the grids that get no name here.
 *
 * Between two whole zooms tiles are shown shrunk or enlarged: ``k`` is the number of a tile's pixels
 * in one CSS pixel, and everything is drawn that much larger, so that it looks the same at any zoom.
 * ``compared`` is {grid} where two days are: the selected grid, or null. ``shares`` say into which
 * classes shares are sorted, and what would be served where that differs: {classes, quantiles, supposed}.
 */
export function rules(mode, styles, { overBase, k = 1, compared = null, shares = {}, unnamed = new Set() }) {
  const fills = {
    territory: () => territory(styles.grids, overBase),
    responsibility: () => [...paper(styles.grids, overBase), ...responsibility(styles.members, overBase)],
    issues: () => territory(styles.grids, overBase),
    coverage: () => [...paper(styles.grids, overBase), ...coverage(styles, overBase, shares)],
    draw: () => territory(styles.grids, overBase),
  }[mode]();
  const [points, blockers] = {
    territory: () => [[], []],
    responsibility: () => [buildings(styles.members, k), unheld(styles, k)],
    issues: () => issues(styles.issues, k),
    coverage: () => facilities(styles.coverage, k),
    draw: () => [[], []],
  }[mode]();
  return {
    paintRules: compared
      ? [...fills, ...ground(styles.changes, compared.grid, overBase), ...borders(styles.grids, k), ...edges(styles.changes, k), ...points]
      : [...fills, ...borders(styles.grids, k), ...points],
    labelRules: [...blockers, ...labels(styles.grids, k, unnamed)],
  };
}

function territory(style, overBase) {
  const compounds = new Area({ fill: style.compound_fill }, overBase ? 0.5 : 1);
  return [...paper(style, overBase), { dataSource: "grids", dataLayer: "compound", symbolizer: compounds }];
}

function isArea(_zoom, feature) {
  return feature.geomType === POLYGON;
}

// What the county stands on where there is no base map.
function paper(style, overBase) {
  const sheet = { dataSource: "grids", symbolizer: new Area({ fill: style.paper }, 1), filter: isArea };
  // Close up the county is a border only, and its communities are the ground.
  return overBase ? [] : [{ ...sheet, dataLayer: "county" }, { ...sheet, dataLayer: "community" }];
}

function responsibility(style, overBase) {
  return Object.entries(style.states).map(([state, look]) => ({
    dataSource: "members",
    dataLayer: "grid",
    filter: (_zoom, feature) => feature.props.state === state,
    symbolizer: new Area(look, overBase ? 0.7 : 1),
  }));
}

function coverage({ grids, coverage: style }, overBase, { classes, quantiles, supposed }) {
  const steps = Object.fromEntries(LEVELS.map((level) => [level, stepsOf(style, classes, quantiles, level)]));
  const shareOf = ({ id, share }) => (supposed?.has(id) ? supposed.get(id) : share);
  return [...style.classes, style.missing].map((look) => ({
    dataSource: "coverage",
    dataLayer: "grid",
    filter: (zoom, feature) => lookOf(style, steps[finestLevel(grids.from_zoom, zoom)], shareOf(feature.props)) === look,
    symbolizer: new Area(look, overBase ? 0.75 : 1),
  }));
}

function borders(style, k) {
  return LEVELS.toReversed().flatMap((level) => {
    const { line, width } = style.levels[level];
    const rule = { dataSource: "grids", dataLayer: level };
    return [
      { ...rule, symbolizer: new Border(style.halo, (width + 1.6) * k) },
      { ...rule, symbolizer: new Border(line, width * k) },
    ];
  });
}

/** Return how a piece of ground that changed hands is drawn, as the selected grid sees it. */
export function groundLook({ giver, taker }, grid) {
  if (grid) return { [taker]: "gained", [giver]: "lost" }[grid] ?? "passed";
  if (giver && taker) return "passed";
  return taker ? "gained" : "lost";
}

// What concerns the selected grid lies above what others made of the same ground.
function ground(style, grid, overBase) {
  return ["passed", "lost", "gained"].map((look) => ({
    dataSource: "changes",
    dataLayer: "ground",
    filter: (_zoom, feature) => groundLook(feature.props, grid) === look,
    symbolizer: new Area(style.ground[look], overBase ? 0.75 : 1),
  }));
}

function edges(style, k) {
  const spot = ({ n }) => style.spot.radius * Math.min(2, 1 + Math.log10(n)) * k;
  return [
    ...["ended", "new"].flatMap((state) => {
      const { line, width, dash } = style.edges[state];
      const rule = { dataSource: "changes", dataLayer: "edge", filter: (_zoom, feature) => feature.props.state === state };
      return [
        { ...rule, symbolizer: new Border(style.halo, (width + 2) * k) },
        { ...rule, symbolizer: new Border(line, width * k, dash.map((length) => length * k)) },
      ];
    }),
    { dataSource: "changes", dataLayer: "spot", symbolizer: new Spot((ctx, feature) => drawSpot(ctx, style.spot, spot(feature.props), k)) },
  ];
}

function labels(style, k, unnamed) {
  return LEVELS.map((level) => ({
    dataSource: "grids",
    dataLayer: "label",
    // The county's name stands over the panel as soon as its towns have theirs.
    maxzoom: level === "county" ? style.from_zoom.town - 1 : undefined,
    filter: (_zoom, feature) => feature.props.level === level && !unnamed.has(feature.props.id),
    sort: (a, b) => b.area - a.area,
    symbolizer: new Name(style, level, k),
  }));
}

function buildings(style, k) {
  return [{
    dataSource: "members",
    dataLayer: "building",
    minzoom: style.building_zoom,
    symbolizer: new Spot((ctx, feature) => drawBuilding(ctx, style.states[feature.props.state], feature.props.state, k)),
  }];
}

// Before the names, which make room: a number that is left out would say that all is well.
function unheld({ grids, members }, k) {
  return [{ dataSource: "members", dataLayer: "unheld", symbolizer: new Badge(grids, members.unheld, k) }];
}

function issues(style, k) {
  const spot = new Spot((ctx, feature) => {
    const { n } = feature.props;
    if (n > 1) drawCluster(ctx, style.states, feature.props, clusterScale(n, k));
    else drawIssue(ctx, style.states[issueState(feature.props)], k);
  }, (feature) => issuePlace(feature, k));
  const blocker = new Blocker((feature) => issueReach(feature, k), (feature) => issuePlace(feature, k));
  const rule = { dataSource: "issues", dataLayer: "issue" };
  return [[{ ...rule, symbolizer: spot }], [{ ...rule, symbolizer: blocker }]];
}

function facilities(style, k) {
  const rule = { dataSource: "coverage", dataLayer: "facility", minzoom: style.facility_zoom };
  const spot = new Spot((ctx, feature, zoom) => drawFacility(ctx, style.facility, zoom < 14 ? 0.75 * k : k, { isOutside: Boolean(feature.props.outside) }));
  return [[{ ...rule, symbolizer: spot }], [{ ...rule, symbolizer: new Blocker(() => 5 * k) }]];
}

/** Return where an issue or cluster is drawn, in the pixels of its tile. */
export function issuePlace(feature, k = 1) {
  const place = feature.geom[0][0];
  if (feature.props.n === 1) return place;
  // All of it in its own cell: a neighbouring tile would not draw what reaches over its edge.
  const slack = Math.min(CLUSTER_SLACK, CLUSTER_CELL / 2 - issueReach(feature, k));
  return towardsMiddle(place, CLUSTER_CELL, slack);
}

/** Return which of the four states a single issue is drawn in. */
export function issueState(props) {
  return props.overdue ? "overdue" : props.state;
}

/** Return how far from its centre an issue or cluster can be hit, in a tile's pixels. */
export function issueReach(feature, k = 1) {
  const { n } = feature.props;
  return n > 1 ? (clusterRadius(n) + 2) * clusterScale(n, k) : 11 * k;
}

// The lattice of clusters shrinks with its tile: beyond its cells they would cover each other.
function clusterScale(n, k) {
  return Math.min(k, Math.max(1, CLUSTER_CELL / 2 / (clusterRadius(n) + 2)));
}
