// The reference layers of a plan on the map: lines of other offices, drawn muted beneath the edges, to
// hold on to and to draw along. What is added and changed goes through the panel's section.

import { Adding } from "./adding.js";
import { ask } from "./api.js";
import { canvasLayer } from "./canvases.js";
import { boxOf, meet } from "./rings.js";
import { Visibility } from "./visibility.js";
import { paintLayer } from "./underlay.js";

// How much beyond the screen is asked for, so that not every pan asks again.
const PAD = 0.5;

export class References extends EventTarget {
  #plan = null;
  #layers = [];
  #known = null;
  #isExact = false;
  #turn = 0;

  /**
   * Of the room are used: map, panel, strings, notices, side, isOpen whether the ground is open, which
   * sight then paints with these beneath, fit(box).
   */
  constructor(room) {
    super();
    const { map, panel, strings, notices } = room;
    Object.assign(this, { room, map, strings, notices });
    this.shown = new Visibility(() => this.#paint());
    this.adding = new Adding({ map, panel, strings, mayDraw: () => room.side.mayDraw, added: (made) => this.#added(made) });
    this.alone = canvasLayer(map, "references", 290, (ctx, frame) => !room.isOpen && this.paintOn(ctx, frame));
    map.on("moveend", () => this.#load());
    panel.addEventListener("arrived", () => this.#arrived());
    panel.body.addEventListener("click", (event) => this.#clicked(event));
    panel.body.addEventListener("input", (event) => this.#changed(event));
    panel.body.addEventListener("submit", (event) => this.#submitted(event));
  }

  /** Follow the view: the layers of a plan, or of none. */
  show(plan) {
    this.#plan = plan;
    this.#forget();
    this.adding.show(plan);
    this.shown.of(plan);
    if (plan) this.alone.addTo(this.map);
    else this.alone.remove();
    this.#arrived();
  }

  // The plan's fragment has come, or the plan to the fragment: its list is what there is.
  #arrived() {
    const { side } = this.room;
    const section = side.isOf(this.#plan) && side.root.querySelector("[data-references]");
    if (!section) return;
    const numbers = [...section.querySelectorAll("[data-reference]")].map((each) => Number(each.dataset.reference));
    this.shown.fill(section);
    this.adding.arrive(section);
    if (String(numbers) !== String(this.numbers)) {
      this.numbers = numbers;
      this.#known = null;
      this.#load();
    }
  }

  /** Return the lines on show whose corners are exact: [{line, box}]. */
  lines() {
    return this.#isExact ? this.#visible().flatMap(({ lines }) => lines) : [];
  }

  /** Return the points on show. */
  points() {
    return this.#isExact ? this.#visible().flatMap(({ points }) => points) : [];
  }

  /** Return the lines that meet a box. */
  near(box) {
    return this.lines().filter((each) => meet(each.box, box));
  }

  paintOn(ctx, frame) {
    for (const layer of this.#visible()) paintLayer(ctx, frame, layer, this.shown.opacity(layer.number));
  }

  #visible() {
    return this.#layers.filter(({ number }) => this.shown.isVisible(number));
  }

  // Ask for what the screen shows, unless it is there.
  async #load() {
    if (!this.#plan || !this.numbers?.length) {
      if (this.#layers.length) this.#take({ layers: [], is_exact: true }, null);
      return;
    }
    const bounds = this.map.getBounds();
    const zoom = this.map.getZoom();
    const view = boundsOf(bounds);
    if (this.#known && holdsBox(this.#known.box, view) && (this.#isExact ? zoom >= this.#known.zoom - 2 : zoom === this.#known.zoom)) return;
    const turn = ++this.#turn;
    const box = boundsOf(bounds.pad(PAD));
    try {
      const answer = await ask(`/api/plans/${this.#plan}/references/around?box=${box.join(",")}&zoom=${zoom}`);
      if (turn === this.#turn) this.#take(answer, { box, zoom });
    } catch (problem) {
      if (!("status" in problem)) throw problem;
      // What is there stays; the next move asks again.
      if (turn === this.#turn && problem.message) this.notices.show("references", problem.message, { kind: "warn", forMs: 8000 });
    }
  }

  #take({ layers, is_exact: isExact }, known) {
    this.#known = known;
    this.#isExact = isExact;
    this.#layers = layers.map(({ number, lines, points }) => ({ number, points, lines: lines.map((line) => ({ line, box: boxOf([[line]]) })) }));
    this.#paint();
  }

  #forget() {
    this.#turn += 1;
    this.numbers = null;
    this.#known = null;
    this.#layers = [];
  }

  #paint() {
    if (this.room.isOpen) this.room.sight.paintStill();
    else this.alone.paint();
    this.dispatchEvent(new Event("changed"));
  }

  #added(made) {
    this.shown.set(made.number, { hidden: false });
    this.room.fit(made.bounds);
    this.room.side.reload();
  }

  #clicked(event) {
    const button = event.target.closest("[data-do]");
    const item = button?.closest("[data-reference]");
    if (!item) return;
    const number = Number(item.dataset.reference);
    if (button.dataset.do === "reference-fit") this.room.fit(item.dataset.bounds.split(",").map(Number));
    else if (button.dataset.do === "reference-remove") item.querySelector("[data-sure]").hidden = false;
    else if (button.dataset.do === "reference-keep") item.querySelector("[data-sure]").hidden = true;
    else if (button.dataset.do === "reference-gone") this.#send(item, number, "DELETE");
  }

  #changed(event) {
    const item = event.target.closest("[data-reference]");
    const { of } = event.target.dataset;
    if (of === "visible") this.shown.set(Number(item.dataset.reference), { hidden: !event.target.checked });
    if (of === "opacity") this.shown.set(Number(item.dataset.reference), { opacity: Number(event.target.value) / 100 });
  }

  #submitted(event) {
    if (!event.target.matches("[data-reference-name]")) return;
    event.preventDefault();
    const item = event.target.closest("[data-reference]");
    this.#send(item, Number(item.dataset.reference), "PATCH", { name: event.target.elements.name.value });
  }

  async #send(item, number, method, body) {
    const line = item.querySelector(".fault-line");
    line.hidden = true;
    try {
      await ask(`/api/plans/${this.#plan}/references/${number}`, { method, body });
      this.room.side.reload();
    } catch (problem) {
      if (!("status" in problem)) throw problem;
      line.textContent = problem.isOffline ? this.strings["draw.offline"] : problem.message;
      line.hidden = false;
    }
  }
}

function boundsOf(bounds) {
  const degrees = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  return degrees.map((each, i) => Number(Math.max(i % 2 ? -90 : -180, Math.min(i % 2 ? 90 : 180, each)).toFixed(6)));
}

function holdsBox(outer, inner) {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3];
}
