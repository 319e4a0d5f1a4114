// Canvases over the map that move and zoom with it, each painted by a function when the map rests.

import { worldSize } from "./mercator.js";

/** @import { Frame } from "./mercator.js" */
/** @typedef {(ctx: CanvasRenderingContext2D, frame: Frame) => void} Painter */

/**
 * Return a Leaflet layer whose canvas a function draws.
 * @param {L.Map} map
 * @param {string} pane
 * @param {number} zIndex  of the pane
 * @param {Painter} painter
 * @param {number} [padding]  how far it reaches over the map's edge, as a share of its size: a pan then shows
 *   ground and not emptiness
 */
export function canvasLayer(map, pane, zIndex, painter, padding = 0.2) {
  if (!map.getPane(pane)) {
    Object.assign(map.createPane(pane).style, { zIndex, pointerEvents: "none" });
  }
  return new CanvasLayer(painter, { pane, padding });
}

// Leaflet calls the members that begin with an underscore.
export class CanvasLayer extends L.Renderer {
  #painter;

  /**
   * @param {Painter} painter
   * @param {L.RendererOptions} options
   */
  constructor(painter, options) {
    super(options);
    this.#painter = painter;
  }

  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.setAttribute("aria-hidden", "true");
  }

  _destroyContainer() {
    this._container?.remove();
    this._container = null;
  }

  _updatePaths() {}

  /** @override */
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    super._update();
    this.paint();
  }

  /** Paint now, at once. */
  paint() {
    const canvas = this._container;
    const ctx = canvas?.getContext("2d");
    if (!canvas || !ctx || !this._bounds) return;
    const min = this._bounds.getTopLeft();
    const { x: width, y: height } = this._bounds.getSize();
    const ratio = Math.min(2, devicePixelRatio);
    resize(canvas, { width, height, ratio });
    L.DomUtil.setPosition(canvas, min);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const origin = this._map.getPixelOrigin().add(min);
    this.#painter(ctx, { size: worldSize(this._map.getZoom()), x: origin.x, y: origin.y, width, height });
  }
}

/**
 * Setting a canvas's size empties it, and costs: only where it has another.
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number, ratio: number}} size  CSS pixels, and how many of the canvas are one
 */
function resize(canvas, { width, height, ratio }) {
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width === across && canvas.height === down) return;
  Object.assign(canvas, { width: across, height: down });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
}
