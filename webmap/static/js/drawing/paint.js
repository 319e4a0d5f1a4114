// How the ground is drawn on a canvas: areas, edges level by level, what the plan changes, names.

import { paintTransfers } from "../map/transfers.js";
import { LEVELS } from "../view/view.js";
import { place, world } from "./mercator.js";
import { paintNames } from "./names.js";

/** @import { Box, GridsStyle, Level } from "../types/page.d.ts" */
/** @import { Grid, Polygons, Preview, Segment } from "../types/plans.d.ts" */
/** @import { Ground, ShapeChange } from "./ground.js" */
/** @import { Frame } from "./mercator.js" */

/**
 * Shapes that the plan changes: of one grid, or of all.
 * @typedef {{changes: ShapeChange[], isOne: boolean}} Transfers
 * @typedef {Map<Level, Grid[]>} Levelled
 */

const COLOURS = { made: "#1d56b8", gone: "#8a4e0a", chosen: "#1d56b8", candidate: "rgb(29 86 184 / 0.16)" };
// Corners closer than this are one on the screen.
const CLOSE_PX = 0.6;

/**
 * Is any of a box in the frame?
 * @param {Frame} frame
 * @param {Box} box
 */
function inFrame(frame, [west, south, east, north]) {
  const [x0, y0] = place(frame, [west, north]);
  const [x1, y1] = place(frame, [east, south]);
  return x1 >= 0 && y1 >= 0 && x0 <= frame.width && y0 <= frame.height;
}

/**
 * Draw everything that stands still.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Ground} ground
 * @param {object} options
 * @param {GridsStyle} options.style
 * @param {boolean} options.overBase  does a base map lie beneath?
 * @param {Transfers | null} options.transfers  the ground that comes and goes, filled
 * @param {(ctx: CanvasRenderingContext2D, frame: Frame) => void} options.beneath  draws what lies under all edges
 */
export function paintGround(ctx, frame, ground, { style, overBase, transfers, beneath }) {
  const seen = ground.all().filter((grid) => inFrame(frame, grid.box));
  /** @type {Levelled} */
  const levelled = new Map(LEVELS.map((level) => [level, seen.filter((grid) => grid.level === level)]));
  const own = new Set(seen.filter((grid) => grid.isChanged || ground.isInRoot(grid.id)).map((grid) => grid.id));
  const compounds = gridsOf(levelled, "compound");
  fill(ctx, frame, gridsOf(levelled, "community"), style.paper, overBase ? 0.55 : 1);
  fill(ctx, frame, compounds.filter((grid) => own.has(grid.id)), style.compound_fill, overBase ? 0.6 : 1);
  fill(ctx, frame, compounds.filter((grid) => !own.has(grid.id)), style.compound_fill, 0.45);
  if (transfers) {
    const { changes, isOne } = transfers;
    paintTransfers(ctx, frame, changes, { isOne, trace: (sheet, polygons) => outline(sheet, frame, polygons, { whole: true }) });
  }
  beneath(ctx, frame);
  for (const level of LEVELS.toReversed()) {
    const { line: colour, width } = style.levels[level];
    // One path for a level: a stroke costs more than its corners.
    ctx.beginPath();
    for (const grid of gridsOf(levelled, level)) outline(ctx, frame, grid.polygons);
    stroke(ctx, style.halo, width + 1.6);
    stroke(ctx, colour, width);
  }
  if (transfers) paintChanges(ctx, frame, ground.beyond);
  paintNames(ctx, frame, { levelled, levels: ground.namedLevels, own, style });
}

/**
 * Draw what is being done: grids that a click may choose, what a drag makes of grids, the chosen one.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Ground} ground
 * @param {object} options
 * @param {GridsStyle} options.style
 * @param {Grid[]} options.candidates
 * @param {Grid | null} options.chosen
 * @param {Preview | null} options.preview
 */
