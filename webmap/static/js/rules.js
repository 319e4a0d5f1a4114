// From a layer's style to what protomaps-leaflet draws: paint rules below, label rules above.
// A rule draws one MVT layer of one source; earlier rules lie lower, earlier labels win their place.

import { lines, towardsMiddle } from "./geometry.js";
import { clusterRadius, drawBuilding, drawCluster, drawFacility, drawIssue, FONT, paintOf, trace } from "./symbols.js";
import { LEVELS } from "./view.js";

// Half the circumference of the earth over 128: metres in a pixel at zoom 0 on the equator.
const METRES_PER_PIXEL = 156543.034;

// The server counts issues in cells of that many CSS pixels (layers/issues.py).
const CLUSTER_CELL = 64;
const CLUSTER_SLACK = 10;
// MVT's number for areas.
const POLYGON = 3;

/** Return {paintRules, labelRules} for a mode. Over a base map grids let it shine through. */
export function rules(mode, styles, { overBase }) {
  const fills = {
    territory: () => territory(styles.grids, overBase),
    responsibility: () => [...paper(styles.grids, overBase), ...responsibility(styles.members, overBase)],
    issues: () => territory(styles.grids, overBase),
    coverage: () => [...paper(styles.grids, overBase), ...coverage(styles.coverage, overBase)],
  }[mode]();
  const [points, blockers] = {
    territory: () => [[], []],
    responsibility: () => [buildings(styles.members), []],
    issues: () => issues(styles.issues),
    coverage: () => facilities(styles.coverage),
  }[mode]();
  return {
    paintRules: [...fills, ...borders(styles.grids), ...points],
    labelRules: [...blockers, ...labels(styles.grids)],
  };
}

/** Return the class of a share in percent, or the style of missing data. */
export function coverageClass(style, share) {
  if (share === undefined || share === null) return style.missing;
  return style.classes.find((step) => share < step.to) ?? style.classes.at(-1);
}

function territory(style, overBase) {
  const compounds = new Area({ fill: style.compound_fill }, overBase ? 0.5 : 1);
  return [...paper(style, overBase), { dataSource: "grids", dataLayer: "compound", symbolizer: compounds }];
}

function isArea(zoom, feature) {
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
    filter: (zoom, feature) => feature.props.state === state,
    symbolizer: new Area(look, overBase ? 0.7 : 1),
  }));
}

function coverage(style, overBase) {
  return [...style.classes, style.missing].map((look) => ({
    dataSource: "coverage",
    dataLayer: "grid",
    filter: (zoom, feature) => coverageClass(style, feature.props.share) === look,
    symbolizer: new Area(look, overBase ? 0.75 : 1),
  }));
}

function borders(style) {
  return LEVELS.toReversed().flatMap((level) => {
    const { line, width } = style.levels[level];
    const rule = { dataSource: "grids", dataLayer: level };
    return [
      { ...rule, symbolizer: new Border(style.halo, width + 1.6) },
      { ...rule, symbolizer: new Border(line, width) },
    ];
  });
}

function labels(style) {
  return LEVELS.map((level) => ({
    dataSource: "grids",
    dataLayer: "label",
    // The county's name stands over the panel as soon as its towns have theirs.
    maxzoom: level === "county" ? style.from_zoom.town - 1 : undefined,
    filter: (zoom, feature) => feature.props.level === level,
    sort: (a, b) => b.area - a.area,
    symbolizer: new Name(style, level),
  }));
}

function buildings(style) {
  return [{
    dataSource: "members",
    dataLayer: "building",
    minzoom: style.building_zoom,
    symbolizer: new Spot((ctx, feature) => drawBuilding(ctx, style.states[feature.props.state], feature.props.state)),
  }];
}

function issues(style) {
  const spot = new Spot((ctx, feature) => {
    if (feature.props.n > 1) drawCluster(ctx, style.states, feature.props);
    else drawIssue(ctx, style.states[issueState(feature.props)]);
  }, issuePlace);
  const rule = { dataSource: "issues", dataLayer: "issue" };
  return [[{ ...rule, symbolizer: spot }], [{ ...rule, symbolizer: new Blocker(issueReach, issuePlace) }]];
}

function facilities(style) {
  const rule = { dataSource: "coverage", dataLayer: "facility", minzoom: style.facility_zoom };
  const spot = new Spot((ctx, feature, zoom) => drawFacility(ctx, style.facility, zoom < 14 ? 0.75 : 1));
  return [[{ ...rule, symbolizer: spot }], [{ ...rule, symbolizer: new Blocker(() => 5) }]];
}

