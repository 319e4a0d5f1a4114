// Canvases over the map that move and zoom with it, each painted by a function when the map rests.

import { worldSize } from "./mercator.js";

/**
 * Return a Leaflet layer whose canvas ``paint(ctx, frame)`` draws. It reaches over the map's edge by
 * ``padding`` of its size, so that a pan shows ground and not emptiness.
 */
export function canvasLayer(map, pane, zIndex, paint, padding = 0.2) {
  if (!map.getPane(pane)) {
    Object.assign(map.createPane(pane).style, { zIndex, pointerEvents: "none" });
  }
  const Sheet = L.Renderer.extend({
    options: { pane, padding },
    _initContainer() {
      this._container = document.createElement("canvas");
      this._container.setAttribute("aria-hidden", "true");
    },
    _destroyContainer() {
      this._container.remove();
      this._container = null;
    },
    _updatePaths() {},
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      this.paint();
    },
    /** Paint now, at once. */
    paint() {
      if (!this._container || !this._bounds) return;
      const { min } = this._bounds;
      const { x: width, y: height } = this._bounds.getSize();
      const ratio = Math.min(2, devicePixelRatio);
      const canvas = this._container;
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
      }
      L.DomUtil.setPosition(canvas, min);
      const ctx = canvas.getContext("2d");
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      ctx.clearRect(0, 0, width, height);
      const origin = this._map.getPixelOrigin().add(min);
      paint(ctx, { size: worldSize(this._map.getZoom()), x: origin.x, y: origin.y, width, height });
    },
  });
  return new Sheet();
}
