// The corners of the chosen grid: shown as handles, dragged, taken away; each becomes an operation.

import { Dragging } from "./dragging.js";
import { Handles } from "./handles.js";

/** @import { Notices } from "../panel/notices.js" */
/** @import { Strings } from "../types/page.d.ts" */
/** @import { Grid, Operation, Position, Preview, Segment } from "../types/plans.d.ts" */
/** @import { Surroundings } from "./dragging.js" */
/** @import { Handle } from "./handles.js" */

export class Corners {
  #notices;
  #strings;
  #surroundings;
  #done;
  #handles;

  /**
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Strings} parts.strings
   * @param {Notices} parts.notices
   * @param {() => Surroundings} parts.surroundings  asked for when a drag begins
   * @param {(preview: Preview | null) => void} parts.show  draws what is on its way
   * @param {(operation: Operation, preview: Preview, at: Position | null) => void} parts.done  sends it; ``at`` is where
   *   the corner then is
   */
  constructor({ map, strings, notices, surroundings, show, done }) {
    this.#notices = notices;
    this.#strings = strings;
    this.#surroundings = surroundings;
    this.#done = done;
    this.#handles = new Handles(map, strings, {
      begin: (handle) => new Dragging(handle, { map, show, done, ...surroundings() }),
      remove: (handle, sides) => this.#remove(handle, sides),
    });
  }

  /**
   * Show the corners of a grid, or none.
   * @param {Grid | null} grid
   * @param {Set<string>} junctions
   * @param {Position | null} [focus]  the one that has the keyboard
   */
  look(grid, junctions, focus = null) {
    if (this.#handles.isDragging) return;
    const isWhole = this.#handles.show(grid, junctions, { focus });
    if (isWhole) this.#notices.hide("corners");
    else this.#notices.show("corners", this.#strings["draw.zoom"]);
  }

  cancel() {
    return this.#handles.cancel();
  }

  /**
   * @param {Handle} handle
   * @param {Segment} sides  the corners before and after it
   */
  #remove({ at }, [before, after]) {
    const { chosen } = this.#surroundings();
    /** @type {Preview} */
    const preview = { polygons: new Map(), edges: [{ level: chosen.level, made: [[before, after]], gone: [[before, at], [at, after]] }], snap: null };
    this.#done({ do: "reshape", old: [before, at, after], new: [before, after] }, preview, null);
  }
}
