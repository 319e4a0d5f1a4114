// The editor of a plan: follows the view, opens the plan's ground, and joins what is drawn with what is sent
// to the server and what the panel says. Loaded when the drawing mode is.

import { find } from "../view/elements.js";
import { ask, Problem } from "./api.js";
import { GroundEditor } from "./groundeditor.js";
import { watchKeys } from "./keys.js";
import { FirstLook, gridToOpen } from "./opening.js";
import { PlanPanel } from "./panel.js";
import { References } from "./references.js";
import { Saver } from "./saver.js";

/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Notices } from "../panel/notices.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Sheet } from "../panel/sheet.js" */
/** @import { Box, Config } from "../types/page.d.ts" */
/** @import { PlanAnswer } from "../types/plans.d.ts" */
/** @import { How, View } from "../types/view.d.ts" */
/** @import { Store } from "../view/store.js" */

export class PlanEditor {
  #map;
  #strings;
  #store;
  #notices;
  #layers;
  #fit;
  #planPanel;
  #references;
  #ground;
  #progress = find(HTMLElement, ".progress");
  #first = new FirstLook();
  /** @type {number | null} */
  #plan = null;
  /** @type {Saver | null} */
  #saver = null;

  /**
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Config} parts.config
   * @param {Store} parts.store
   * @param {Panel} parts.panel
   * @param {Notices} parts.notices
   * @param {Sheet} parts.sheet
   * @param {LayerSet} parts.layers
   * @param {(box: Box) => void} parts.fit
   */
  constructor({ map, config, store, panel, notices, sheet, layers, fit }) {
    const { strings, drawing: addresses } = config;
    if (!addresses) throw new Error("the page has no addresses of what draws");
    this.#map = map;
    this.#strings = strings;
    this.#store = store;
    this.#notices = notices;
    this.#layers = layers;
    this.#fit = fit;
    const planPanel = new PlanPanel({
      panel,
      notices,
      strings,
      send: async (path, body, { isNew, ...how }) => (isNew ? ask(`/api/plans/${this.#plan}/${path}`, { body, ...how }) : this.#saver?.send(path, body, how) ?? null),
      chosen: () => this.#ground.chosen,
      opened: ({ plan_id: plan = null }) => store.go({ plan, grid: null }),
      leave: () => store.go({ grid: null }),
    });
    const references = new References({ map, panel, planPanel, notices, strings, isOpen: () => this.isOpen, fit });
    this.#ground = new GroundEditor({
      map,
      strings,
      addresses,
      stage: find(HTMLElement, ".stage"),
      notices,
      sheet,
      layers,
      list: panel.body,
      planPanel,
      references,
      fit,
      step: async (operation) => this.#saver?.step(operation),
    });
    this.#planPanel = planPanel;
    this.#references = references;
    panel.addEventListener("arrived", () => this.#arrived());
    watchKeys(map, {
      tool: this.#ground.tool,
      isOn: () => this.#plan !== null,
      back: (deed) => planPanel.mayDraw && planPanel.offers(deed) && this.#saver?.send(deed, {}),
    });
  }

  /** Is ground open, which lies over the map's own layers? */
  get isOpen() {
    return this.#ground.isOpen;
  }

  /** What the map shows of a plan, for the legend; null while no ground is open. */
  get shown() {
    return this.#ground.shown;
  }

  /**
   * Follow the view; anything but the drawing mode closes the ground.
   * @param {View} view
   * @param {How} [how]
   */
  async show(view, how = {}) {
    const plan = view.mode === "draw" ? view.plan : null;
    if (plan !== this.#plan) this.#begin(plan, view.grid);
    const grid = plan ? view.grid : null;
    if (grid !== this.#ground.root) await this.#open(grid, how);
    this.#arrived();
  }

  /**
   * Answer a click on the map.
   * @param {L.LatLng} latlng
   */
  pick(latlng) {
    if (!this.#plan) return;
    if (this.isOpen) {
      this.#ground.pick(latlng);
      return;
    }
    const found = gridToOpen(this.#map, this.#layers.layer, latlng);
    if (found) this.#store.go({ grid: found.id });
  }

  /** Go back by one: from what is being done, from the chosen grid. Returns whether there was any. */
  up() {
    return this.#ground.up();
  }

  /**
   * Begin with another plan, or none.
   * @param {number | null} plan
   * @param {number | null} grid  of it, that is named from the start
   */
  #begin(plan, grid) {
    this.#ground.close();
    this.#ground.showFaults(false);
    this.#notices.hide("plan");
    this.#plan = plan;
    this.#first.begin(grid);
    this.#references.show(plan);
    this.#saver = plan === null ? null : new Saver(plan, {
      notices: this.#notices,
      strings: this.#strings,
      done: (answer) => this.#saved(answer),
      stale: () => this.#reload(),
      refused: (problem) => this.#ground.refuse(problem),
    });
  }

  /**
   * Open the ground of a grid, or close what is open.
   * @param {number | null} grid
   * @param {How} how
   */
  async #open(grid, { from }) {
    if (!grid || !this.#plan) {
      this.#ground.close();
      return;
    }
    this.#progress.hidden = false;
    let opened = null;
    try {
      opened = await this.#ground.open(this.#plan, grid);
      if (!opened) return;
      if (this.#saver) this.#saver.revision = opened.revision;
      performance.mark("ground-painted");
      const box = this.#first.takeBox() ?? opened.box;
      if (box && from !== "history" && (from !== "start" || !this.#store.view.place)) this.#fit(box);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (grid === this.#ground.root) this.#ground.refuse(problem);
    } finally {
      this.#progress.hidden = true;
    }
    await opened?.complete;
  }

  /** Ask again for what is there now: somebody else has changed it. */
  async #reload() {
    const [plan, saver] = [this.#plan, this.#saver];
    this.#planPanel.reload();
    if (!plan || !saver) return;
    if (this.isOpen) {
      saver.revision = (await this.#ground.reload(plan)) ?? saver.revision;
      return;
    }
    /** @type {PlanAnswer} */
    const { revision = saver.revision } = await ask(`/api/plans/${plan}`);
    saver.revision = revision;
  }

  /** @param {PlanAnswer} answer */
  async #saved({ state, changed, gone = [] }) {
    if (changed) this.#ground.update({ changed, gone });
    // Grids that a published plan made have got numbers of their own.
    else if (state === "published") {
      await Promise.all([this.#layers.refresh(), this.#reload()]);
      return;
    }
    this.#planPanel.reload();
  }

  // The view or the panel's fragment is another one.
  #arrived() {
    const { root } = this.#planPanel;
    if (!root || !this.#planPanel.isOf(this.#plan)) return;
    this.#planPanel.unfold();
    if (this.#first.lead(root.dataset, this.#store)) return;
    if (!this.isOpen && this.#saver) this.#saver.revision = this.#planPanel.revision;
    this.#ground.showFaults();
    this.#ground.fill();
  }
}
