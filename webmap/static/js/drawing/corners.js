// The corners of the chosen grid: shown as handles, dragged, taken away; each becomes an operation.

import { Dragging } from "./dragging.js";
import { Handles } from "./handles.js";

export class Corners {
  /**
   * ``parts``: map, strings, notices; state() returns {ground, chosen, buildings}; show(preview) draws
   * what is on its way; done(operation, preview, at) sends it. ``at`` is where the corner then is.
   */
  constructor(parts) {
    Object.assign(this, parts);
    this.handles = new Handles(this.map, this.strings, {
      begin: (handle) => new Dragging(handle, { map: this.map, ...this.state(), show: this.show, done: this.done }),
      remove: (handle, sides) => this.#remove(handle, sides),
    });
  }

  /** Show the corners of a grid, or none; ``focus`` is the one that has the keyboard. */
  look(grid, junctions, focus = null) {
    if (this.handles.isDragging) return;
    const isWhole = this.handles.show(grid, junctions, { focus });
    if (isWhole) this.notices.hide("corners");
    else this.notices.show("corners", this.strings["draw.zoom"]);
  }

  cancel() {
    return this.handles.cancel();
  }

  #remove({ at }, [before, after]) {
    const edges = [{ level: this.state().chosen.level, made: [[before, after]], gone: [[before, at], [at, after]] }];
    this.done({ do: "reshape", old: [before, at, after], new: [before, after] }, { polygons: new Map(), edges, snap: null });
  }
}
