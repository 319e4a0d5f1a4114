// What protomaps-leaflet calls a symbolizer: draws features of one kind, or finds names their place.
// ``k`` is the number of a tile's pixels in one CSS pixel (see rules.js).

/** @import { BadgeLook, GridsStyle, Level, Look } from "../types/page.d.ts" */
/** @import { Label, LabelProps, Layout, Point, TileFeature, UnheldProps } from "../types/tiles.d.ts" */

import { lines } from "../view/geometry.js";
import { paintOf } from "./patterns.js";
import { badgeReach, drawBadge, FONT, trace } from "./symbols.js";

// Half the circumference of the earth over 128: metres in a pixel at zoom 0 on the equator.
const METRES_PER_PIXEL = 156543.034;
// What a name keeps free around itself, CSS pixels.
const NAME_ROOM = { x: 6, y: 4 };

/**
 * Return where a grid's badge is drawn, in the pixels of its tile.
 * @param {GridsStyle} style
 * @param {number} zoom
 * @param {number} k
 * @returns {(feature: TileFeature<UnheldProps>) => Point}
 */
export function badgePlace(style, zoom, k) {
  return ({ geom: [[{ x, y }]], props }) => ({ x, y: y + badgeDrop(style, props, zoom, k) });
}

/**
 * How far below its label point a grid's badge is drawn, in a tile's pixels: beneath the name.
 * @param {GridsStyle} style
 * @param {UnheldProps} props
 * @param {number} zoom
 * @param {number} [k]
 */
function badgeDrop(style, { level, name, area, n }, zoom, k = 1) {
  const height = lines(name).length * style.levels[level].label_size * 1.2;
  // Not out of a small grid: there the name moves up a little instead.
  return Math.min((height / 2 + NAME_ROOM.y + badgeReach(n).y) * k, sideOnScreen(area, zoom) * 0.4);
}

export class Area {
  /**
   * @param {Look} look
   * @param {number} alpha
   */
  constructor(look, alpha) {
    this.look = look;
    this.alpha = alpha;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  before(ctx) {
    ctx.globalAlpha = this.alpha;
    ctx.fillStyle = paintOf(ctx, this.look);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Point[][]} rings
   */
  draw(ctx, rings) {
    trace(ctx, rings);
    ctx.fill();
  }
}

export class Border {
  /**
   * @param {string} colour
   * @param {number} width
   * @param {number[]} [dash]
   */
  constructor(colour, width, dash = []) {
    this.colour = colour;
    this.width = width;
    this.dash = dash;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  before(ctx) {
    ctx.globalAlpha = 1;
    ctx.strokeStyle = this.colour;
    ctx.lineWidth = this.width;
    ctx.lineJoin = "round";
    ctx.setLineDash(this.dash);
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Point[][]} rings
   */
  draw(ctx, rings) {
    trace(ctx, rings);
    ctx.stroke();
  }
}

/**
 * A symbol that is always drawn, whatever lies beside it.
 * @template Props
 */
export class Spot {
  /**
   * @param {(ctx: CanvasRenderingContext2D, feature: TileFeature<Props>, zoom: number) => void} draw
   * @param {((feature: TileFeature<Props>) => Point) | null} [place]
   */
  constructor(draw, place = null) {
    this.symbol = draw;
    this.place = place;
  }

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {Point[][]} geom
   * @param {number} zoom
   * @param {TileFeature<Props>} feature
   */
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

/**
 * Keeps names away from a symbol without drawing anything itself.
 * @template Props
 */
export class Blocker {
  /**
   * @param {(feature: TileFeature<Props>) => number} reach
   * @param {((feature: TileFeature<Props>) => Point) | null} [spot]
   */
  constructor(reach, spot = null) {
    this.reach = reach;
    this.spot = spot;
  }

