// The door to the days of change: what shows them is loaded when somebody asks, and not before.

export class Days {
  #timeline = null;
  #loading = null;
  #isOpen = false;

  /** parts: what a Timeline takes (timeline.js), and failed() for when it cannot be loaded. */
  constructor(parts) {
    this.parts = parts;
    this.element = document.getElementById("days");
    this.button = document.querySelector(".view [data-do='days']");
  }

  /** Pixels that it covers at the top of a small map, below the bar. */
  get covers() {
    return this.element.hidden || matchMedia("(min-width: 900px)").matches ? 0 : this.element.offsetHeight + 8;
  }

  toggle() {
    this.#isOpen = !this.#isOpen;
    if (!this.#isOpen && this.element.contains(document.activeElement)) this.button.focus();
    return this.show(this.parts.store.view);
  }

  /** Follow the view. Whoever compares two days sees which. */
  async show(view, before = view) {
    if (view.versus && view.versus !== before?.versus) this.#isOpen = true;
    // A plan has a day of its own.
    const isShown = this.#isOpen && view.mode !== "draw";
    this.button.setAttribute("aria-expanded", String(isShown));
    if (!isShown) {
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
    this.element.hidden = !this.#isOpen || this.parts.store.view.mode === "draw";
  }
}
