// The tool that is at work: it asks for a line, an area or another grid, then its operation is done. What
// was drawn stays until it is: refused, it can be changed and tried again.

import { meet } from "./rings.js";

/** @import { Strings } from "../types/page.d.ts" */
/** @import { Grid, Operation, Position } from "../types/plans.d.ts" */
/** @import { Bar, BarButton } from "./bar.js" */
/** @import { Sketch } from "./sketch.js" */
/** @import { Context, GridTool, Made, NumberTool, SketchTool, Tool } from "./tools.js" */

/** @typedef {{tool: SketchTool, name: string}} Drawn  what has been drawn and is not done yet, and its name */

export class ActiveTool {
  #strings;
  #bar;
  #sketch;
  #buildings;
  #context;
  #done;
  #changed;
  #say;
  /** @type {Tool | null} */
  #tool = null;
  /** @type {Grid[]} */
  #candidates = [];
  /** @type {Drawn | null} */
  #drawn = null;
  #snaps = true;

  /**
   * @param {object} parts
   * @param {Strings} parts.strings
   * @param {Pick<Bar, "show" | "ask" | "hide">} parts.bar
   * @param {Sketch} parts.sketch
   * @param {() => Position[]} parts.buildings
   * @param {() => Context | null} parts.context  null while no grid is chosen
   * @param {(operation: Operation) => Promise<void>} parts.done
   * @param {() => void} parts.changed  is called when a tool has begun or ended
   * @param {(text: string) => void} parts.say
   */
  constructor({ strings, bar, sketch, buildings, context, done, changed, say }) {
    this.#strings = strings;
    this.#bar = bar;
    this.#sketch = sketch;
    this.#buildings = buildings;
    this.#context = context;
    this.#done = done;
    this.#changed = changed;
    this.#say = say;
  }

  /** The key of the tool at work, null if none is. */
  get key() {
    return this.#tool?.key ?? null;
  }

  /** The grids that a click may choose now. */
  get candidates() {
    return this.#candidates;
  }

  /**
   * Begin with a tool; the one that is at work already ends.
   * @param {Tool} tool
   */
  async start(tool) {
    const isSame = this.#tool === tool;
    this.cancel();
    const context = this.#context();
    if (isSame || !context) return;
    if (tool.asks === "nothing") {
      this.#do(tool.operation(context));
      return;
    }
    this.#tool = tool;
    if (tool.asks === "grid") this.#candidates = tool.candidates(context);
    this.#changed();
    if (tool.asks === "number") await this.#askNumber(tool, context);
    else if (tool.asks === "grid") this.#bar.show(this.#words(tool, context), [this.#cancelButton]);
    else await this.#draw(tool, context);
  }

  /**
   * @param {NumberTool} tool
   * @param {Context} context
   */
  async #askNumber(tool, context) {
    const min = String(tool.least);
    const answer = await this.#bar.ask(this.#words(tool, context), { type: "number", min, max: String(tool.most), value: min });
    if (this.#tool !== tool) return;
    this.cancel();
    if (answer !== null) this.#do(tool.operation(context, Number(answer)));
  }

