// The reference layers of a plan on the map: lines of other offices, drawn muted beneath the edges, to
// hold on to and to draw along. What is added and changed goes through the panel's section.

import { closest, find, findAll } from "../view/elements.js";
import { Adding } from "./adding.js";
import { ask, Problem } from "./api.js";
import { canvasLayer } from "./canvases.js";
import { boxOf, meet } from "./rings.js";
import { Visibility } from "./visibility.js";
import { paintLayer } from "./underlay.js";

/** @import { Notices } from "../panel/notices.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Box, Strings } from "../types/page.d.ts" */
/** @import { Position, ReferenceLine } from "../types/plans.d.ts" */
/** @import { Added } from "./adding.js" */
/** @import { Painter } from "./canvases.js" */
/** @import { PlanPanel } from "./panel.js" */

/**
 * What the server says of the layers around a place (webmap/plans/references.py).
 * @typedef {{is_exact: boolean, layers: {number: number, lines: Position[][], points: Position[]}[]}} Around
 * @typedef {{number: number, lines: ReferenceLine[], points: Position[]}} Layer
 */

// How much beyond the screen is asked for, so that not every pan asks again.
const PAD = 0.5;

export class References extends EventTarget {
  #map;
  #planPanel;
  #notices;
  #strings;
  #isOpen;
  #fit;
  #visibility;
  #adding;
  #alone;
  /** @type {number | null} */
  #plan = null;
  /**
   * The numbers of those that the panel lists; null before it does.
   * @type {number[] | null}
   */
  #numbers = null;
  /** @type {Layer[]} */
  #layers = [];
  /**
   * Around which box, at which zoom, the layers are known.
   * @type {{box: Box, zoom: number} | null}
   */
  #known = null;
  #isExact = false;
  #turn = 0;

