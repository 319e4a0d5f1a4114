// From a layer's style to what protomaps-leaflet draws: paint rules below, label rules above.
// A rule draws one MVT layer of one source; earlier rules lie lower, earlier labels win their place.

/** @import { ChangesStyle, GridsStyle, GroundState, IssuesStyle, MembersStyle, Mode, Styles, CoverageStyle } from "../types/page.d.ts" */
/** @import { EdgeProps, FacilityProps, GroundProps, IssueProps, LabelProps, LabelRule, PaintRule, DutyProps, ShareProps, SpotProps, TileFeature } from "../types/tiles.d.ts" */
/** @import { Quantiles } from "../view/classes.js" */

/**
 * Into which classes shares are sorted, and what would be served where that differs, by grid.
 * @typedef {{ classes?: string | null, quantiles?: Quantiles | null, supposed?: Map<number, number | null> | null }} Shares
 */

import { lookOf, stepsOf } from "../view/classes.js";
import { finestLevel } from "../view/geometry.js";
import { clusterScale, issuePlace, issueReach } from "./clusters.js";
import { Area, Badge, Blocker, Border, Name, Spot } from "./symbolizers.js";
import { drawBuilding, drawCluster, drawFacility, drawIssue, drawSpot } from "./symbols.js";
import { LEVELS } from "../view/view.js";

// MVT's number for areas.
const POLYGON = 3;

/**
 * Return {paintRules, labelRules} for a mode. Over a base map grids let it shine through. ``unnamed``
 * are the grids that get no name here.
 *
 * Between two whole zooms tiles are shown shrunk or enlarged: ``k`` is the number of a tile's pixels
 * in one CSS pixel, and everything is drawn that much larger, so that it looks the same at any zoom.
 * ``compared`` names the selected grid, or null, where two days are.
 * @param {Mode} mode
 * @param {Styles} styles
 * @param {{ overBase: boolean, k?: number, compared?: { grid: number | null } | null, shares?: Shares, unnamed?: Set<number> }} how
 * @returns {{ paintRules: PaintRule[], labelRules: LabelRule[] }}
 */
export function rules(mode, styles, { overBase, k = 1, compared = null, shares = {}, unnamed = new Set() }) {
  /** @type {Record<Mode, () => PaintRule[]>} */
  const fillsOf = {
    territory: () => territory(styles.grids, overBase),
    responsibility: () => [...paper(styles.grids, overBase), ...responsibility(styles.members, overBase)],
    issues: () => territory(styles.grids, overBase),
    coverage: () => [...paper(styles.grids, overBase), ...coverage(styles, overBase, shares)],
    draw: () => territory(styles.grids, overBase),
  };
  /** @type {Record<Mode, () => [PaintRule[], LabelRule[]]>} */
  const symbolsOf = {
    territory: () => [[], []],
    responsibility: () => [buildings(styles.members, k), unheld(styles, k)],
    issues: () => issues(styles.issues, k),
    coverage: () => facilities(styles.coverage, k),
    draw: () => [[], []],
  };
  const fills = fillsOf[mode]();
  const [points, blockers] = symbolsOf[mode]();
  return {
    paintRules: compared
      ? [...fills, ...ground(styles.changes, compared.grid, overBase), ...borders(styles.grids, k), ...edges(styles.changes, k), ...points]
      : [...fills, ...borders(styles.grids, k), ...points],
    labelRules: [...blockers, ...labels(styles.grids, k, unnamed)],
  };
}

/**
 * @param {GridsStyle} style
 * @param {boolean} overBase
 * @returns {PaintRule[]}
 */
function territory(style, overBase) {
  const compounds = new Area({ fill: style.compound_fill }, overBase ? 0.5 : 1);
  return [...paper(style, overBase), { dataSource: "grids", dataLayer: "compound", symbolizer: compounds }];
}

/**
 * @param {number} _zoom
 * @param {TileFeature} feature
 */
function isArea(_zoom, feature) {
  return feature.geomType === POLYGON;
}

/**
 * What the county stands on where there is no base map.
 * @param {GridsStyle} style
 * @param {boolean} overBase
 * @returns {PaintRule[]}
 */
function paper(style, overBase) {
  const sheet = { dataSource: "grids", symbolizer: new Area({ fill: style.paper }, 1), filter: isArea };
  // Close up the county is a border only, and its communities are the ground.
  return overBase ? [] : [{ ...sheet, dataLayer: "county" }, { ...sheet, dataLayer: "community" }];
}

/**
 * @param {MembersStyle} style
 * @param {boolean} overBase
 * @returns {PaintRule<DutyProps>[]}
 */
function responsibility(style, overBase) {
  return Object.entries(style.states).map(([state, look]) => ({
    dataSource: "members",
    dataLayer: "grid",
    filter: (_zoom, feature) => feature.props.state === state,
    symbolizer: new Area(look, overBase ? 0.7 : 1),
  }));
}

/**
 * @param {Styles} styles
 * @param {boolean} overBase
 * @param {Shares} shares
 * @returns {PaintRule<ShareProps>[]}
 */
