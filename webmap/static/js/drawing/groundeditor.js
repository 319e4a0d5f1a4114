// The editor of the ground that is open: shows it, and joins choosing, dragging and tools.

import { ActiveTool } from "./activetool.js";
import { Problem } from "./api.js";
import { Bar } from "./bar.js";
import { Corners } from "./corners.js";
import { Display } from "./display.js";
import { Faults } from "./faults.js";
import { OpenGround } from "./openground.js";
import { Sketch } from "./sketch.js";
import { toolsFor } from "./tools.js";

/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Notices } from "../panel/notices.js" */
/** @import { Sheet } from "../panel/sheet.js" */
/** @import { Box, Strings } from "../types/page.d.ts" */
/** @import { GroundChange, Operation, Position, Preview } from "../types/plans.d.ts" */
/** @import { PlanPanel } from "./panel.js" */
/** @import { References } from "./references.js" */
/** @import { Addresses } from "./sketch.js" */

export class GroundEditor {
  #strings;
  #notices;
  #sheet;
  #planPanel;
  #references;
  #fit;
  #step;
  #open;
  #display;
  #faults;
  #corners;
  #tool;
  /**
   * The corner that was moved last: it keeps the keyboard.
   * @type {Position | null}
   */
  #focus = null;

  /**
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Strings} parts.strings
   * @param {Addresses & {topojson: string}} parts.addresses  of the libraries
   * @param {HTMLElement} parts.stage  what the map stands on
   * @param {Notices} parts.notices
   * @param {Sheet} parts.sheet
   * @param {LayerSet} parts.layers
   * @param {HTMLElement} parts.list  holds the faults
   * @param {PlanPanel} parts.planPanel
   * @param {References} parts.references
   * @param {(box: Box) => void} parts.fit
   * @param {(operation: Operation) => Promise<unknown>} parts.step  sends an operation
   */
  constructor({ map, strings, addresses, stage, notices, sheet, layers, list, planPanel, references, fit, step }) {
    this.#strings = strings;
    this.#notices = notices;
    this.#sheet = sheet;
    this.#planPanel = planPanel;
    this.#references = references;
    this.#fit = fit;
    this.#step = step;
    this.#open = new OpenGround(addresses.topojson);
    this.#display = new Display({
      map,
      layers,
      strings,
      stage,
      state: () => ({ ground: this.#open.ground, chosen: this.#open.chosen, candidates: this.#tool.candidates }),
      beneath: (ctx, frame) => references.paintOn(ctx, frame),
      changed: () => this.#redraw(),
    });
    this.#faults = new Faults(map, list, (ids, at) => this.#look(ids, at));
    this.#corners = new Corners({
      map,
      notices,
      strings,
      surroundings: () => this.#surroundings,
      show: (preview) => {
        this.#faults.hush();
        this.#display.show(preview);
      },
      done: (operation, preview, at) => this.#do(operation, preview, at),
    });
    this.#tool = new ActiveTool({
      strings,
      bar: new Bar(stage, strings),
      sketch: new Sketch(map, addresses, references),
      buildings: () => this.#open.buildings,
      context: () => this.#open.context,
      done: (operation) => this.#do(operation),
      changed: () => this.#toolChanged(),
      say: (text) => notices.show("plan", text, { kind: "warn", forMs: 8000 }),
    });
    map.on("moveend zoomend", () => this.#showHandles());
    references.addEventListener("changed", () => this.isOpen && this.#display.paintStill());
  }

  get #surroundings() {
    const { ground, chosen, buildings } = this.#open;
    if (!ground || !chosen) throw new Error("a corner is dragged of no grid");
    return { ground, chosen, buildings, references: this.#references };
  }

  /** Is ground open, which lies over the map's own layers? */
  get isOpen() {
    return this.#open.ground !== null;
  }

  /** The grid that is open, or being opened; null if none is. */
  get root() {
    return this.#open.root;
  }

  get chosen() {
    return this.#open.chosen;
  }

  /** What the map shows of a plan, for the legend; null while no ground is open. */
  get shown() {
    return this.#display.shown;
  }

  /** The tool that is at work, or none. */
  get tool() {
    return this.#tool;
  }

  /**
   * Open the ground of a grid; resolves to its revision and box, to null where another has been opened meanwhile.
   * @param {number} plan
   * @param {number} root
   */
  async open(plan, root) {
    this.close();
    const loaded = await this.#open.load(plan, root);
    if (!loaded) return null;
    this.#display.open();
    this.#redraw();
    // With the library come the edges of what has been chosen meanwhile.
    const complete = loaded.hasLibrary.then((isOpen) => isOpen && this.#choose(this.#open.chosen?.id ?? null));
    return { revision: loaded.revision, box: this.#open.ground?.get(root)?.box ?? null, complete };
  }

  /**
   * Load again what is there now, and keep what is chosen; resolves to its revision, to null where other ground
   * has been opened meanwhile.
   * @param {number} plan
   */
  async reload(plan) {
    const { root, chosen } = this.#open;
    if (root === null) return null;
    this.#display.preview = null;
    const revision = await this.#open.reload(plan, root);
    if (revision === null) return null;
    this.#display.open();
    this.#redraw();
    this.#choose(chosen?.id ?? null, { keepsWork: Boolean(chosen && this.#open.ground?.has(chosen.id)) });
    return revision;
  }

  /**
   * Take over what a step has changed.
   * @param {GroundChange} change
   */
  update(change) {
    this.#display.preview = null;
    if (this.#open.ground) {
      this.#open.ground.update(change);
      this.#choose(this.#open.chosen?.id ?? null, { focus: this.#focus });
    }
    this.#focus = null;
  }

  close() {
    this.#tool.cancel();
    this.#corners.cancel();
    this.#open.clear();
    this.#corners.look(null, this.#open.junctions);
    this.#display.close();
    this.#faults.hush();
  }

  /**
   * Answer a click on the map.
   * @param {L.LatLng} latlng
   */
  pick(latlng) {
    if (!this.#tool.place) this.#faults.hush();
    const found = this.#open.ground?.at([latlng.lng, latlng.lat]) ?? [];
    if (this.#tool.pick(found)) return;
    this.#choose(found.findLast((grid) => grid.level !== "county")?.id ?? null);
    this.#sheet.raise();
    if (this.#sheet.isSheet) this.#planPanel.root?.querySelector(".place")?.scrollIntoView();
  }

  /** Go back by one: from what is being done, from the chosen grid. Returns whether there was any. */
  up() {
    if (this.#corners.cancel() || this.#tool.cancel()) return true;
    if (!this.#open.chosen) return false;
    this.#choose(null);
    return true;
  }

  // A tool has begun or ended: on a phone the sheet makes room for it.
  #toolChanged() {
    if (this.#tool.key && this.#sheet.isSheet) this.#sheet.set("peek");
    else this.#sheet.raise();
    if (!this.#tool.key) this.#faults.hush();
    // What is drawn now is the plan's.
    else if (this.#display.phase === "before") this.#display.phases.set("both");
    this.#redraw();
  }

  /**
   * @param {number | null} id
   * @param {{focus?: Position | null, keepsWork?: boolean}} [options]
   */
  #choose(id, { focus = null, keepsWork = false } = {}) {
    if (!keepsWork) this.#tool.cancel();
    this.#open.choose(id);
    this.#redraw();
    this.#showHandles(focus);
  }

  /** @param {Position | null} [focus] */
  #showHandles(focus = null) {
    if (!this.isOpen) return;
    const isMovable = this.#planPanel.mayDraw && !this.#tool.key && this.#display.phase !== "before";
    this.#corners.look(isMovable ? this.#open.chosen : null, this.#open.junctions, focus);
  }

  #redraw() {
    this.#display.paint();
    this.fill();
  }

  /** Mark the faults that the panel lists now; none where no list is. */
  showFaults(isListed = true) {
    this.#faults.show(isListed);
  }

  /** Say in the panel what is chosen, and show its corners. */
  fill() {
    this.#planPanel.fill({
      path: this.#open.path,
      tools: this.#planPanel.mayDraw ? toolsFor(this.#open.context) : [],
      active: this.#tool.key,
      choose: (id) => this.#choose(id),
      start: (tool) => this.#tool.start(tool).catch(() => this.refuse(new Problem(0))),
    });
    this.#showHandles();
  }

  /**
   * @param {Operation} operation
   * @param {Preview | null} [preview]
   * @param {Position | null} [focus]
   */
  async #do(operation, preview = null, focus = null) {
    this.#faults.hush();
    this.#focus = focus;
    this.#display.show(preview);
    try {
      await this.#step(operation);
    } finally {
      this.#display.show(null);
      this.#showHandles(focus);
    }
  }

  /**
   * Say what was refused, at its place, and let what was drawn be changed.
   * @param {Problem} problem
   */
  refuse(problem) {
    const text = problem.isOffline ? this.#strings["draw.offline"] : problem.message;
    const place = problem.place ?? this.#tool.place;
    if (place && this.isOpen) this.#faults.say(place, text);
    if (!this.#tool.refuse(text)) this.#notices.show("plan", text, { kind: "warn", forMs: 12_000 });
  }

  /**
   * Go to a fault: choose the first of its grids that is here, and show its place.
   * @param {number[]} ids
   * @param {Position | null} at
   */
  #look(ids, at) {
    const known = ids.map((id) => this.#open.ground?.get(id)).find(Boolean);
    if (known) this.#choose(known.id);
    if (at) this.#fit([at[0] - 0.002, at[1] - 0.0015, at[0] + 0.002, at[1] + 0.0015]);
    else if (known) this.#fit(known.box);
  }
}
