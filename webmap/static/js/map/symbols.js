// What single things look like on a canvas. The legend draws with the same functions.

/** @import { BadgeLook, BuildingLook, DutyState, IssueLook, IssuesStyle, Look, SpotLook } from "../types/page.d.ts" */
/** @import { IssueProps, Point } from "../types/tiles.d.ts" */

import { paintOf } from "./patterns.js";

const TAU = Math.PI * 2;
export const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",system-ui,sans-serif';

/**
 * Trace rings as the current path.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Point[][]} rings
 */
export function trace(ctx, rings) {
  ctx.beginPath();
  for (const ring of rings) {
    ctx.moveTo(ring[0].x, ring[0].y);
    for (let i = 1; i < ring.length; i++) ctx.lineTo(ring[i].x, ring[i].y);
  }
}

/**
 * A cluster's radius by its number of issues, CSS pixels.
 * @param {number} n
 */
export function clusterRadius(n) {
  return Math.min(26, 12 + 3.2 * Math.log2(Math.max(2, n)) ** 0.8);
}

/**
 * Draw a cluster at the origin: a ring of its states around the number.
 * @param {CanvasRenderingContext2D} ctx
 * @param {IssuesStyle["states"]} states
 * @param {Pick<IssueProps, "n" | "overdue" | "suspended" | "closed">} counts
 * @param {number} [scale]
 */
export function drawCluster(ctx, states, counts, scale = 1) {
  ctx.scale(scale, scale);
  const radius = clusterRadius(counts.n);
  const open = counts.n - counts.overdue - counts.suspended - counts.closed;
  disc(ctx, radius + 1.5, "#ffffff");
  let angle = -TAU / 4;
  // Overdue runs thickest, closed thinnest: the ring reads without colour too.
  /** @type {[state: keyof IssuesStyle["states"], count: number, width: number][]} */
  const arcs = [
    ["overdue", counts.overdue, 6.5],
    ["open", open, 4.5],
    ["suspended", counts.suspended, 4.5],
    ["closed", counts.closed, 2],
  ];
  for (const [state, count, width] of arcs) {
    if (count <= 0) continue;
    const to = angle + (count / counts.n) * TAU;
    ctx.beginPath();
    ctx.arc(0, 0, radius - width / 2, angle, to);
    ctx.lineWidth = width;
    ctx.strokeStyle = paintOf(ctx, states[state]);
    ctx.stroke();
    angle = to;
  }
  ctx.fillStyle = "#1f2a37";
  ctx.font = `700 ${counts.n > 999 ? 10 : counts.n > 99 ? 11 : 12}px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(String(counts.n), 0, 0.5);
}

/**
 * Draw at the origin that something finer has changed here.
 * @param {CanvasRenderingContext2D} ctx
 * @param {SpotLook} style
 * @param {number} radius
 * @param {number} [scale]
 */
export function drawSpot(ctx, style, radius, scale = 1) {
  disc(ctx, radius + 1.5 * scale, style.halo);
  disc(ctx, radius, style.fill);
}

/**
 * Draw one issue at the origin, its state told by shape, mark and colour.
 * @param {CanvasRenderingContext2D} ctx
 * @param {IssueLook} style
 * @param {number} [scale]
 */
export function drawIssue(ctx, style, scale = 1) {
  ctx.scale(scale, scale);
  ctx.lineJoin = "round";
  ctx.fillStyle = style.fill;
  ctx.strokeStyle = "#ffffff";
  ctx.lineWidth = 2;
  shapes[style.shape](ctx, style);
}

/** @type {Record<IssueLook["shape"], (ctx: CanvasRenderingContext2D, style: IssueLook) => void>} */
const shapes = {
  diamond(ctx) {
    polygon(ctx, [[0, -10], [10, 0], [0, 10], [-10, 0]]);
    mark(ctx, [[0, -4.5, 0, 1], [0, 4, 0, 4.2]], 2.2);
  },
  circle(ctx) {
    ctx.beginPath();
    ctx.arc(0, 0, 7.5, 0, TAU);
    ctx.stroke();
    ctx.fill();
    disc(ctx, 2.5, "#ffffff");
  },
  square(ctx) {
    polygon(ctx, [[-7, -7], [7, -7], [7, 7], [-7, 7]]);
    mark(ctx, [[-2.2, -3, -2.2, 3], [2.2, -3, 2.2, 3]], 2);
  },
  ring(ctx, style) {
    disc(ctx, 7.5, "#ffffff");
    ctx.beginPath();
    ctx.arc(0, 0, 6, 0, TAU);
    ctx.strokeStyle = style.fill;
    ctx.lineWidth = 2;
    ctx.stroke();
    ctx.strokeStyle = style.fill;
    ctx.beginPath();
    ctx.moveTo(-2.7, 0.2);
    ctx.lineTo(-0.8, 2.2);
    ctx.lineTo(2.9, -2.2);
    ctx.stroke();
  },
};

/**
 * Return half the width and half the height of the badge of a number, CSS pixels.
 * @param {number} n
 */
export function badgeReach(n) {
  return { x: 7 + 3.5 * String(n).length, y: 10 };
}

/**
 * Draw a number in a dark badge at the origin: not a circle, so that it is no cluster of issues.
 * @param {CanvasRenderingContext2D} ctx
 * @param {BadgeLook} style
 * @param {number} n
 */
export function drawBadge(ctx, style, n) {
  const { x, y } = badgeReach(n);
  ctx.beginPath();
  ctx.roundRect(-x, -y, 2 * x, 2 * y, 5);
  ctx.fillStyle = style.ink;
  ctx.fill();
  ctx.beginPath();
  ctx.roundRect(1.5 - x, 1.5 - y, 2 * x - 3, 2 * y - 3, 3.5);
  ctx.fillStyle = style.fill;
  ctx.fill();
  ctx.fillStyle = style.ink;
  ctx.font = `700 12px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(String(n), 0, 0.5);
}

