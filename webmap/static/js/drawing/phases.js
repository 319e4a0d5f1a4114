// The switch over the map between what is published, what the plan makes of it, and both.

export const PHASES = ["before", "both", "after"];

export class Phases {
  phase = "both";

  /** ``chosen()`` is called when another one is. */
  constructor(stage, strings, chosen) {
    this.chosen = chosen;
    this.element = Object.assign(document.createElement("div"), { className: "phases", hidden: true });
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", strings["draw.phases"]);
    for (const phase of PHASES) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: strings[`draw.${phase}`] });
      button.dataset.phase = phase;
      button.addEventListener("click", () => this.set(phase));
      this.element.append(button);
    }
    L.DomEvent.disableClickPropagation(this.element);
    stage.append(this.element);
    this.#mark();
  }

  set(phase) {
    if (phase === this.phase) return;
    this.phase = phase;
    this.#mark();
    this.chosen();
  }

  /** Be there, or go and show both from then on. */
  show(isWanted) {
    this.element.hidden = !isWanted;
    if (isWanted || this.phase === "both") return;
    this.phase = "both";
    this.#mark();
  }

  #mark() {
    for (const button of this.element.children) button.setAttribute("aria-pressed", String(button.dataset.phase === this.phase));
  }
}
