// The view of services beyond its layer: the ranked list, how it is painted, side by side.

/** @import { Box, Config } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { Base } from "../map/controls.js" */
/** @import { Hover } from "../map/hover.js" */
/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Grid } from "../map/picking.js" */
/** @import { Selection } from "../map/selection.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Sheet } from "../panel/sheet.js" */
/** @import { Store } from "../view/store.js" */

import { Beside } from "./beside.js";
import { Outline } from "../map/outline.js";
import { Painting } from "../map/painting.js";
import { Ranking } from "./ranking.js";
import { shareOf } from "../view/shares.js";

// With its distance, CSS pixels (css/services.css).
const NAME_HEIGHT = 48;

export class Services {
  /**
   * fit() brings a box into what is free of the map.
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Config} parts.config
   * @param {Store} parts.store
   * @param {Panel} parts.panel
   * @param {LayerSet} parts.layers
   * @param {Base} parts.base
   * @param {Hover} parts.hover
   * @param {Selection} parts.selection
   * @param {Sheet} parts.sheet
   * @param {(box: Box) => void} parts.fit
   */
  constructor({ map, config, store, panel, layers, base, hover, selection, sheet, fit }) {
    this.map = map;
    this.config = config;
    this.layers = layers;
    this.sheet = sheet;
    const outline = new Outline(map, (id, on) => selection.shape(id, on));
    this.beside = new Beside({ map, config, store, layers, base, hover, outline, fit, pointed: (...what) => this.#name(...what) });
    this.ranking = new Ranking({ map, store, panel, layers, outline, covers: () => this.covers });
    this.painting = new Painting({ store, panel, layers, strings: config.strings });
  }

  /** Is anything on either map still to be drawn? */
  get isPainting() {
    return this.layers.isPainting || this.beside.isPainting;
  }

  /** Are there two maps? */
  get isSplit() {
    return this.beside.isShown;
  }

  /** Pixels of the (first) map that the sheet hides: one of two ends above it. */
  get covers() {
    return this.isSplit ? 0 : this.sheet.covers;
  }

  /** Pixels that are taken at the map's top to say what it shows. */
  get above() {
    return this.isSplit ? NAME_HEIGHT : 0;
  }

  /** The least zoom of a fit: in one colour, on a small map, the county would say nothing. */
  get least() {
    return this.isSplit ? this.layers.styles.grids.from_zoom.town - 0.5 : 0;
  }

  /**
   * Return the address of a view's panel.
   * @param {View} view
   */
  url(view) {
    return this.ranking.url(view);
  }

  /** @param {View} view */
  show(view) {
    this.beside.show(view);
  }

  /**
   * The pointer is on a grid of the map, the finest of those at the place; on none: null.
   * @param {Grid | null} grid
   * @param {Grid[]} grids
   */
  pointed(grid, grids) {
    this.beside.light(grid);
    this.#name(this.map, this.layers, grid, grids);
  }

  /**
   * @param {L.Map} map
   * @param {LayerSet} layers
   * @param {Grid | null} grid
   * @param {Grid[]} grids
   */
  #name(map, { layer, shares }, grid, grids) {
    const parts = grid ? [grid.name, shareOf(layer, grid.id, shares, this.config)] : [];
    map.getContainer().title = parts.filter(Boolean).join(" · ");
    this.ranking.mark(grids);
  }
}