function coverage({ grids, coverage: style }, overBase, { classes, quantiles, supposed }) {
  const steps = new Map(LEVELS.map((level) => [level, stepsOf(style, classes, quantiles, level)]));
  const stepsAt = (/** @type {number} */ zoom) => steps.get(finestLevel(grids.from_zoom, zoom)) ?? [];
  const shareOf = (/** @type {ShareProps} */ { id, share }) => (supposed?.has(id) ? supposed.get(id) : share);
  return [...style.classes, style.missing].map((look) => ({
    dataSource: "coverage",
    dataLayer: "grid",
    filter: (zoom, feature) => lookOf(style, stepsAt(zoom), shareOf(feature.props)) === look,
    symbolizer: new Area(look, overBase ? 0.75 : 1),
  }));
}

/**
 * @param {GridsStyle} style
 * @param {number} k
 * @returns {PaintRule[]}
 */
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

/**
 * Return how a piece of ground that changed hands is drawn, as the selected grid sees it.
 * @param {Pick<GroundProps, "giver" | "taker">} ground
 * @param {number | null} grid
 * @returns {GroundState}
 */
export function groundLook({ giver, taker }, grid) {
  if (grid) return grid === giver ? "lost" : grid === taker ? "gained" : "passed";
  if (giver && taker) return "passed";
  return taker ? "gained" : "lost";
}

/**
 * What concerns the selected grid lies above what others made of the same ground.
 * @param {ChangesStyle} style
 * @param {number | null} grid
 * @param {boolean} overBase
 * @returns {PaintRule<GroundProps>[]}
 */
function ground(style, grid, overBase) {
  /** @type {GroundState[]} */
  const looks = ["passed", "lost", "gained"];
  return looks.map((look) => ({
    dataSource: "changes",
    dataLayer: "ground",
    filter: (_zoom, feature) => groundLook(feature.props, grid) === look,
    symbolizer: new Area(style.ground[look], overBase ? 0.75 : 1),
  }));
}

/**
 * @param {ChangesStyle} style
 * @param {number} k
 * @returns {PaintRule[]}
 */
function edges(style, k) {
  const spot = (/** @type {SpotProps} */ { n }) => style.spot.radius * Math.min(2, 1 + Math.log10(n)) * k;
  /** @type {EdgeProps["state"][]} */
  const states = ["ended", "new"];
  return [
    ...states.flatMap((state) => {
      const { line, width, dash } = style.edges[state];
      const rule = { dataSource: "changes", dataLayer: "edge", filter: (/** @type {number} */ _zoom, /** @type {TileFeature<EdgeProps>} */ feature) => feature.props.state === state };
      return [
        { ...rule, symbolizer: new Border(style.halo, (width + 2) * k) },
        { ...rule, symbolizer: new Border(line, width * k, dash.map((length) => length * k)) },
      ];
    }),
    { dataSource: "changes", dataLayer: "spot", symbolizer: new Spot((ctx, /** @type {TileFeature<SpotProps>} */ feature) => drawSpot(ctx, style.spot, spot(feature.props), k)) },
  ];
}

/**
 * @param {GridsStyle} style
 * @param {number} k
 * @param {Set<number>} unnamed
 * @returns {LabelRule<LabelProps>[]}
 */
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

/**
 * @param {MembersStyle} style
 * @param {number} k
 * @returns {PaintRule<DutyProps>[]}
 */
function buildings(style, k) {
  return [{
    dataSource: "members",
    dataLayer: "building",
    minzoom: style.building_zoom,
    symbolizer: new Spot((ctx, feature) => drawBuilding(ctx, style.states[feature.props.state], feature.props.state, k)),
  }];
}

/**
 * Before the names, which make room: a number that is left out would say that all is well.
 * @param {Styles} styles
 * @param {number} k
 * @returns {LabelRule[]}
 */
function unheld({ grids, members }, k) {
  return [{ dataSource: "members", dataLayer: "unheld", symbolizer: new Badge(grids, members.unheld, k) }];
}

/**
 * @param {IssuesStyle} style
 * @param {number} k
 * @returns {[PaintRule[], LabelRule[]]}
 */
function issues(style, k) {
  const spot = new Spot((ctx, /** @type {TileFeature<IssueProps>} */ feature) => {
    const { n } = feature.props;
    if (n > 1) drawCluster(ctx, style.states, feature.props, clusterScale(n, k));
    else drawIssue(ctx, style.states[issueState(feature.props)], k);
  }, (feature) => issuePlace(feature, k));
  const blocker = new Blocker((/** @type {TileFeature<IssueProps>} */ feature) => issueReach(feature, k), (feature) => issuePlace(feature, k));
  const rule = { dataSource: "issues", dataLayer: "issue" };
  return [[{ ...rule, symbolizer: spot }], [{ ...rule, symbolizer: blocker }]];
}

/**
 * @param {CoverageStyle} style
 * @param {number} k
 * @returns {[PaintRule[], LabelRule[]]}
 */
function facilities(style, k) {
  const rule = { dataSource: "coverage", dataLayer: "facility", minzoom: style.facility_zoom };
  const spot = new Spot((ctx, /** @type {TileFeature<FacilityProps>} */ feature, zoom) => drawFacility(ctx, style.facility, zoom < 14 ? 0.75 * k : k, { isOutside: Boolean(feature.props.outside) }));
  return [[{ ...rule, symbolizer: spot }], [{ ...rule, symbolizer: new Blocker(() => 5 * k) }]];
}

/**
 * Return which of the four states a single issue is drawn in.
 * @param {Pick<IssueProps, "overdue" | "state">} props
 */
export function issueState(props) {
  return props.overdue ? "overdue" : props.state ?? "open";
}
