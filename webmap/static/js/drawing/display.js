// How the ground is shown: one canvas for what stands still, one for what is being done; as it is
// published, as the plan has it, or both.

import { canvasLayer } from "./canvases.js";
import { paintGround, paintWork } from "./paint.js";
import { Phases } from "./phases.js";

/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Strings } from "../types/page.d.ts" */
/** @import { Grid, Preview } from "../types/plans.d.ts" */
/** @import { Painter } from "./canvases.js" */
/** @import { Ground } from "./ground.js" */
/** @import { Transfers } from "./paint.js" */

/**
 * What is being edited: grids that a click may choose are candidates.
 * @typedef {{ground: Ground | null, chosen: Grid | null, candidates: Grid[]}} State
 */

export class Display {
  /**
   * What a drag makes of the ground while it lasts, and until the server has answered.
   * @type {Preview | null}
   */
  preview = null;
  #map;
  #layers;
  #state;
  #still;
  #work;

  /**
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {LayerSet} parts.layers  the map's own, which lie beneath
   * @param {Strings} parts.strings
   * @param {HTMLElement} parts.stage  what the map stands on
   * @param {() => State} parts.state
   * @param {Painter} parts.beneath  draws what lies under the edges
   * @param {() => void} parts.changed  is called when another phase is chosen
   */
  constructor({ map, layers, strings, stage, state, beneath, changed }) {
    this.#map = map;
    this.#layers = layers;
    this.#state = state;
    this.phases = new Phases(stage, strings, changed);
    const style = layers.styles.grids;
    this.#still = canvasLayer(map, "ground", 300, (ctx, frame) => {
      const { ground } = state();
      if (!ground) return;
      const shown = this.phase === "before" ? ground.past : ground;
      paintGround(ctx, frame, shown, { style, overBase: layers.overBase(), transfers: this.#transfers, beneath });
    });
    this.#work = canvasLayer(map, "drawn", 350, (ctx, frame) => {
      const { ground, chosen, candidates } = state();
      if (!ground) return;
      const shown = this.phase === "before" ? chosen && ground.past.get(chosen.id) : chosen;
      paintWork(ctx, frame, ground, { style, candidates, chosen: shown, preview: this.preview });
    });
  }

  get phase() {
    return this.phases.phase;
  }

  /** What the map shows of a plan, for the legend; null while no ground is open. */
  get shown() {
    const { ground, chosen } = this.#state();
    if (!ground) return null;
    const transfers = this.#transfers;
    const { made, gone } = transfers ? ground.beyond : { made: [], gone: [] };
    return {
      phase: this.phase,
      made: made.length > 0,
      gone: gone.length > 0,
      comes: Boolean(transfers?.changes.some(({ comes }) => comes)),
      goes: Boolean(transfers?.isOne && transfers.changes.some(({ goes }) => goes)),
      name: transfers?.isOne && chosen ? chosen.name : null,
    };
  }

  /**
   * The chosen grid's, if it changes; else that of all.
   * @returns {Transfers | null}
   */
  get #transfers() {
    const { ground, chosen } = this.#state();
    if (!ground || this.phase !== "both") return null;
    const own = ground.changes.filter(({ id }) => id === chosen?.id);
    return { changes: own.length ? own : ground.changes, isOne: own.length > 0 };
  }

  open() {
    // The tiles beneath pale, and leave the names to the ground.
    document.documentElement.dataset.drawing = "true";
    const { ground } = this.#state();
    this.#layers.unname(ground?.namedLevels.flatMap((level) => ground.all(level)).map((grid) => grid.id) ?? []);
    this.#still.addTo(this.#map);
    this.#work.addTo(this.#map);
  }

  close() {
    this.preview = null;
    this.#still.remove();
    this.#work.remove();
    this.#layers.unname([]);
    this.phases.show(false);
    this.#map.fire("drawn");
    delete document.documentElement.dataset.drawing;
  }

  paint() {
    const { ground } = this.#state();
    this.phases.show(Boolean(ground?.changes.length));
    this.#map.fire("drawn");
    this.#still.paint();
    this.#work.paint();
  }

  /** Paint again what stands still. */
  paintStill() {
    this.#still.paint();
  }

  /** @param {Preview | null} preview */
  show(preview) {
    this.preview = preview;
    this.#work.paint();
  }
}
