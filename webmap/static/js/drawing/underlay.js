// How a reference layer looks: muted, dash and dot, unlike any edge.

import { world } from "./mercator.js";

/** @import { Position } from "../types/plans.d.ts" */
/** @import { Frame } from "./mercator.js" */

const COLOUR = "#7a4f86";
const DASHES = [9, 3, 2, 3];
const CROSS_PX = 4;

/**
 * Draw what of a layer is in the frame.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {{lines: {line: Position[]}[], points: Position[]}} layer
 * @param {number} opacity  0 to 1
 */
export function paintLayer(ctx, frame, { lines, points }, opacity) {
  ctx.globalAlpha = opacity;
  ctx.beginPath();
  for (const { line } of lines) trace(ctx, frame, world(line));
  strokeTwice(ctx, DASHES);
  ctx.beginPath();
  for (const point of points) cross(ctx, frame, world([point]));
  strokeTwice(ctx, []);
  ctx.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Float64Array} at  places in the world, as ``world`` gives them
 */
function trace(ctx, { size, x, y }, at) {
  for (let i = 0; i < at.length; i += 2) {
    const [px, py] = [at[i] * size - x, at[i + 1] * size - y];
    if (i) ctx.lineTo(px, py);
    else ctx.moveTo(px, py);
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {Float64Array} at
 */
function cross(ctx, { size, x, y }, at) {
  const [px, py] = [at[0] * size - x, at[1] * size - y];
  ctx.moveTo(px - CROSS_PX, py);
  ctx.lineTo(px + CROSS_PX, py);
  ctx.moveTo(px, py - CROSS_PX);
  ctx.lineTo(px, py + CROSS_PX);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number[]} dashes
 */
function strokeTwice(ctx, dashes) {
  ctx.lineJoin = "round";
  ctx.lineCap = "butt";
  ctx.strokeStyle = "rgb(255 255 255 / 0.75)";
  ctx.lineWidth = 4;
  ctx.stroke();
  ctx.setLineDash(dashes);
  ctx.strokeStyle = COLOUR;
  ctx.lineWidth = 1.8;
  ctx.stroke();
  ctx.setLineDash([]);
}
