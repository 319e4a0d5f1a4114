// The days of change below the map: whether they are open, and how much of it they cover. What shows them
// is loaded when somebody asks.

/** @import { Config } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Selection } from "../map/selection.js" */
/** @import { Notices } from "../panel/notices.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Store } from "../view/store.js" */

import { written } from "../panel/bars.js";
import { find } from "../view/elements.js";
import { opener } from "../view/opener.js";

// Until it is there, CSS pixels.
const HEIGHT = 190;

export class Days {
  #element = find(HTMLElement, "#days");
  #button = find(HTMLElement, ".view [data-do='days']");
  #isOpen;
  #store;
  #timeline;

  /**
   * @param {object} parts
   * @param {Config} parts.config
   * @param {Store} parts.store
   * @param {Panel} parts.panel
   * @param {Selection} parts.selection
   * @param {LayerSet} parts.layers
   * @param {Notices} parts.notices
   */
  constructor({ config, store, panel, selection, layers, notices }) {
    this.#store = store;
    this.#isOpen = Boolean(store.view.versus);
    const failed = () => notices.show("days", config.strings["panel.failed"], { kind: "warn", forMs: 8000 });
    this.#timeline = opener({
      store,
      failed,
      isWanted: () => this.isShown,
      load: async () => {
        const { Timeline } = await import("./timeline.js");
        return new Timeline(this.#element, { config, store, panel, selection, layers, failed, written: (day) => written(day, config.lang) });
      },
    });
  }

  /** Pixels of the map that it covers, or is about to, below the bar at the top. */
  get covers() {
    return this.isShown ? (this.#element.offsetHeight || HEIGHT) + 8 : 0;
  }

  get isShown() {
    // A plan has a day of its own.
    return this.#isOpen && this.#store.view.mode !== "draw";
  }

  toggle() {
    this.#isOpen = !this.#isOpen;
    if (!this.#isOpen && this.#element.contains(document.activeElement)) this.#button.focus();
    return this.show(this.#store.view);
  }

  /**
   * Follow the view. Who compares two days sees which.
   * @param {View} view
   * @param {View | null} [before]
   */
  async show(view, before = view) {
    if (view.versus && view.versus !== before?.versus) this.#isOpen = true;
    this.#button.setAttribute("aria-expanded", String(this.isShown));
    if (!this.isShown) {
      this.#element.hidden = true;
      return;
    }
    if (await this.#timeline.show(view)) this.#element.hidden = !this.isShown;
  }
}