/** Return where an issue or cluster is drawn, in the pixels of its tile. */
export function issuePlace(feature) {
  const place = feature.geom[0][0];
  return feature.props.n > 1 ? towardsMiddle(place, CLUSTER_CELL, CLUSTER_SLACK) : place;
}

/** Return which of the four states a single issue is drawn in. */
export function issueState(props) {
  return props.overdue ? "overdue" : props.state;
}

/** Return how far from its centre an issue or cluster can be hit, CSS pixels. */
export function issueReach(feature) {
  return feature.props.n > 1 ? clusterRadius(feature.props.n) + 2 : 11;
}

class Area {
  constructor(look, alpha) {
    this.look = look;
    this.alpha = alpha;
  }

  before(ctx) {
    ctx.globalAlpha = this.alpha;
    ctx.fillStyle = paintOf(ctx, this.look);
  }

  draw(ctx, rings) {
    trace(ctx, rings);
    ctx.fill();
  }
}

class Border {
  constructor(colour, width) {
    this.colour = colour;
    this.width = width;
  }

  before(ctx) {
    ctx.globalAlpha = 1;
    ctx.strokeStyle = this.colour;
    ctx.lineWidth = this.width;
    ctx.lineJoin = "round";
  }

  draw(ctx, rings) {
    trace(ctx, rings);
    ctx.stroke();
  }
}

// A symbol that is always drawn, whatever lies beside it.
class Spot {
  constructor(draw, place = null) {
    this.symbol = draw;
    this.place = place;
  }

  draw(ctx, geom, zoom, feature) {
    // Beyond the deepest tiles coordinates come enlarged, and nothing is counted together.
    const { x, y } = this.place && feature.geom === geom ? this.place(feature) : geom[0][0];
    ctx.save();
    ctx.globalAlpha = 1;
    ctx.translate(x, y);
    this.symbol(ctx, feature, zoom);
    ctx.restore();
  }
}

// Keeps names away from a symbol without drawing anything itself.
class Blocker {
  constructor(reach, spot = null) {
    this.reach = reach;
    this.spot = spot;
  }

  place(layout, geom, feature) {
    const shift = this.spot ? this.spot(feature) : feature.geom[0][0];
    const x = geom[0][0].x + shift.x - feature.geom[0][0].x;
    const y = geom[0][0].y + shift.y - feature.geom[0][0].y;
    const reach = this.reach(feature);
    return [{
      anchor: { x, y },
      bboxes: [{ minX: x - reach, minY: y - reach, maxX: x + reach, maxY: y + reach }],
      draw() {},
    }];
  }
}

// The side in CSS pixels of a square of that area, at the latitudes of China (cosine 0.85).
function sideOnScreen(areaKm2, zoom) {
  return (Math.sqrt(areaKm2) * 1000 * 2 ** zoom) / (METRES_PER_PIXEL * 0.85);
}

// A grid's name with a halo, in two lines when it is long; left out where its grid is too small.
class Name {
  constructor(style, level) {
    const { label_size: size, label_weight: weight, line } = style.levels[level];
    this.size = size;
    this.font = `${weight} ${size}px ${FONT}`;
    this.fill = level === "compound" ? style.ink : line;
    this.halo = style.halo;
    this.level = level;
  }

  place(layout, geom, feature) {
    const text = lines(feature.props.name);
    layout.scratch.font = this.font;
    const width = Math.max(...text.map((line) => layout.scratch.measureText(line).width));
    const height = text.length * this.size * 1.2;
    const side = sideOnScreen(feature.props.area, layout.zoom);
    // A little more than half the name is the least that a grid's side must measure.
    if (side < width * 0.55) return undefined;
    const { x, y } = geom[0][0];
    const reach = { x: width / 2 + 6, y: height / 2 + 4 };
    // In its place, or a little beside it when a symbol or another name stands there.
    const far = side / 5;
    for (const [dx, dy] of [[0, 0], [0, -far], [0, far], [-far, 0], [far, 0]]) {
      const at = { x: x + dx, y: y + dy };
      const box = { minX: at.x - reach.x, minY: at.y - reach.y, maxX: at.x + reach.x, maxY: at.y + reach.y };
      if (!layout.index.bboxCollides(box, layout.order)) {
        return [{ anchor: at, bboxes: [box], draw: (ctx) => this.#draw(ctx, text) }];
      }
    }
    return undefined;
  }

  #draw(ctx, text) {
    ctx.globalAlpha = 1;
    ctx.font = this.font;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.strokeStyle = this.halo;
    ctx.lineWidth = 3.5;
    ctx.fillStyle = this.fill;
    text.forEach((line, i) => {
      const y = (i - (text.length - 1) / 2) * this.size * 1.2;
      ctx.strokeText(line, 0, y);
      ctx.fillText(line, 0, y);
    });
  }
}
