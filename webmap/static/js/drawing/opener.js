// The door to the drawing mode: what it needs is loaded when somebody draws, and not before.

export class Drafting {
  #room = null;
  #loading = null;

  /** parts: what a PlanEditor takes (drawing/editor.js), and failed() for when it cannot be loaded. */
  constructor(parts) {
    this.parts = parts;
  }

  /** Is ground open, which lies over the map's own layers? */
  get isOpen() {
    return this.#room?.isOpen ?? false;
  }

  /** What the map shows of a plan: see drawing/display.js; null while no ground is open. */
  get shown() {
    return this.#room?.sight.shown ?? null;
  }

  /** Follow the view; how says where it came from. */
  async show(view, how) {
    if (view.mode !== "draw" && !this.#room) return;
    try {
      this.#loading ??= import("../drawing.js");
      const { PlanEditor } = await this.#loading;
      this.#room ??= new PlanEditor(this.parts);
    } catch {
      this.#loading = null;
      this.parts.failed();
      return;
    }
    // Another view may have come meanwhile.
    await this.#room.show(this.parts.store.view, how);
  }

  pick(latlng) {
    this.#room?.pick(latlng);
  }

  /** Go back by one within the mode. Returns whether there was anything to go back from. */
  up() {
    return this.#room?.up() ?? false;
  }
}
