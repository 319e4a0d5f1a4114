// A tool at work: it asks for a line, an area or another grid, then its operation is done.

import { meet } from "./rings.js";

export class Working {
  #tool = null;
  #candidates = [];
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
    this.#showSketchBar(context);
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
    this.cancel();
    if (name !== null) this.#do(tool.operation(context, corners, name));
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
    if (this.sketch.isOn) this.sketch.finish();
  }

  /** Take the corners of lines along from now on, or no longer. */
  follow() {
    if (!this.sketch.isOn) return;
    this.sketch.following.toggle();
    this.#showSketchBar(this.context());
  }

  /** Give up. Returns whether a tool was at work. */
  cancel() {
    const was = this.#tool;
    this.#tool = null;
    this.#candidates = [];
    this.sketch.stop();
    this.bar.hide();
    if (was) this.changed();
    return Boolean(was);
  }

  #do(operation) {
    if (operation?.fault) this.say(this.strings[operation.fault]);
    else if (operation) this.done(operation);
  }

  #showSketchBar(context) {
    const tool = this.#tool;
    const hints = ["draw.follow.hint", ...(matchMedia("(pointer: fine)").matches ? ["draw.follow.key"] : [])].map((key) => this.strings[key]);
    this.bar.show([this.#words(tool, context), ...(this.sketch.following.isOn ? [hints.join(" ")] : [])].join("\n"), [
      { text: this.strings["draw.finish"], isMain: true, do: () => this.sketch.finish() },
      { text: this.strings["draw.back"], do: () => this.sketch.back() },
      { text: this.strings["draw.snap"], isPressed: this.snaps, do: (event) => this.#toggleSnaps(event) },
      { text: this.strings["draw.follow"], isPressed: this.sketch.following.isOn, do: () => this.follow() },
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
