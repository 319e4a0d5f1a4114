// The ground that changes hands in a plan, filled: what comes to the chosen grid and what goes from it,
// or, while none is chosen, whatever comes to another grid.

/** @import { Look } from "../types/page.d.ts" */

/**
 * The polygons of a grid before and after.
 * @template Polygons
 * @typedef {{ before: Polygons, after: Polygons }} Change
 */

import { contextOf } from "../view/elements.js";
import { paintOf } from "./patterns.js";

// The ends of ColorBrewer's orange-blue: apart for every eye, and the one that goes is striped too.
/** @satisfies {Record<string, Look>} */
export const TRANSFERS = {
  comes: { fill: "#92c5de" },
  goes: { fill: "#fdb863", pattern: "stripes", ink: "#b35806" },
};
const ALPHA = 0.75;

/**
 * Paint them. ``trace`` makes polygons the path. With ``isOne`` what goes is painted as well.
 * @template Polygons
 * @param {CanvasRenderingContext2D} ctx
 * @param {{ width: number, height: number }} size
 * @param {Change<Polygons>[]} changes
 * @param {{ isOne: boolean, trace: (ctx: CanvasRenderingContext2D, polygons: Polygons) => void }} options
 */
export function paintTransfers(ctx, { width, height }, changes, { isOne, trace }) {
  if (!changes.length) return;
  const ratio = ctx.getTransform().a;
  const sheet = Object.assign(document.createElement("canvas"), { width: Math.ceil(width * ratio), height: Math.ceil(height * ratio) });
  const draft = contextOf(sheet);
  draft.setTransform(ctx.getTransform());
  for (const { before, after } of changes) {
    paint(draft, after, before, TRANSFERS.comes, trace);
    if (isOne) paint(draft, before, after, TRANSFERS.goes, trace);
  }
  // Painted at once: where grids of two levels change, the ground does so once.
  ctx.globalAlpha = ALPHA;
  ctx.drawImage(sheet, 0, 0, width, height);
  ctx.globalAlpha = 1;
}

/**
 * Of the ground that only one of two shapes covers, paint that which lies in the first.
 * @template Polygons
 * @param {CanvasRenderingContext2D} ctx
 * @param {Polygons} polygons
 * @param {Polygons} others
 * @param {Look} look
 * @param {(ctx: CanvasRenderingContext2D, polygons: Polygons) => void} trace
 */
function paint(ctx, polygons, others, look, trace) {
  ctx.save();
  ctx.beginPath();
  trace(ctx, polygons);
  ctx.clip("evenodd");
  ctx.beginPath();
  trace(ctx, polygons);
  trace(ctx, others);
  ctx.fillStyle = paintOf(ctx, look);
  ctx.fill("evenodd");
  ctx.restore();
}
