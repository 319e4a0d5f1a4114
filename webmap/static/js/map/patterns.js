// Fills with a pattern: what differs by colour differs without it as well.

/** @import { Look } from "../types/page.d.ts" */

import { contextOf } from "../view/elements.js";

const TAU = Math.PI * 2;
// Patterns repeat every 8 CSS pixels, so they join where tiles (256) meet.
const CELL = 8;

/**
 * Return a fillStyle for a look: a colour, or a pattern drawn sharp on any screen.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Look} style
 * @param {number} [ratio]
 */
export function paintOf(ctx, style, ratio = devicePixelRatio) {
  if (!style.pattern || style.pattern === "plain" || style.pattern === "hollow") return style.fill;
  const canvas = document.createElement("canvas");
  const side = Math.max(1, Math.round(CELL * ratio));
  canvas.width = canvas.height = side;
  const cell = contextOf(canvas);
  cell.scale(side / CELL, side / CELL);
  cell.fillStyle = style.fill;
  cell.fillRect(0, 0, CELL, CELL);
  cell.strokeStyle = cell.fillStyle = style.ink ?? "";
  DRAW[style.pattern](cell);
  const pattern = ctx.createPattern(canvas, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(CELL / side, CELL / side));
  return pattern ?? style.fill;
}

/** @type {Record<"stripes" | "dots" | "cross", (cell: CanvasRenderingContext2D) => void>} */
const DRAW = {
  stripes(cell) {
    cell.lineWidth = 1.4;
    cell.beginPath();
    for (const shift of [-CELL, 0, CELL]) {
      cell.moveTo(shift - 2, CELL + 2);
      cell.lineTo(shift + CELL + 2, -2);
    }
    cell.stroke();
  },
  dots(cell) {
    for (const [x, y] of [[2, 2], [6, 6]]) {
      cell.beginPath();
      cell.arc(x, y, 1.15, 0, TAU);
      cell.fill();
    }
  },
  cross(cell) {
    cell.lineWidth = 1;
    cell.beginPath();
    for (const shift of [-CELL, 0, CELL]) {
      cell.moveTo(shift - 2, CELL + 2);
      cell.lineTo(shift + CELL + 2, -2);
      cell.moveTo(shift - 2, -2);
      cell.lineTo(shift + CELL + 2, CELL + 2);
    }
    cell.stroke();
  },
};
