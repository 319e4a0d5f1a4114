// The legend's box on the map: keeps its entries those of what is drawn.

/** @import { Config } from "../types/page.d.ts" */
/** @import { LayerSet } from "./layerset.js" */
/** @import { Selection } from "./selection.js" */
/** @import { PlanEditor } from "../drawing/editor.js" */
/** @import { Opened } from "../view/opener.js" */
/** @import { Why } from "../services/why.js" */
/** @import { Store } from "../view/store.js" */

import { find } from "../view/elements.js";
import * as legend from "./legend.js";
import { LEVELS } from "../view/view.js";
import { tileZoom } from "../view/zoom.js";

export class LegendBox {
  /** The name of the service kind on show, as the panel's fragment says it. */
  kind = "";

  /**
   * @param {HTMLElement} element
   * @param {{ map: L.Map, config: Config, store: Store, layers: LayerSet, selection: Selection, planEditor: Opened<PlanEditor>, why: Why }} parts
   */
  constructor(element, parts) {
    this.element = element;
    this.parts = parts;
    for (const name of ["shown", "painted"]) parts.layers.addEventListener(name, () => this.show());
  }

  show() {
    const { map, config, store, layers, selection, planEditor, why } = this.parts;
    const shown = planEditor.part?.shown ?? null; // open ground has all levels at any zoom
    const drawn = {
      view: store.view,
      zoom: tileZoom(map.getZoom()),
      finest: shown ? LEVELS[LEVELS.length - 1] : layers.finestLevel,
      styles: layers.styles,
      strings: config.strings,
      kind: this.kind,
      outlined: Boolean(selection.geometry),
      seesIssues: layers.addresses.has("issues"),
      shares: layers.shares,
      shown,
      why: why.drawn,
    };
    legend.show(find(HTMLElement, ".legend-body", this.element), config.county ? legend.entries(drawn) : []);
    this.element.hidden = !config.county;
  }
}
