// The door to scenarios: what they need is loaded when somebody opens one, and not before.

export class WhatIf {
  #desk = null;
  #loading = null;

  /** parts: what a ScenarioEditor takes (scenarios/editor.js), and failed() for when it cannot be loaded. */
  constructor(parts) {
    this.parts = parts;
    // Whoever is quicker than the network: the form waits, and is sent then.
    parts.panel.body.addEventListener("submit", (event) => {
      const form = event.target.closest(".scenario form, .scenarios form");
      if (!form || this.#desk) return;
      event.preventDefault();
      this.show(parts.store.view).then(() => this.#desk && form.requestSubmit());
    });
  }

  /** Follow the view. */
  async show(view) {
    const wanted = view.mode === "coverage" && (view.scenario || view.list === "scenarios");
    if (!wanted && !this.#desk) return;
    try {
      this.#loading ??= import("../scenarios.js");
      const { ScenarioEditor } = await this.#loading;
      this.#desk ??= new ScenarioEditor(this.parts);
    } catch {
      this.#loading = null;
      this.parts.failed();
      return;
    }
    // Another view may have come meanwhile.
    await this.#desk.show(this.parts.store.view);
  }

  /** Take a click on the map; tell whether it was meant for a scenario. */
  pick(latlng) {
    return this.#desk?.pick(latlng) ?? false;
  }

  /** Put away what is in hand; tell whether there was anything. */
  up() {
    return this.#desk?.up() ?? false;
  }
}
