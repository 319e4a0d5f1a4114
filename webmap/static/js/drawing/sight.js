// What of the ground is to be seen: one canvas for what stands still, one for what is at work.

import { canvasLayer } from "./canvases.js";
import { paintGround, paintWork } from "./paint.js";

export class Sight {
  /** What a drag makes of the ground while it lasts, and until the server has answered. */
  preview = null;

  /**
   * ``state()`` returns {ground, chosen, candidates}; ``overBase()`` whether a base map lies beneath;
   * ``beneath(ctx, frame)`` draws what lies under the edges.
   */
  constructor(map, style, overBase, state, beneath) {
    this.map = map;
    this.still = canvasLayer(map, "ground", 300, (ctx, frame) => {
      const { ground } = state();
      if (ground) paintGround(ctx, frame, ground, { style, overBase: overBase(), beneath });
    });
    this.work = canvasLayer(map, "drawn", 350, (ctx, frame) => {
      const { ground, chosen, candidates } = state();
      if (ground) paintWork(ctx, frame, ground, { style, candidates, chosen, preview: this.preview });
    });
  }

  open() {
    // The tiles beneath pale.
    document.documentElement.dataset.drawing = "true";
    this.still.addTo(this.map);
    this.work.addTo(this.map);
  }

  close() {
    this.preview = null;
    this.still.remove();
    this.work.remove();
    delete document.documentElement.dataset.drawing;
  }

  paint() {
    this.still.paint();
    this.work.paint();
  }

  show(preview) {
    this.preview = preview;
    this.work.paint();
  }
}
