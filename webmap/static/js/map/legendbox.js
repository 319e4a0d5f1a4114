// The legend's box on the map: keeps its entries those of what is drawn.

import * as legend from "./legend.js";
import { LEVELS } from "../view/view.js";
import { tileZoom } from "../view/zoom.js";

export class LegendBox {
  /** The name of the service kind on show, as the panel's fragment says it. */
  kind = "";

  /** parts: {map, config, store, layers, selection, planEditor, why}. */
  constructor(element, parts) {
    this.element = element;
    Object.assign(this, parts);
    for (const name of ["shown", "painted"]) this.layers.addEventListener(name, () => this.show());
  }

  show() {
    const { map, config, store, layers, selection, planEditor, why } = this;
    const shown = planEditor.part?.shown ?? null; // open ground has all levels at any zoom
    const drawn = {
      view: store.view,
      zoom: tileZoom(map.getZoom()),
      finest: shown ? LEVELS.at(-1) : layers.finestLevel,
      styles: layers.styles,
      strings: config.strings,
      kind: this.kind,
      outlined: Boolean(selection.geometry),
      seesIssues: Boolean(layers.addresses.issues),
      shares: layers.shares,
      shown,
      why: why.drawn,
    };
    legend.show(this.element.querySelector(".legend-body"), config.county ? legend.entries(drawn) : []);
    this.element.hidden = !config.county;
  }
}
