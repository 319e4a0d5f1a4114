// The ground that changes hands in a plan, filled: what comes to the chosen grid and what goes from it,
// or, while none is chosen, whatever comes to another grid.

import { paintOf } from "./symbols.js";

// The ends of ColorBrewer's orange-blue: apart for every eye, and the one that goes is striped too.
export const HANDS = {
  comes: { fill: "#92c5de" },
  goes: { fill: "#fdb863", pattern: "stripes", ink: "#b35806" },
};
const ALPHA = 0.75;

/**
 * Paint them. ``changes`` are {before, after}, polygons of a grid; ``trace(ctx, polygons)`` makes them
 * the path. With ``isOne`` what goes is painted as well.
 */
export function paintHands(ctx, { width, height }, changes, { isOne, trace }) {
  if (!changes.length) return;
  const ratio = ctx.getTransform().a;
  const sheet = Object.assign(document.createElement("canvas"), { width: Math.ceil(width * ratio), height: Math.ceil(height * ratio) });
  const draft = sheet.getContext("2d");
  draft.setTransform(ctx.getTransform());
  for (const { before, after } of changes) {
    paint(draft, after, before, HANDS.comes, trace);
    if (isOne) paint(draft, before, after, HANDS.goes, trace);
  }
  // Painted at once: where grids of two levels change, the ground does so once.
  ctx.globalAlpha = ALPHA;
  ctx.drawImage(sheet, 0, 0, width, height);
  ctx.globalAlpha = 1;
}

// Of the ground that only one of two shapes covers, that which lies in the first.
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