/**
 * Draw a building at the origin, by the state of its lead.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Look} style
 * @param {DutyState} state
 * @param {number} [scale]
 */
export function drawBuilding(ctx, style, state, scale = 1) {
  ctx.scale(scale, scale);
  ctx.fillStyle = style.fill;
  ctx.strokeStyle = "#ffffff";
  ctx.lineWidth = 2;
  if (state === "vacant") {
    polygon(ctx, [[-4, -4], [4, -4], [4, 4], [-4, 4]]);
    mark(ctx, [[-2, -2, 2, 2], [-2, 2, 2, -2]], 1.4);
  } else if (state === "held") {
    // Lighter than the ground that it mostly stands on, which is in good hands too.
    ctx.strokeStyle = "#2c5a55";
    ctx.fillStyle = "#ffffff";
    polygon(ctx, [[-3, -3], [3, -3], [3, 3], [-3, 3]]);
  } else {
    polygon(ctx, [[0, -4.5], [4.5, 3.5], [-4.5, 3.5]]);
  }
}

/**
 * Draw a building at the origin, by whether a standard is met to it.
 * @param {CanvasRenderingContext2D} ctx
 * @param {BuildingLook} look
 * @param {number} [scale]
 */
export function drawHome(ctx, look, scale = 1) {
  ctx.scale(scale, scale);
  const body = new Path2D(look.body);
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  ctx.strokeStyle = "#ffffff";
  ctx.lineWidth = look.line ? 4 : 2.4;
  ctx.stroke(body);
  ctx.fillStyle = look.fill;
  ctx.fill(body);
  ctx.strokeStyle = look.line || "#ffffff";
  ctx.lineWidth = look.line ? 1.8 : 1.6;
  ctx.stroke(new Path2D(look.line ? look.body : look.sign));
  ctx.lineCap = "butt";
}

/**
 * Draw a facility at the origin.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{ fill: string }} style
 * @param {number} [scale]
 * @param {{ isOutside?: boolean }} [options]
 */
export function drawFacility(ctx, style, scale = 1, { isOutside = false } = {}) {
  ctx.scale(scale, scale);
  disc(ctx, 6.5, "#ffffff");
  disc(ctx, 5, style.fill);
  // Hollow: it stands outside the county.
  if (isOutside) disc(ctx, 3.2, "#ffffff");
  else mark(ctx, [[-2.4, 0, 2.4, 0], [0, -2.4, 0, 2.4]], 1.6);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} radius
 * @param {string} fill
 */
function disc(ctx, radius, fill) {
  ctx.beginPath();
  ctx.arc(0, 0, radius, 0, TAU);
  ctx.fillStyle = fill;
  ctx.fill();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {[number, number][]} points
 */
function polygon(ctx, points) {
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.closePath();
  ctx.stroke();
  ctx.fill();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {[number, number, number, number][]} strokes
 * @param {number} width
 */
function mark(ctx, strokes, width) {
  ctx.strokeStyle = "#ffffff";
  ctx.lineWidth = width;
  ctx.lineCap = "round";
  ctx.beginPath();
  for (const [x1, y1, x2, y2] of strokes) {
    ctx.moveTo(x1, y1);
    ctx.lineTo(x2, y2);
  }
  ctx.stroke();
  ctx.lineCap = "butt";
}