  /**
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Panel} parts.panel
   * @param {PlanPanel} parts.planPanel
   * @param {Notices} parts.notices
   * @param {Strings} parts.strings
   * @param {() => boolean} parts.isOpen  is the ground open? It is then painted with these beneath
   * @param {(box: Box) => void} parts.fit
   */
  constructor({ map, panel, planPanel, notices, strings, isOpen, fit }) {
    super();
    this.#map = map;
    this.#planPanel = planPanel;
    this.#notices = notices;
    this.#strings = strings;
    this.#isOpen = isOpen;
    this.#fit = fit;
    this.#visibility = new Visibility(() => this.#paint());
    this.#adding = new Adding({ map, panel, strings, mayDraw: () => planPanel.mayDraw, added: (added) => this.#added(added) });
    this.#alone = canvasLayer(map, "references", 290, (ctx, frame) => {
      if (!isOpen()) this.paintOn(ctx, frame);
    });
    map.on("moveend", () => this.#load());
    panel.addEventListener("arrived", () => this.#arrived());
    panel.body.addEventListener("click", (event) => this.#clicked(event));
    panel.body.addEventListener("input", (event) => this.#changed(event));
    panel.body.addEventListener("submit", (event) => this.#submitted(event));
  }

  /**
   * Follow the view: the layers of a plan, or of none.
   * @param {number | null} plan
   */
  show(plan) {
    this.#plan = plan;
    this.#forget();
    this.#adding.show(plan);
    this.#visibility.of(plan);
    if (plan) this.#alone.addTo(this.#map);
    else this.#alone.remove();
    this.#arrived();
  }

  // The plan's fragment has come, or the plan to the fragment: its list is what there is.
  #arrived() {
    const section = this.#planPanel.isOf(this.#plan) && this.#planPanel.root?.querySelector("[data-references]");
    if (!(section instanceof HTMLElement)) return;
    const numbers = findAll(HTMLElement, "[data-reference]", section).map((each) => Number(each.dataset.reference));
    this.#visibility.fill(section);
    this.#adding.arrive(section);
    if (String(numbers) !== String(this.#numbers)) {
      this.#numbers = numbers;
      this.#known = null;
      this.#load();
    }
  }

  /** Return the lines on show whose corners are exact. */
  lines() {
    return this.#isExact ? this.#visible().flatMap(({ lines }) => lines) : [];
  }

  /** Return the points on show. */
  points() {
    return this.#isExact ? this.#visible().flatMap(({ points }) => points) : [];
  }

  /**
   * Return the lines that meet a box.
   * @param {Box} box
   */
  near(box) {
    return this.lines().filter((each) => meet(each.box, box));
  }

  /** @type {Painter} */
  paintOn(ctx, frame) {
    for (const layer of this.#visible()) paintLayer(ctx, frame, layer, this.#visibility.opacity(layer.number));
  }

  #visible() {
    return this.#layers.filter(({ number }) => this.#visibility.isVisible(number));
  }

  // Ask for what the screen shows, unless it is there.
  async #load() {
    if (!this.#plan || !this.#numbers?.length) {
      if (this.#layers.length) this.#take({ layers: [], is_exact: true }, null);
      return;
    }
    const bounds = this.#map.getBounds();
    const zoom = this.#map.getZoom();
    const view = boundsOf(bounds);
    if (this.#known && holdsBox(this.#known.box, view) && (this.#isExact ? zoom >= this.#known.zoom - 2 : zoom === this.#known.zoom)) return;
    const turn = ++this.#turn;
    const box = boundsOf(bounds.pad(PAD));
    try {
      /** @type {Around} */
      const answer = await ask(`/api/plans/${this.#plan}/references/around?box=${box.join(",")}&zoom=${zoom}`);
      if (turn === this.#turn) this.#take(answer, { box, zoom });
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // What is there stays; the next move asks again.
      if (turn === this.#turn && problem.message) this.#notices.show("references", problem.message, { kind: "warn", forMs: 8000 });
    }
  }

  /**
   * @param {Around} around
   * @param {{box: Box, zoom: number} | null} known
   */
  #take({ layers, is_exact: isExact }, known) {
    this.#known = known;
    this.#isExact = isExact;
    this.#layers = layers.map(({ number, lines, points }) => ({ number, points, lines: lines.map((line) => ({ line, box: boxOf([[line]]) })) }));
    this.#paint();
  }

  #forget() {
    this.#turn += 1;
    this.#numbers = null;
    this.#known = null;
    this.#layers = [];
  }

  #paint() {
    if (!this.#isOpen()) this.#alone.paint();
    this.dispatchEvent(new Event("changed"));
  }

  /** @param {Added} added */
  #added({ number, bounds }) {
    this.#visibility.set(number, { hidden: false });
    this.#fit(bounds);
    this.#planPanel.reload();
  }

  /** @param {MouseEvent} event */
  #clicked({ target }) {
    const action = closest(HTMLElement, target, "[data-do]")?.dataset.do;
    const item = closest(HTMLElement, target, "[data-reference]");
    if (!item) return;
    if (action === "reference-fit") this.#fit(boxIn(item));
    else if (action === "reference-remove") find(HTMLElement, "[data-sure]", item).hidden = false;
    else if (action === "reference-keep") find(HTMLElement, "[data-sure]", item).hidden = true;
    else if (action === "reference-gone") this.#send(item, "DELETE");
  }

  /** @param {Event} event */
  #changed({ target }) {
    const item = closest(HTMLElement, target, "[data-reference]");
    if (!item || !(target instanceof HTMLInputElement)) return;
    const number = Number(item.dataset.reference);
    if (target.dataset.of === "visible") this.#visibility.set(number, { hidden: !target.checked });
    if (target.dataset.of === "opacity") this.#visibility.set(number, { opacity: Number(target.value) / 100 });
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const form = closest(HTMLFormElement, event.target, "[data-reference-name]");
    const item = form?.closest("[data-reference]");
    if (!form || !(item instanceof HTMLElement)) return;
    event.preventDefault();
    this.#send(item, "PATCH", { name: find(HTMLInputElement, "[name=name]", form).value });
  }

  /**
   * @param {HTMLElement} item
   * @param {"PATCH" | "DELETE"} method
   * @param {{name: string}} [body]
   */
  async #send(item, method, body) {
    const line = find(HTMLElement, ".fault-line", item);
    line.hidden = true;
    try {
      await ask(`/api/plans/${this.#plan}/references/${item.dataset.reference}`, { method, body });
      this.#planPanel.reload();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      line.textContent = problem.isOffline ? this.#strings["draw.offline"] : problem.message;
      line.hidden = false;
    }
  }
}

/**
 * @param {HTMLElement} item
 * @returns {Box}
 */
function boxIn({ dataset: { bounds = "" } }) {
  const [west, south, east, north] = bounds.split(",").map(Number);
  return [west, south, east, north];
}

/**
 * @param {L.LatLngBounds} bounds
 * @returns {Box}
 */
function boundsOf(bounds) {
  const within = (/** @type {number} */ most, /** @type {number} */ degrees) => Number(Math.max(-most, Math.min(most, degrees)).toFixed(6));
  return [within(180, bounds.getWest()), within(90, bounds.getSouth()), within(180, bounds.getEast()), within(90, bounds.getNorth())];
}

/**
 * @param {Box} outer
 * @param {Box} inner
 */
function holdsBox(outer, inner) {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
}
