// What a place that is being drawn holds on to: corners first, then buildings, then edges. In pixels
// of the screen, so that the reach is that of a hand.

export const REACH = { mouse: 10, touch: 18, pen: 12 };

export class Snaps {
  #corners = [];
  #points = [];
  #segments = [];

  /** Take lines of {x, y, at}: ``at`` is the corner in degrees. */
  addLine(line) {
    for (let i = 0; i < line.length; i += 1) {
      this.#corners.push(line[i]);
      if (i) this.#segments.push([line[i - 1], line[i]]);
    }
  }

  /** Take a place that is no corner of a grid: a building. */
  addPoint(point) {
    this.#points.push(point);
  }

  /** Return {x, y, at, kind} of what a pixel holds on to, or null. ``at`` is null on an edge. */
  find(pixel, reach) {
    return nearestOf(this.#corners, pixel, reach, "corner") ?? nearestOf(this.#points, pixel, reach * 0.7, "building") ?? this.#onEdge(pixel, reach);
  }

  #onEdge(pixel, reach) {
    let best = null;
    let least = reach;
    for (const [a, b] of this.#segments) {
      const foot = footOn(a, b, pixel);
      const distance = Math.hypot(foot.x - pixel.x, foot.y - pixel.y);
      if (distance < least) [best, least] = [foot, distance];
    }
    return best && { ...best, at: null, kind: "edge" };
  }
}

/** Return the place on a segment that is nearest to a pixel. */
export function footOn(a, b, pixel) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy;
  const share = square ? Math.max(0, Math.min(1, ((pixel.x - a.x) * dx + (pixel.y - a.y) * dy) / square)) : 0;
  return { x: a.x + share * dx, y: a.y + share * dy };
}

function nearestOf(points, pixel, reach, kind) {
  let best = null;
  let least = reach;
  for (const point of points) {
    const distance = Math.hypot(point.x - pixel.x, point.y - pixel.y);
    if (distance < least) [best, least] = [point, distance];
  }
  return best && { ...best, kind };
}
