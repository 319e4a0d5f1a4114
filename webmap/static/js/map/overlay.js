// A canvas over the map, and what is drawn on it at places [lon, lat].

/** @import { EdgedLook } from "../types/page.d.ts" */

/** A canvas that is laid over the map, and where places are on it. @typedef {{ ctx: CanvasRenderingContext2D, at: (lonLat: GeoJSON.Position) => L.Point }} Sheet */
/** @typedef {GeoJSON.Polygon | GeoJSON.MultiPolygon} Area */

import { contextOf } from "../view/elements.js";
import { paintOf } from "./patterns.js";

// It reaches so far over the map's edge, in shares of its size: it is seen while one drags.
const OVERHANG = 0.25;
const LINE = "#1f2a37";

export class Overlay {
  /**
   * @param {L.Map} map
   * @param {string} name
   * @param {number} zIndex
   */
  constructor(map, name, zIndex) {
    this.map = map;
    this.pane = map.createPane(name);
    this.pane.style.zIndex = String(zIndex);
    this.pane.style.pointerEvents = "none";
    this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", this.pane);
    this.canvas.setAttribute("aria-hidden", "true");
  }

  /**
   * Empty the canvas and lay it over the map as it is; null if it is not needed.
   * @param {boolean} isNeeded
   * @returns {Sheet | null}
   */
  open(isNeeded) {
    const { map, canvas } = this;
    const size = map.getSize();
    const over = size.multiplyBy(OVERHANG).round();
    const ratio = devicePixelRatio;
    canvas.width = isNeeded ? (size.x + 2 * over.x) * ratio : 0;
    canvas.height = isNeeded ? (size.y + 2 * over.y) * ratio : 0;
    if (!isNeeded) return null;
    canvas.style.width = `${size.x + 2 * over.x}px`;
    canvas.style.height = `${size.y + 2 * over.y}px`;
    const origin = map.containerPointToLayerPoint([-over.x, -over.y]);
    L.DomUtil.setPosition(canvas, origin);
    const ctx = contextOf(canvas);
    ctx.scale(ratio, ratio);
    return { ctx, at: ([lon, lat]) => map.latLngToLayerPoint([lat, lon]).subtract(origin) };
  }
}

/**
 * Draw a symbol at a place, by a function that draws it at the origin.
 * @param {Sheet} sheet
 * @param {GeoJSON.Position} lonLat
 * @param {(ctx: CanvasRenderingContext2D) => void} draw
 */
export function symbol({ ctx, at }, lonLat, draw) {
  const { x, y } = at(lonLat);
  ctx.save();
  ctx.translate(x, y);
  draw(ctx);
  ctx.restore();
}

/**
 * Draw a straight line with a casing from one place to another.
 * @param {Sheet} sheet
 * @param {GeoJSON.Position} one
 * @param {GeoJSON.Position} other
 * @param {number} width
 * @param {number[]} dash
 */
export function line({ ctx, at }, one, other, width, dash) {
  const [from, to] = [at(one), at(other)];
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(to.x, to.y);
  stroke(ctx, "#ffffff", width + 2);
  stroke(ctx, LINE, width, dash);
}

/**
 * Fill a GeoJSON polygon or multipolygon as a look says, with its edge if asked.
 * @param {Sheet} open
 * @param {Area} geometry
 * @param {EdgedLook} look
 */
export function fill(open, geometry, look, isEdged = false) {
  const { ctx } = open;
  trace(open, geometry);
  ctx.globalAlpha = look.alpha;
  ctx.fillStyle = paintOf(ctx, look);
  ctx.fill("evenodd");
  ctx.globalAlpha = 1;
  if (isEdged) stroke(ctx, look.ink, 1.6, look.dash);
}

/**
 * Draw the edge of a GeoJSON polygon with a casing: it crosses ground of any colour.
 * @param {Sheet} open
 * @param {Area} geometry
 * @param {EdgedLook} look
 */
export function outline(open, geometry, look) {
  trace(open, geometry);
  stroke(open.ctx, "#ffffff", 4.5);
  stroke(open.ctx, look.ink, 2, look.dash);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} colour
 * @param {number} width
 * @param {number[]} [dash]
 */
function stroke(ctx, colour, width, dash = []) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dash);
  ctx.stroke();
  ctx.setLineDash([]);
}

/**
 * @param {Sheet} sheet
 * @param {Area} geometry
 */
function trace({ ctx, at }, geometry) {
  const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  ctx.beginPath();
  for (const ring of polygons.flat()) {
    ring.forEach((corner, number) => {
      const { x, y } = at(corner);
      if (number) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
    });
    ctx.closePath();
  }
}
