// The days on which boundaries changed, as a slider and step by step, and the day to compare with.
// Loaded when somebody asks for it (days.js).

/** @import { Config } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Selection } from "../map/selection.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Store } from "../view/store.js" */

import { closest, find, findAll } from "../view/elements.js";
import { latLngOf } from "../view/geometry.js";

const WAIT_MS = 200;

export class Timeline {
  /** @type {string | null} */
  #asked = null;
  /** The days asked for. @type {Promise<boolean> | null} */
  #loading = null;
  #timer = 0;
  /** YYYY-MM-DD, oldest first. @type {string[]} */
  #days = [];

  /**
   * written() says a day in words; failed() hears that the days cannot be loaded.
   * @param {HTMLElement} element
   * @param {object} parts
   * @param {Store} parts.store
   * @param {Config} parts.config
   * @param {Panel} parts.panel
   * @param {Selection} parts.selection
   * @param {LayerSet} parts.layers
   * @param {(day: string) => string} parts.written
   * @param {() => void} parts.failed
   */
  constructor(element, { store, config, panel, selection, layers, written, failed }) {
    this.element = element;
    this.store = store;
    this.config = config;
    this.selection = selection;
    this.written = written;
    this.failed = failed;
    element.addEventListener("click", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "versus") target.showPicker?.();
      else this.#click(closest(HTMLButtonElement, target, "button"));
    });
    element.addEventListener("input", ({ target }) => target instanceof HTMLInputElement && target.type === "range" && this.#slide(Number(target.value)));
    element.addEventListener("change", ({ target }) => target instanceof HTMLSelectElement && target.matches("[data-day]") && target.value && this.#go(target.value));
    // What was published meanwhile may have made another day of change.
    layers.addEventListener("news", () => {
      this.#asked = null;
      if (!element.hidden) this.show(this.store.view);
    });
    for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
      panel.body.addEventListener(on, ({ target }) => this.#ring(closest(HTMLElement, target, "tr[data-point]")));
      panel.body.addEventListener(off, ({ target }) => closest(HTMLElement, target, "tr[data-point]") && this.#ring(null));
    }
  }

  /**
   * Show the days of the grid that is selected, or of the county, and where among them a view is.
   * @param {View} view
   */
  async show(view) {
    const url = `/panel/days${view.grid ? `?grid=${view.grid}` : ""}`;
    if (url !== this.#asked) {
      this.#asked = url;
      this.#loading = this.#load(url);
    }
    const asked = this.#loading;
    if (!(await asked) || asked !== this.#loading) return;
    this.#place(this.store.view);
  }

  /**
   * Return whether the days are there.
   * @param {string} url
   */
  async #load(url) {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`days: ${response.status}`);
      const text = await response.text();
      if (url !== this.#asked) return false;
      const label = document.activeElement?.closest(".timeline *")?.getAttribute("aria-label");
      htmx.swap(this.element, text, { swapStyle: "innerHTML" });
      // Those who step by keys go on where they were.
      if (label) findAll(HTMLElement, `[aria-label="${CSS.escape(label)}"]`, this.element)[0]?.focus();
      this.#days = findAll(HTMLOptionElement, "[data-day] option", this.element).map((option) => option.value).reverse();
      return true;
    } catch {
      this.#asked = null;
      this.failed();
      return false;
    }
  }

  /**
   * Mark where a view is: on a day of change, or between two of them.
   * @param {View} view
   */
  #place({ on, versus }) {
    const day = on ?? this.config.today;
    const at = this.#days.findLastIndex((each) => each <= day);
    const [chosen] = findAll(HTMLSelectElement, "[data-day]", this.element);
    if (chosen) {
      chosen.querySelector("[data-here]")?.remove();
      if (this.#days[at] !== day) chosen.prepend(this.#between(chosen, at));
      chosen.value = this.#days[at] === day ? day : "";
      find(HTMLInputElement, "[type=range]", this.element).value = String(Math.max(0, at));
      this.#say();
      find(HTMLButtonElement, "[data-step='-1']", this.element).disabled = !(this.#days[0] < day);
      find(HTMLButtonElement, "[data-step='1']", this.element).disabled = !(this.#days[this.#days.length - 1] > day);
    }
    find(HTMLInputElement, "[name=versus]", this.element).value = versus ?? "";
    const said = find(HTMLElement, ".date time", this.element);
    said.textContent = versus ? this.written(versus) : said.dataset.none ?? "";
    find(HTMLElement, "[data-versus='']", this.element).hidden = !versus;
    find(HTMLElement, "[data-versus='eve']", this.element).hidden = Boolean(versus) || at < 1;
  }

  /**
   * @param {HTMLElement} chosen
   * @param {number} at
   */
  #between({ dataset }, at) {
    const text = at >= 0 ? dataset.between?.replace("{since}", this.#option(at).dataset.short ?? "") : dataset.before;
    const option = new Option(text, "");
    option.dataset.here = "";
    return option;
  }

  /** @param {HTMLElement | null} button */
  #click(button) {
    if (button?.dataset.step) {
      const day = this.store.view.on ?? this.config.today;
      const next = button.dataset.step === "1" ? this.#days.find((each) => each > day) : this.#days.findLast((each) => each < day);
      if (next) this.#go(next);
    } else if (button?.dataset.versus === "eve") {
      const day = this.store.view.on ?? this.config.today;
      const at = this.#days.findLastIndex((each) => each <= day);
      this.store.go({ versus: this.#option(at).dataset.eve });
    } else if (button?.dataset.versus === "") {
      this.store.go({ versus: null });
    }
  }

  /**
   * Say at once where the slider is; the map follows when it comes to rest.
   * @param {number} at
   */
  #slide(at) {
    find(HTMLSelectElement, "[data-day]", this.element).value = this.#days[at];
    this.#say();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#go(this.#days[at]), WAIT_MS);
  }

  /** @param {string} day */
  #go(day) {
    clearTimeout(this.#timer);
    this.store.go({ on: day === this.config.today ? null : day });
  }

  #say() {
    const [option] = find(HTMLSelectElement, "[data-day]", this.element).selectedOptions;
    find(HTMLElement, "[type=range]", this.element).setAttribute("aria-valuetext", option?.textContent.trim() ?? "");
  }

  /** @param {HTMLElement | null} row */
  #ring(row) {
    this.selection.point(row ? latLngOf(row.dataset.point ?? "") : null);
  }

  /** @param {number} at */
  #option(at) {
    return find(HTMLOptionElement, `[data-day] option[value="${this.#days[at]}"]`, this.element);
  }
}
