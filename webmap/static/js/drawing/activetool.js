// A tool at work: it asks for a line, an area or another grid, then its operation is done. What was
// drawn stays until it is: refused, it can be changed and tried again.

import { meet } from "./rings.js";

export class ActiveTool {
  #tool = null;
  #candidates = [];
  // What has been drawn and is not done yet: {name}.
  #drawn = null;
  snaps = true;

  /** ``parts``: map, strings, bar, sketch, buildings(), context(), done(operation), changed(), say(text). */
  constructor(parts) {
    Object.assign(this, parts);
  }

  /** The key of the tool at work, null if none is. */
  get key() {
    return this.#tool?.key ?? null;
  }

  /** The grids that a click may choose now. */
  get candidates() {
    return this.#candidates;
  }

  async start(tool) {
    if (this.#tool === tool) {
      this.cancel();
      return;
    }
    this.cancel();
    const context = this.context();
    if (tool.asks === "nothing") {
      this.#do(tool.operation(context));
      return;
    }
    this.#tool = tool;
    if (tool.asks === "number") {
      this.changed();
      await this.#count(tool, context);
      return;
    }
    if (tool.asks === "grid") {
      this.#candidates = tool.candidates(context);
      this.bar.show(this.#words(tool, context), [this.#cancelButton()]);
      this.changed();
      return;
    }
    this.changed();
    this.bar.show(this.strings["draw.loading"], [this.#cancelButton()]);
    await this.sketch.ready();
    if (this.#tool !== tool) return;
    this.#showSketchBar(this.#words(tool, context));
    const near = context.ground.all().filter((grid) => grid.level !== "county" && grid.level !== "town" && meet(grid.box, context.grid.box));
    const buildings = this.buildings().filter(([lon, lat]) => meet(context.grid.box, [lon, lat, lon, lat]));
    const drawn = this.sketch.draw(tool.asks, near.length ? near : [context.grid], { buildings, snaps: this.snaps });
    const corners = await drawn;
    if (this.#tool !== tool) return;
    if (!corners) {
      this.cancel();
      return;
    }
    const name = tool.wantsName ? await this.bar.ask(this.strings["draw.name"]) : undefined;
    if (this.#tool !== tool) return;
    if (name === null) {
      this.cancel();
      return;
    }
    this.#drawn = { name };
    await this.#try(corners);
  }

  // Do what has been drawn; whatever comes of it, the drawing is not lost.
  async #try(corners) {
    const tool = this.#tool;
    this.sketch.hold(corners);
    this.bar.hide();
    const operation = tool.operation(this.context(), corners, this.#drawn.name);
    if (!operation) {
      this.cancel();
      return;
    }
    if (operation.fault) {
      this.refuse(this.strings[operation.fault]);
      return;
    }
    await this.done(operation);
    // Neither done nor refused: it could not be sent, and was let go.
    if (this.#tool === tool && !this.sketch.isChanging) this.refuse("");
  }

  /** Let what was drawn be changed, with the reason. Returns whether there is anything. */
  refuse(reason) {
    if (!this.#drawn) return false;
    this.sketch.change({ snaps: this.snaps });
    this.#showSketchBar(`${reason} ${this.strings["draw.held"]}`.trim());
    return true;
  }

  /** A place of what is being changed, to say something beside it; null where nothing is. */
  get place() {
    const corners = this.#drawn && this.sketch.corners;
    return corners?.[Math.floor(corners.length / 2)] ?? null;
  }

  async #count(tool, context) {
    const { least: min, most: max } = tool;
    const answer = await this.bar.ask(this.#words(tool, context), { type: "number", min, max, value: min });
    if (this.#tool !== tool) return;
    this.cancel();
    if (answer !== null) this.#do(tool.operation(context, Number(answer)));
  }

  /** Take a click on the map. Returns whether it was for the tool. */
  pick(found) {
    if (!this.#tool) return false;
    if (this.#tool.asks !== "grid") return true;
    const hit = found.findLast((grid) => this.#candidates.some((each) => each.id === grid.id));
    if (!hit) {
      this.say(this.strings["draw.not.this"]);
      return true;
    }
    const operation = this.#tool.operation(this.context(), hit);
    this.cancel();
    this.#do(operation);
    return true;
  }

  finish() {
    if (this.sketch.isChanging) {
      if (this.sketch.isEnough) this.#try(this.sketch.corners);
    } else if (this.sketch.isOn) this.sketch.finish();
  }

  /** Take the last corner back. Returns whether anything is being drawn. */
  back() {
    if (!this.sketch.isOn || (this.#drawn && !this.sketch.isChanging)) return false;
    this.sketch.back();
    return true;
  }

  /** Take the corners of lines along from now on, or no longer. */
  follow() {
    if (!this.sketch.isOn || this.sketch.isChanging) return;
    this.sketch.following.toggle();
    this.#showSketchBar(this.#words(this.#tool, this.context()));
  }

  /** Give up. Returns whether a tool was at work. */
  cancel() {
    const was = this.#tool;
    this.#tool = null;
    this.#candidates = [];
    this.#drawn = null;
    this.sketch.stop();
    this.bar.hide();
    if (was) this.changed();
    return Boolean(was);
  }

  #do(operation) {
    if (operation?.fault) this.say(this.strings[operation.fault]);
    else if (operation) this.done(operation);
  }

  #showSketchBar(words) {
    const { following, isChanging } = this.sketch;
    const hints = ["draw.follow.hint", ...(matchMedia("(pointer: fine)").matches ? ["draw.follow.key"] : [])].map((key) => this.strings[key]);
    this.bar.show([words, ...(following.isOn && !isChanging ? [hints.join(" ")] : [])].join("\n"), [
      { text: this.strings["draw.finish"], isMain: true, do: () => this.finish() },
      { text: this.strings["draw.back"], do: () => this.back() },
      { text: this.strings["draw.snap"], isPressed: this.snaps, do: (event) => this.#toggleSnaps(event) },
      // What is drawn already is changed corner by corner.
      ...(isChanging ? [] : [{ text: this.strings["draw.follow"], isPressed: following.isOn, do: () => this.follow() }]),
      this.#cancelButton(),
    ]);
  }

  #toggleSnaps({ currentTarget }) {
    this.snaps = !this.snaps;
    currentTarget.setAttribute("aria-pressed", String(this.snaps));
    this.sketch.snap(this.snaps);
  }

  #cancelButton() {
    return { text: this.strings["draw.cancel"], do: () => this.cancel() };
  }

  #words(tool, { grid }) {
    return this.strings[`draw.${tool.key}.hint`].replace("{name}", grid.name);
  }
}
