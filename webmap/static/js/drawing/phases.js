// The switch over the map between what is published, what the plan makes of it, and both.

/** @import { Strings } from "../types/page.d.ts" */
/** @typedef {(typeof PHASES)[number]} Phase */

export const PHASES = /** @type {const} */ (["before", "both", "after"]);

export class Phases {
  /** @type {Phase} */
  phase = "both";
  #element = Object.assign(document.createElement("div"), { className: "phases", hidden: true });
  #changed;

  /**
   * @param {HTMLElement} stage  what it stands on
   * @param {Strings} strings
   * @param {() => void} changed  is called when another one is chosen
   */
  constructor(stage, strings, changed) {
    this.#changed = changed;
    this.#element.setAttribute("role", "group");
    this.#element.setAttribute("aria-label", strings["draw.phases"]);
    for (const phase of PHASES) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: strings[`draw.${phase}`] });
      button.dataset.phase = phase;
      button.addEventListener("click", () => this.set(phase));
      this.#element.append(button);
    }
    L.DomEvent.disableClickPropagation(this.#element);
    stage.append(this.#element);
    this.#mark();
  }

  /** @param {Phase} phase */
  set(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.#mark();
    this.#changed();
  }

  /**
   * Be there, or go and show both from then on.
   * @param {boolean} isWanted
   */
  show(isWanted) {
    this.#element.hidden = !isWanted;
    if (isWanted || this.phase === "both") return;
    this.phase = "both";
    this.#mark();
  }

  #mark() {
    for (const button of this.#element.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.phase === this.phase));
    }
  }
}
