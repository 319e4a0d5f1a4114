// Lights up the grid under the pointer on a canvas of its own, from tiles that are already here.

/** @import { Grid, Looked } from "./picking.js" */

import { contextOf } from "../view/elements.js";
import { eachPiece, gridsAt } from "./picking.js";
import { trace } from "./symbols.js";
import { tilePixels } from "../view/zoom.js";

const LIGHT = "rgb(29 86 184 / 0.12)";
const EDGE = "#1d56b8";

export class Hover {
  #frame = 0;
  /**
   * Where the pointer rests on the map's box: what lies under it changes without it moving, too.
   * @type {L.Point | null}
   */
  #point = null;
  /** @type {Grid | null} */
  #now = null;
  #isNews = false;

  /**
   * current() returns the layer to look in; onChange hears of the grid under the pointer, or null, and
   * of all that are there, coarsest first.
   * @param {L.Map} map
   * @param {() => Looked} current
   * @param {(grid: Grid | null, grids: Grid[]) => void} onChange
   */
  constructor(map, current, onChange) {
    this.map = map;
    this.current = current;
    this.onChange = onChange;
    const pane = map.createPane("hover");
    pane.style.zIndex = "420";
    pane.style.pointerEvents = "none";
    this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", pane);
    this.canvas.setAttribute("aria-hidden", "true");
    if (matchMedia("(hover: hover)").matches) {
      map.on("mousemove", (event) => this.#ask(event.containerPoint));
      map.on("mouseout", () => this.#ask(null));
    }
    map.on("movestart zoomstart", () => this.clear());
    map.on("moveend", () => this.look());
  }

  /** Light nothing up until the pointer moves, or look() is called. */
  clear() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#show(null);
  }

  /** Look again under the pointer: the map, or its tiles, became others, and may say more. */
  look() {
    this.#isNews = true;
    this.#ask(this.#point);
  }

  /** @param {L.Point | null} point */
  #ask(point) {
    this.#point = point;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const latlng = this.#point && this.map.containerPointToLatLng(this.#point);
      const grids = latlng ? gridsAt(this.map, this.current(), latlng) : [];
      const grid = grids.at(-1);
      // Once the pointer is on the county only, everything would light up.
      if (grid && grid.level !== "county") this.#show(grid, grids);
      else this.#show(null);
    });
  }

  /**
   * Light up a grid that is pointed at elsewhere; null lights up nothing.
   * @param {Grid | null} grid
   */
  light(grid) {
    this.#draw(grid);
  }

  /**
   * @param {Grid | null} grid
   * @param {Grid[]} [grids]
   */
  #show(grid, grids = []) {
    const isSame = grid?.id === this.#now?.id;
    if (isSame && !(grid && this.#isNews)) return;
    this.#isNews = false;
    this.#now = grid;
    this.#draw(grid);
    this.onChange(grid, grids);
  }

  /** @param {Grid | null} grid */
  #draw(grid) {
    const size = this.map.getSize();
    const ratio = devicePixelRatio;
    this.canvas.width = grid ? size.x * ratio : 0;
    this.canvas.height = grid ? size.y * ratio : 0;
    if (!grid) return;
    this.canvas.style.width = `${size.x}px`;
    this.canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(this.canvas, this.map.containerPointToLayerPoint([0, 0]));
    const ctx = contextOf(this.canvas);
    // In the pixels of the tiles, whatever the map shows them as.
    const k = tilePixels(this.map.getZoom());
    const min = this.map.getPixelBounds().getTopLeft().multiplyBy(k);
    ctx.scale(ratio / k, ratio / k);
    ctx.fillStyle = LIGHT;
    ctx.strokeStyle = EDGE;
    ctx.lineJoin = "round";
    eachPiece(this.map, this.current(), grid.level, grid.id, (rings, place) => {
      ctx.save();
      ctx.translate(place.origin.x - min.x, place.origin.y - min.y);
      // Pieces reach over their tile's edge: without the cut the seam would show.
      ctx.beginPath();
      ctx.rect(0, 0, place.dim, place.dim);
      ctx.clip();
      ctx.scale(place.scale, place.scale);
      ctx.lineWidth = (1.5 * k) / place.scale;
      trace(ctx, rings);
      ctx.fill();
      ctx.stroke();
      ctx.restore();
    });
  }
}