export function paintWork(ctx, frame, ground, { style, candidates, chosen, preview }) {
  for (const each of candidates) paintArea(ctx, frame, each.polygons, COLOURS.candidate);
  for (const [id, polygons] of preview?.polygons ?? []) {
    if (ground.get(id)?.level === "compound") paintArea(ctx, frame, polygons, style.compound_fill);
  }
  const edges = preview?.edges ?? [];
  paintChanges(ctx, frame, { made: [], gone: edges.flatMap(({ gone }) => gone) });
  for (const { level, made } of edges) {
    ctx.beginPath();
    for (const segment of made) line(ctx, frame, segment);
    stroke(ctx, style.halo, style.levels[level].width + 1.6);
    stroke(ctx, style.levels[level].line, style.levels[level].width);
  }
  if (chosen) paintOutline(ctx, frame, preview?.polygons.get(chosen.id) ?? chosen.polygons, { colour: COLOURS.chosen, width: 3 });
  if (!preview?.snap) return;
  ctx.beginPath();
  ctx.arc(...place(frame, preview.snap.at), 11, 0, 7);
  stroke(ctx, COLOURS.chosen, 2);
}

/**
 * Segments that the plan did away with, dashed, and those that it made.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {{made: Segment[], gone: Segment[]}} segments
 */
function paintChanges(ctx, frame, { made, gone }) {
  ctx.beginPath();
  for (const segment of gone) line(ctx, frame, segment);
  stroke(ctx, "#ffffff", 4);
  ctx.setLineDash([6, 4]);
  stroke(ctx, COLOURS.gone, 2);
  ctx.setLineDash([]);
  ctx.beginPath();
  for (const segment of made) line(ctx, frame, segment);
  stroke(ctx, "#ffffff", 5);
  stroke(ctx, COLOURS.made, 2.5);
}

/**
 * The edges of one grid: a casing and a line.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Polygons} polygons
 * @param {{colour: string, width: number, casing?: string}} options
 */
function paintOutline(ctx, frame, polygons, { colour, width, casing = "#ffffff" }) {
  ctx.beginPath();
  outline(ctx, frame, polygons);
  stroke(ctx, casing, width + 3);
  stroke(ctx, colour, width);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Polygons} polygons
 * @param {string} colour
 */
function paintArea(ctx, frame, polygons, colour) {
  ctx.beginPath();
  outline(ctx, frame, polygons, { whole: true });
  ctx.fillStyle = colour;
  ctx.fill("evenodd");
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Grid[]} grids
 * @param {string} colour
 * @param {number} alpha
 */
function fill(ctx, frame, grids, colour, alpha) {
  ctx.globalAlpha = alpha;
  ctx.fillStyle = colour;
  ctx.beginPath();
  for (const grid of grids) outline(ctx, frame, grid.polygons, { whole: true });
  ctx.fill("evenodd");
  ctx.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} colour
 * @param {number} width
 */
function stroke(ctx, colour, width) {
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

/**
 * Trace rings; edges out of sight are left out unless the area is to be filled whole.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Polygons} polygons
 * @param {{whole?: boolean}} [options]
 */
function outline(ctx, frame, polygons, { whole = false } = {}) {
  const { size, x, y, width, height } = frame;
  for (const ring of polygons.flat()) {
    const at = world(ring);
    let [px, py] = [at[0] * size - x, at[1] * size - y];
    let on = whole;
    if (whole) ctx.moveTo(px, py);
    for (let i = 2; i < at.length; i += 2) {
      const qx = at[i] * size - x;
      const qy = at[i + 1] * size - y;
      const isLast = i === at.length - 2;
      if (!isLast && Math.abs(qx - px) < CLOSE_PX && Math.abs(qy - py) < CLOSE_PX) continue;
      if (whole) ctx.lineTo(qx, qy);
      else if ((px < 0 && qx < 0) || (py < 0 && qy < 0) || (px > width && qx > width) || (py > height && qy > height)) on = false;
      else {
        if (!on) ctx.moveTo(px, py);
        ctx.lineTo(qx, qy);
        on = true;
      }
      [px, py] = [qx, qy];
    }
    if (whole) ctx.closePath();
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Segment} segment
 */
function line(ctx, frame, [a, b]) {
  ctx.moveTo(...place(frame, a));
  ctx.lineTo(...place(frame, b));
}

/**
 * @param {Levelled} levelled
 * @param {Level} level
 */
function gridsOf(levelled, level) {
  return levelled.get(level) ?? [];
}
