// From a layer's style to what protomaps-leaflet draws: paint rules below, label rules above.
// A rule draws one MVT layer of one source; earlier rules lie lower, earlier labels win their place.

import { lines } from "./geometry.js";
import { clusterRadius, drawBuilding, drawCluster, drawFacility, drawIssue, FONT, paintOf, trace } from "./symbols.js";
import { LEVELS } from "./view.js";

// Half the circumference of the earth over 128: metres in a pixel at zoom 0 on the equator.
const METRES_PER_PIXEL = 156543.034;

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

// What the county stands on where there is no base map.
function paper(style, overBase) {
  const sheet = { dataSource: "grids", dataLayer: "county", symbolizer: new Area({ fill: style.paper }, 1) };
  return overBase ? [] : [sheet];
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
  });
  const rule = { dataSource: "issues", dataLayer: "issue" };
  return [[{ ...rule, symbolizer: spot }], [{ ...rule, symbolizer: new Blocker(issueReach) }]];
}

function facilities(style) {
  const rule = { dataSource: "coverage", dataLayer: "facility", minzoom: style.facility_zoom };
  const spot = new Spot((ctx, feature, zoom) => drawFacility(ctx, style.facility, zoom < 14 ? 0.75 : 1));
  return [[{ ...rule, symbolizer: spot }], [{ ...rule, symbolizer: new Blocker(() => 5) }]];
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
  constructor(draw) {
    this.symbol = draw;
  }

  draw(ctx, geom, zoom, feature) {
    ctx.save();
    ctx.globalAlpha = 1;
    ctx.translate(geom[0][0].x, geom[0][0].y);
    this.symbol(ctx, feature, zoom);
    ctx.restore();
  }
}

// Keeps names away from a symbol without drawing anything itself.
class Blocker {
  constructor(reach) {
    this.reach = reach;
  }

  place(layout, geom, feature) {
    const { x, y } = geom[0][0];
    const reach = this.reach(feature);
    return [{
      anchor: geom[0][0],
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
    // In its place, or a little above or below when a symbol stands there.
    for (const shift of [0, -side / 5, side / 5]) {
      const box = { minX: x - reach.x, minY: y + shift - reach.y, maxX: x + reach.x, maxY: y + shift + reach.y };
      if (layout.index.bboxCollides(box, layout.order)) continue;
      return [{ anchor: { x, y: y + shift }, bboxes: [box], draw: (ctx) => this.#draw(ctx, text) }];
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
