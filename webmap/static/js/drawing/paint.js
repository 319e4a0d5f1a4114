// How the ground is drawn on a canvas: areas, edges level by level, what the plan changes, names.
// A frame is {size, x, y, width, height}: the world's size in pixels, the canvas's corner in it.

import { lines } from "../view/geometry.js";
import { paintTransfers } from "../map/transfers.js";
import { LEVELS } from "../view/view.js";
import { project, world } from "./mercator.js";

const COLOURS = { made: "#1d56b8", gone: "#8a4e0a", chosen: "#1d56b8", candidate: "rgb(29 86 184 / 0.16)" };
// Corners closer than this are one on the screen.
const CLOSE_PX = 0.6;

// Is any of a box in the frame?
function inFrame(frame, [west, south, east, north]) {
  const [x0, y0] = place(frame, [west, north]);
  const [x1, y1] = place(frame, [east, south]);
  return x1 >= 0 && y1 >= 0 && x0 <= frame.width && y0 <= frame.height;
}

// Where on the canvas a place lies.
function place(frame, lonLat) {
  const [x, y] = project(lonLat);
  return [x * frame.size - frame.x, y * frame.size - frame.y];
}

/**
 * Draw everything that stands still; ``hands`` is the ground that changes them: {changes, isOne}, or
 * null; ``beneath`` draws what lies under all edges.
 */
export function paintGround(ctx, frame, ground, { style, overBase, hands, beneath }) {
  const seen = ground.all().filter((grid) => inFrame(frame, grid.box));
  const levelled = new Map(LEVELS.map((level) => [level, seen.filter((grid) => grid.level === level)]));
  const homes = new Set(seen.filter((grid) => grid.isChanged || ground.isHome(grid.id)).map((grid) => grid.id));
  fill(ctx, frame, levelled.get("community"), style.paper, overBase ? 0.55 : 1);
  fill(ctx, frame, levelled.get("compound").filter((grid) => homes.has(grid.id)), style.compound_fill, overBase ? 0.6 : 1);
  fill(ctx, frame, levelled.get("compound").filter((grid) => !homes.has(grid.id)), style.compound_fill, 0.45);
  if (hands) paintTransfers(ctx, frame, hands.changes, { isOne: hands.isOne, trace: (sheet, polygons) => outline(sheet, frame, polygons, { whole: true }) });
  beneath(ctx, frame);
  for (const level of LEVELS.toReversed()) {
    const { line, width } = style.levels[level];
    // One path for a level: a stroke costs more than its corners.
    ctx.beginPath();
    for (const grid of levelled.get(level)) outline(ctx, frame, grid.polygons);
    stroke(ctx, style.halo, width + 1.6);
    stroke(ctx, line, width);
  }
  if (hands) paintChanges(ctx, frame, ground.beyond);
  names(ctx, frame, levelled, { levels: ground.namedLevels, homes, style });
}

/** Draw what is at work: grids that a click may choose, what a drag makes of grids, the chosen one. */
export function paintWork(ctx, frame, ground, { style, candidates, chosen, preview }) {
  for (const each of candidates) paintArea(ctx, frame, each.polygons, COLOURS.candidate);
  for (const [id, polygons] of preview?.polygons ?? []) {
    if (ground.get(id).level === "compound") paintArea(ctx, frame, polygons, style.compound_fill);
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

// Segments that the plan did away with, dashed, and those that it made.
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

// The edges of one grid: a casing and a line.
function paintOutline(ctx, frame, polygons, { colour, width, casing = "#ffffff" }) {
  ctx.beginPath();
  outline(ctx, frame, polygons);
  stroke(ctx, casing, width + 3);
  stroke(ctx, colour, width);
}

function paintArea(ctx, frame, polygons, colour) {
  ctx.beginPath();
  outline(ctx, frame, polygons, { whole: true });
  ctx.fillStyle = colour;
  ctx.fill("evenodd");
}

function fill(ctx, frame, grids, colour, alpha) {
  ctx.globalAlpha = alpha;
  ctx.fillStyle = colour;
  ctx.beginPath();
  for (const grid of grids) outline(ctx, frame, grid.polygons, { whole: true });
  ctx.fill("evenodd");
  ctx.globalAlpha = 1;
}

function stroke(ctx, colour, width) {
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

// Trace rings; edges out of sight are left out unless the area is to be filled whole.
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

function line(ctx, frame, [a, b]) {
  ctx.moveTo(...place(frame, a));
  ctx.lineTo(...place(frame, b));
}

// Names where there is room for them: coarse ones first, none on another.
function names(ctx, frame, levelled, { levels, homes, style }) {
  const taken = [];
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const level of levels) {
    const { label_size: size, label_weight: weight } = style.levels[level];
    ctx.font = `${weight} ${size}px ${fontOf()}`;
    for (const grid of levelled.get(level)) {
      const [west, south, east, north] = grid.box;
      const [x0, y0] = place(frame, [west, north]);
      const [x1, y1] = place(frame, [east, south]);
      const rows = lines(grid.name);
      const width = Math.max(...rows.map((row) => ctx.measureText(row).width));
      const height = rows.length * size * 1.25;
      if (width > (x1 - x0) * 1.1 || height > y1 - y0) continue;
      const [x, y] = middle(frame, grid);
      const box = [x - width / 2 - 2, y - height / 2, x + width / 2 + 2, y + height / 2];
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
      taken.push(box);
      write(ctx, rows, x, y, size, homes.has(grid.id) || level === "town" ? style : { ...style, ink: "#5f6b7c" });
    }
  }
}

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

const middles = new WeakMap();

// The middle of the widest stretch of the largest ring on the box's middle line: inside the grid.
function middle(frame, grid) {
  let at = middles.get(grid);
  if (!at) {
    const lat = (grid.box[1] + grid.box[3]) / 2;
    const hits = [];
    for (const ring of grid.polygons.flat()) {
      for (let i = 1; i < ring.length; i += 1) {
        const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
        if (ay > lat !== by > lat) hits.push(ax + ((bx - ax) * (lat - ay)) / (by - ay));
      }
    }
    hits.sort((a, b) => a - b);
    let widest = 0;
    at = [(grid.box[0] + grid.box[2]) / 2, lat];
    for (let i = 1; i < hits.length; i += 2) {
      if (hits[i] - hits[i - 1] > widest) [widest, at] = [hits[i] - hits[i - 1], [(hits[i] + hits[i - 1]) / 2, lat]];
    }
    middles.set(grid, at);
  }
  return place(frame, at);
}

let font = "";

function fontOf() {
  font ||= getComputedStyle(document.body).fontFamily;
  return font;
}