  /**
   * @param {Layout} layout
   * @param {Point[][]} geom
   * @param {TileFeature<Props>} feature
   */
  place(layout, geom, feature) {
    const shift = this.spot ? this.spot(feature) : feature.geom[0][0];
    const x = geom[0][0].x + shift.x - feature.geom[0][0].x;
    const y = geom[0][0].y + shift.y - feature.geom[0][0].y;
    const reach = this.reach(feature);
    return [{ anchor: { x, y }, bboxes: [claim(layout, { x, y }, { x: reach, y: reach })], draw() {} }];
  }
}

// A grid's number in a badge; it is always drawn.
export class Badge {
  /**
   * @param {GridsStyle} grids
   * @param {BadgeLook} style
   * @param {number} k
   */
  constructor(grids, style, k) {
    this.grids = grids;
    this.style = style;
    this.k = k;
  }

  /**
   * @param {Layout} layout
   * @param {Point[][]} geom
   * @param {TileFeature<UnheldProps>} feature
   * @returns {Label[]}
   */
  place(layout, geom, feature) {
    const { n } = feature.props;
    const reach = { x: badgeReach(n).x * this.k, y: badgeReach(n).y * this.k };
    const { x } = geom[0][0];
    const y = geom[0][0].y + badgeDrop(this.grids, feature.props, layout.zoom, this.k);
    return [{
      anchor: { x, y },
      bboxes: [claim(layout, { x, y }, reach)],
      draw: (ctx) => {
        ctx.globalAlpha = 1;
        ctx.scale(this.k, this.k);
        drawBadge(ctx, this.style, n);
      },
    }];
  }
}

/**
 * The box that a symbol keeps free of names. One that overlaps another symbol's would be dropped with
 * its symbol: then it shrinks until it fits, and keeps names off its middle at least.
 * @param {Layout} layout
 * @param {Point} place
 * @param {Point} reach
 */
function claim(layout, { x, y }, reach) {
  for (const share of [1, 0.75, 0.5, 0.25]) {
    const box = { minX: x - reach.x * share, minY: y - reach.y * share, maxX: x + reach.x * share, maxY: y + reach.y * share };
    if (!layout.index.bboxCollides(box, layout.order)) return box;
  }
  return { minX: x, minY: y, maxX: x, maxY: y };
}

/**
 * The side in a tile's pixels of a square of that area, at the latitudes of China (cosine 0.85).
 * @param {number} areaKm2
 * @param {number} zoom
 */
function sideOnScreen(areaKm2, zoom) {
  return (Math.sqrt(areaKm2) * 1000 * 2 ** zoom) / (METRES_PER_PIXEL * 0.85);
}

// A grid's name with a halo, in two lines when it is long; left out where its grid is too small.
export class Name {
  /**
   * @param {GridsStyle} style
   * @param {Level} level
   * @param {number} k
   */
  constructor(style, level, k) {
    const { label_size: size, label_weight: weight, line } = style.levels[level];
    this.k = k;
    this.size = size * k;
    this.font = `${weight} ${this.size}px ${FONT}`;
    this.fill = level === "compound" ? style.ink : line;
    this.halo = style.halo;
    this.level = level;
  }

  /**
   * @param {Layout} layout
   * @param {Point[][]} geom
   * @param {TileFeature<LabelProps>} feature
   * @returns {Label[] | undefined}
   */
  place(layout, geom, feature) {
    const text = lines(feature.props.name);
    layout.scratch.font = this.font;
    const width = Math.max(...text.map((line) => layout.scratch.measureText(line).width));
    const height = text.length * this.size * 1.2;
    const side = sideOnScreen(feature.props.area, layout.zoom);
    // A little more than half the name is the least that a grid's side must measure.
    if (side < width * 0.55) return undefined;
    const { x, y } = geom[0][0];
    const reach = { x: width / 2 + NAME_ROOM.x * this.k, y: height / 2 + NAME_ROOM.y * this.k };
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

  /**
   * @param {CanvasRenderingContext2D} ctx
   * @param {string[]} text
   */
  #draw(ctx, text) {
    ctx.globalAlpha = 1;
    ctx.font = this.font;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.lineJoin = "round";
    ctx.strokeStyle = this.halo;
    ctx.lineWidth = 3.5 * this.k;
    ctx.fillStyle = this.fill;
    text.forEach((line, i) => {
      const y = (i - (text.length - 1) / 2) * this.size * 1.2;
      ctx.strokeText(line, 0, y);
      ctx.fillText(line, 0, y);
    });
  }
}