  /**
   * @param {SketchTool} tool
   * @param {Context} context
   */
  async #draw(tool, context) {
    this.#bar.show(this.#strings["draw.loading"], [this.#cancelButton]);
    await this.#sketch.ready();
    if (this.#tool !== tool) return;
    this.#showSketchBar(this.#words(tool, context));
    const { grid, ground } = context;
    const near = ground.all().filter(({ level, box }) => level !== "county" && level !== "town" && meet(box, grid.box));
    const buildings = this.#buildings().filter(([lon, lat]) => meet(grid.box, [lon, lat, lon, lat]));
    const corners = await this.#sketch.draw(tool.asks, near.length ? near : [grid], { buildings, snaps: this.#snaps });
    if (this.#tool !== tool) return;
    const name = corners && tool.wantsName ? await this.#bar.ask(this.#strings["draw.name"]) : "";
    if (this.#tool !== tool) return;
    if (!corners || name === null) {
      this.cancel();
      return;
    }
    this.#drawn = { tool, name };
    await this.#try(this.#drawn, corners);
  }

  /**
   * Do what has been drawn; whatever comes of it, the drawing is not lost.
   * @param {Drawn} drawn
   * @param {Position[]} corners
   */
  async #try({ tool, name }, corners) {
    this.#sketch.keep(corners);
    this.#bar.hide();
    const context = this.#context();
    const made = context && tool.operation(context, corners, name);
    if (!made) {
      this.cancel();
      return;
    }
    if ("fault" in made) {
      this.refuse(this.#strings[made.fault]);
      return;
    }
    await this.#done(made);
    // Neither done nor refused: it could not be sent, and was let go.
    if (this.#tool === tool && !this.#sketch.isChanging) this.refuse("");
  }

  /**
   * Let what was drawn be changed, with the reason. Returns whether there is anything.
   * @param {string} reason
   */
  refuse(reason) {
    if (!this.#drawn) return false;
    this.#sketch.change({ snaps: this.#snaps });
    this.#showSketchBar(`${reason} ${this.#strings["draw.held"]}`.trim());
    return true;
  }

  /** A place of what is being changed, to say something beside it; null where nothing is. */
  get place() {
    const corners = this.#drawn && this.#sketch.corners;
    return corners?.[Math.floor(corners.length / 2)] ?? null;
  }

  /**
   * Take a click on the map. Returns whether it was for the tool.
   * @param {Grid[]} found  the grids there, the finest last
   */
  pick(found) {
    const tool = this.#tool;
    if (tool?.asks !== "grid") return tool !== null;
    const hit = found.findLast((grid) => this.#candidates.some((each) => each.id === grid.id));
    if (!hit) {
      this.#say(this.#strings["draw.not.this"]);
      return true;
    }
    this.#choose(tool, hit);
    return true;
  }

  /**
   * @param {GridTool} tool
   * @param {Grid} other
   */
  #choose(tool, other) {
    const context = this.#context();
    this.cancel();
    if (context) this.#do(tool.operation(context, other));
  }

  finish() {
    const { corners } = this.#sketch;
    if (this.#sketch.isChanging) {
      if (this.#drawn && corners && this.#sketch.isEnough) this.#try(this.#drawn, corners);
    } else if (this.#sketch.isOn) this.#sketch.finish();
  }

  /** Take the last corner back. Returns whether anything is being drawn. */
  back() {
    if (!this.#sketch.isOn || (this.#drawn && !this.#sketch.isChanging)) return false;
    this.#sketch.back();
    return true;
  }

  /** Take the corners of lines along from now on, or no longer. */
  follow() {
    const context = this.#context();
    if (!this.#tool || !context || !this.#sketch.isOn || this.#sketch.isChanging) return;
    this.#sketch.following.toggle();
    this.#showSketchBar(this.#words(this.#tool, context));
  }

  /** Give up. Returns whether a tool was at work. */
  cancel() {
    const was = this.#tool;
    this.#tool = null;
    this.#candidates = [];
    this.#drawn = null;
    this.#sketch.stop();
    this.#bar.hide();
    if (was) this.#changed();
    return was !== null;
  }

  /** @param {Made} made */
  #do(made) {
    if (made && "fault" in made) this.#say(this.#strings[made.fault]);
    else if (made) this.#done(made);
  }

  /** @param {string} words */
  #showSketchBar(words) {
    const strings = this.#strings;
    const { following, isChanging } = this.#sketch;
    const isFollowing = following.isOn && !isChanging;
    const keys = matchMedia("(pointer: fine)").matches ? ["draw.follow.hint", "draw.follow.key"] : ["draw.follow.hint"];
    const hint = keys.map((key) => strings[key]).join(" ");
    this.#bar.show(isFollowing ? `${words}\n${hint}` : words, [
      { text: strings["draw.finish"], isMain: true, do: () => this.finish() },
      { text: strings["draw.back"], do: () => this.back() },
      { text: strings["draw.snap"], isPressed: this.#snaps, do: ({ currentTarget }) => this.#toggleSnaps(currentTarget) },
      // What is drawn already is changed corner by corner.
      ...(isChanging ? [] : [{ text: strings["draw.follow"], isPressed: following.isOn, do: () => this.follow() }]),
      this.#cancelButton,
    ]);
  }

  /** @param {EventTarget | null} button */
  #toggleSnaps(button) {
    this.#snaps = !this.#snaps;
    if (button instanceof Element) button.setAttribute("aria-pressed", String(this.#snaps));
    this.#sketch.snap(this.#snaps);
  }

  /** @returns {BarButton} */
  get #cancelButton() {
    return { text: this.#strings["draw.cancel"], do: () => this.cancel() };
  }

  /**
   * @param {Tool} tool
   * @param {Context} context
   */
  #words(tool, { grid }) {
    return this.#strings[`draw.${tool.key}.hint`].replace("{name}", grid.name);
  }
}
