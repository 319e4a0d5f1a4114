// The names of grids on a canvas, where they fit.

import { lines } from "../view/geometry.js";
import { place } from "./mercator.js";

/** @import { Box, GridsStyle, Level } from "../types/page.d.ts" */
/** @import { Grid, Position } from "../types/plans.d.ts" */
/** @import { Frame } from "./mercator.js" */

/**
 * Paint names where they fit: coarse ones first, none on another.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {object} options
 * @param {Map<Level, Grid[]>} options.levelled
 * @param {Level[]} options.levels  those that are named
 * @param {Set<number>} options.own  the grids that are drawn in
 * @param {GridsStyle} options.style
 */
export function paintNames(ctx, frame, { levelled, levels, own, style }) {
  /** @type {Box[]} */
  const taken = [];
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const level of levels) {
    const { label_size: size, label_weight: weight } = style.levels[level];
    ctx.font = `${weight} ${size}px ${fontOf()}`;
    for (const grid of levelled.get(level) ?? []) {
      const [west, south, east, north] = grid.box;
      const [x0, y0] = place(frame, [west, north]);
      const [x1, y1] = place(frame, [east, south]);
      const rows = lines(grid.name);
      const width = Math.max(...rows.map((row) => ctx.measureText(row).width));
      const height = rows.length * size * 1.25;
      if (width > (x1 - x0) * 1.1 || height > y1 - y0) continue;
      const [x, y] = middle(frame, grid);
      /** @type {Box} */
      const box = [x - width / 2 - 2, y - height / 2, x + width / 2 + 2, y + height / 2];
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
      taken.push(box);
      write(ctx, rows, x, y, size, own.has(grid.id) || level === "town" ? style : { ...style, ink: "#5f6b7c" });
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string[]} rows
 * @param {number} x
 * @param {number} y
 * @param {number} size
 * @param {{ink: string, halo: string}} colours
 */
function write(ctx, rows, x, y, size, { ink, halo }) {
  ctx.strokeStyle = halo;
  ctx.lineWidth = 3.5;
  ctx.fillStyle = ink;
  rows.forEach((row, i) => {
    const top = y + (i - (rows.length - 1) / 2) * size * 1.25;
    ctx.strokeText(row, x, top);
    ctx.fillText(row, x, top);
  });
}

/** @type {WeakMap<Grid, Position>} */
const middles = new WeakMap();

/**
 * The middle of the widest stretch of the largest ring on the box's middle line: inside the grid.
 * @param {Frame} frame
 * @param {Grid} grid
 */
function middle(frame, grid) {
  let at = middles.get(grid);
  if (!at) {
    at = findMiddle(grid);
    middles.set(grid, at);
  }
  return place(frame, at);
}

/** @param {Grid} grid */
function findMiddle({ box, polygons }) {
  const lat = (box[1] + box[3]) / 2;
  const hits = [];
  for (const ring of polygons.flat()) {
    for (let i = 1; i < ring.length; i += 1) {
      const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
      if (ay > lat !== by > lat) hits.push(ax + ((bx - ax) * (lat - ay)) / (by - ay));
    }
  }
  hits.sort((a, b) => a - b);
  let widest = 0;
  /** @type {Position} */
  let at = [(box[0] + box[2]) / 2, lat];
  for (let i = 1; i < hits.length; i += 2) {
    if (hits[i] - hits[i - 1] <= widest) continue;
    widest = hits[i] - hits[i - 1];
    at = [(hits[i] + hits[i - 1]) / 2, lat];
  }
  return at;
}

let font = "";

function fontOf() {
  font ||= getComputedStyle(document.body).fontFamily;
  return font;
}
