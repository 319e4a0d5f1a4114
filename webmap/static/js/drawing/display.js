// What of the ground is to be seen: one canvas for what stands still, one for what is at work; as it is
// published, as the plan has it, or both.

import { canvasLayer } from "./canvases.js";
import { paintGround, paintWork } from "./paint.js";
import { Phases } from "./phases.js";

export class Display {
  /** What a drag makes of the ground while it lasts, and until the server has answered. */
  preview = null;

  /**
   * ``layers`` lie beneath; ``state()`` returns {ground, chosen, candidates}; ``beneath(ctx, frame)``
   * draws what lies under the edges; changed() is called after another look.
   */
  constructor(map, { layers, strings, stage, state, beneath, changed }) {
    Object.assign(this, { map, layers, state });
    const style = layers.styles.grids;
    this.phases = new Phases(stage, strings, changed);
    this.still = canvasLayer(map, "ground", 300, (ctx, frame) => {
      const { ground } = state();
      if (!ground) return;
      const seen = this.phase === "before" ? ground.past : ground;
      paintGround(ctx, frame, seen, { style, overBase: layers.overBase(), hands: this.#hands, beneath });
    });
    this.work = canvasLayer(map, "drawn", 350, (ctx, frame) => {
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
    const { ground, chosen } = this.state();
    if (!ground) return null;
    const hands = this.#hands;
    const { made, gone } = hands ? ground.beyond : { made: [], gone: [] };
    return {
      phase: this.phase,
      made: made.length > 0,
      gone: gone.length > 0,
      comes: Boolean(hands?.changes.some(({ comes }) => comes)),
      goes: Boolean(hands?.isOne && hands.changes.some(({ goes }) => goes)),
      name: hands?.isOne ? chosen.name : null,
    };
  }

  // The chosen grid's, if it changes; else everybody's.
  get #hands() {
    if (this.phase !== "both") return null;
    const { ground, chosen } = this.state();
    const own = ground.changes.filter(({ id }) => id === chosen?.id);
    return { changes: own.length ? own : ground.changes, isOne: own.length > 0 };
  }

  open() {
    // The tiles beneath pale, and leave the names to the ground.
    document.documentElement.dataset.drawing = "true";
    const { ground } = this.state();
    this.layers.unname(ground.namedLevels.flatMap((level) => ground.all(level)).map((grid) => grid.id));
    this.still.addTo(this.map);
    this.work.addTo(this.map);
  }

  close() {
    this.preview = null;
    this.still.remove();
    this.work.remove();
    this.layers.unname([]);
    this.phases.show(false);
    this.map.fire("drawn");
    delete document.documentElement.dataset.drawing;
  }

  paint() {
    const { ground } = this.state();
    this.phases.show(Boolean(ground?.changes.length));
    this.map.fire("drawn");
    this.still.paint();
    this.work.paint();
  }

  show(preview) {
    this.preview = preview;
    this.work.paint();
  }
}
