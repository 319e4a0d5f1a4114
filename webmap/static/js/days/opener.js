// The door to the days of change: what shows them is loaded when somebody asks, and not before.

import { written } from "../panel/bars.js";

// Until it is there, CSS pixels.
const HEIGHT = 190;

export class Days {
  #timeline = null;
  #loading = null;
  #isOpen;

  /** parts: {config, store, panel, selection, layers, notices}. */
  constructor(parts) {
    const { config, notices } = parts;
    this.parts = {
      ...parts,
      written: (day) => written(day, config.lang),
      failed: () => notices.show("days", config.strings["panel.failed"], { kind: "warn", forMs: 8000 }),
    };
    this.element = document.getElementById("days");
    this.button = document.querySelector(".view [data-do='days']");
    this.#isOpen = Boolean(parts.store.view.versus);
  }

  /** Pixels of the map that it covers, or is about to, below the bar at the top. */
  get covers() {
    return this.isShown ? (this.element.offsetHeight || HEIGHT) + 8 : 0;
  }

  get isShown() {
    // A plan has a day of its own.
    return this.#isOpen && this.parts.store.view.mode !== "draw";
  }

  toggle() {
    this.#isOpen = !this.#isOpen;
    if (!this.#isOpen && this.element.contains(document.activeElement)) this.button.focus();
    return this.show(this.parts.store.view);
  }

  /** Follow the view. Whoever compares two days sees which. */
  async show(view, before = view) {
    if (view.versus && view.versus !== before?.versus) this.#isOpen = true;
    this.button.setAttribute("aria-expanded", String(this.isShown));
    if (!this.isShown) {
      this.element.hidden = true;
      return;
    }
    try {
      this.#loading ??= import("./timeline.js");
      const { Timeline } = await this.#loading;
      this.#timeline ??= new Timeline(this.element, this.parts);
    } catch {
      this.#loading = null;
      this.parts.failed();
      return;
    }
    await this.#timeline.show(this.parts.store.view);
    this.element.hidden = !this.isShown;
  }
}
