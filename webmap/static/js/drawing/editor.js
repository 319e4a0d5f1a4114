// The drawing mode on the map: opens the ground of a plan, shows it, and joins choosing, dragging and
// tools with what is sent to the server. Loaded when the mode is.

import { ask } from "./api.js";
import { Bar } from "./bar.js";
import { Corners } from "./corners.js";
import { edgesAround } from "./edges.js";
import { Faults } from "./faults.js";
import { Ground } from "./ground.js";
import { FirstLook, gridToOpen } from "./opening.js";
import { watchKeys } from "./keys.js";
import { script } from "./libraries.js";
import { References } from "./references.js";
import { Saver } from "./saver.js";
import { PlanPanel } from "./panel.js";
import { Display } from "./display.js";
import { Sketch } from "./sketch.js";
import { toolsFor } from "./tools.js";
import { ActiveTool } from "./activetool.js";

export class PlanEditor {
  #plan = null;
  #ground = null;
  #chosen = null;
  #edges = edgesAround();
  #buildings = [];
  // The grid that is drawn in, or being opened for it.
  #home = null;
  #turn = 0;
  #first = new FirstLook();

  /** ``parts``: map, config, store, panel, notices, sheet, layers, fit(box). */
  constructor(parts) {
    Object.assign(this, parts);
    const { map, notices } = this;
    this.strings = this.config.strings;
    this.progress = document.querySelector(".progress");
    const state = () => ({ ground: this.#ground, chosen: this.#chosen, candidates: this.working.candidates });
    const stage = document.querySelector(".stage");
    this.references = new References(this);
    const beneath = (ctx, frame) => this.references.paintOn(ctx, frame);
    this.sight = new Display({ map, layers: this.layers, strings: this.strings, stage, state, beneath, changed: () => this.#redraw() });
    this.faults = new Faults(map, this.panel.body, (ids, at) => this.#look(ids, at));
    this.bar = new Bar(stage, this.strings);
    this.corners = new Corners({
      map,
      notices,
      strings: this.strings,
      state: () => ({ ground: this.#ground, chosen: this.#chosen, buildings: this.#buildings, references: this.references }),
      show: (preview) => {
        this.faults.hush();
        this.sight.show(preview);
      },
      done: (operation, preview, at) => this.#do(operation, preview, at),
    });
    this.working = new ActiveTool({
      map,
      strings: this.strings,
      bar: this.bar,
      sketch: new Sketch(map, this.config.drawing, this.references),
      buildings: () => this.#buildings,
      context: () => this.#context(),
      done: (operation) => this.#do(operation),
      changed: () => this.#worked(),
      say: (text) => notices.show("plan", text, { kind: "warn", forMs: 8000 }),
    });
    this.side = new PlanPanel({
      panel: this.panel,
      notices,
      strings: this.strings,
      send: (path, body, { isNew, ...how }) => (isNew ? ask(`/api/plans/${this.#plan}/${path}`, { body, ...how }) : this.saver.send(path, body, how)),
      chosen: () => this.#chosen,
      opened: (plan) => this.store.go({ plan: plan.plan_id, grid: null }),
      leave: () => this.store.go({ grid: null }),
    });
    map.on("moveend zoomend", () => this.#showHandles());
    this.panel.addEventListener("arrived", () => this.#arrived());
    watchKeys(map, {
      isOn: () => this.#plan !== null,
      back: (deed) => this.side.mayDraw && this.side.offers(deed) && this.saver.send(deed, {}),
      working: this.working,
    });
  }

  get isOpen() {
    return this.#ground !== null;
  }

  /** Follow the view; anything but the drawing mode closes the room. */
  async show(view, how = {}) {
    const plan = view.mode === "draw" ? view.plan : null;
    if (plan !== this.#plan) {
      this.#close();
      this.#plan = plan;
      this.#first.begin(view.grid);
      this.references.show(plan);
      this.saver = plan && new Saver(plan, {
        notices: this.notices,
        strings: this.strings,
        done: (answer) => this.#saved(answer),
        stale: () => this.#reload(),
        refused: (problem) => this.#refused(problem),
      });
    }
    const grid = plan ? view.grid : null;
    if (grid !== this.#home) await this.#open(grid, how);
    this.#arrived();
  }

  async #open(grid, { from } = {}) {
    const turn = ++this.#turn;
    this.#shut();
    this.#home = grid;
    if (!grid) return;
    this.progress.hidden = false;
    const base = `/api/plans/${this.#plan}`;
    // Wanted when something is dragged, not before.
    const buildings = ask(`${base}/buildings?grid=${grid}`).catch(() => ({ buildings: [] }));
    const topojson = script(this.config.drawing.topojson).catch(() => {});
    try {
      const plain = await ask(`${base}/ground?grid=${grid}`);
      if (turn !== this.#turn) return;
      this.#take(plain, grid);
      performance.mark("ground-painted");
      if (from !== "history" && (from !== "start" || !this.store.view.place)) this.fit(this.#first.box ?? this.#ground.get(grid).box);
    } catch (problem) {
      if (turn === this.#turn) this.#refused(problem);
      return;
    } finally {
      this.progress.hidden = true;
    }
    await topojson;
    if (turn === this.#turn) this.#choose(this.#chosen?.id ?? null);
    const found = await buildings;
    if (turn === this.#turn) this.#buildings = found.buildings;
  }

  #take(plain, grid) {
    this.#ground = new Ground(plain, grid);
    this.saver.revision = plain.revision;
    this.sight.open();
    this.#redraw();
  }

  /** Ask again for what is there now: somebody else has changed it. */
  async #reload() {
    this.side.reload();
    const { root: home } = this.#ground ?? {};
    if (!home) {
      this.saver.revision = (await ask(`/api/plans/${this.#plan}`)).revision;
      return;
    }
    const chosen = this.#chosen?.id;
    this.sight.preview = null;
    this.#take(await ask(`/api/plans/${this.#plan}/ground?grid=${home}`), home);
    this.#choose(chosen ?? null, { keepsWork: this.#ground.has(chosen) });
  }

  #shut() {
    this.working.cancel();
    this.corners.cancel();
    this.#chosen = null;
    this.#home = null;
    this.#ground = null;
    this.#buildings = [];
    this.corners.look(null, this.#edges.junctions);
    this.sight.close();
    this.faults.hush();
  }

  #close() {
    this.#turn += 1;
    this.#shut();
    this.faults.show(false);
    this.notices.hide("plan");
  }

  /** Answer a click on the map. */
  pick(latlng) {
    if (!this.#plan) return;
    if (!this.working.place) this.faults.hush();
    if (!this.#ground) {
      const found = gridToOpen(this.map, this.layers.layer, latlng);
      if (found) this.store.go({ grid: found.id });
      return;
    }
    const found = this.#ground.at([latlng.lng, latlng.lat]);
    if (this.working.pick(found)) return;
    this.#choose(found.findLast((grid) => grid.level !== "county")?.id ?? null);
    this.sheet.raise();
    if (this.sheet.isSheet) this.panel.root?.querySelector(".place")?.scrollIntoView();
  }

  /** Go back by one: from what is being done, from the chosen grid. Returns whether there was any. */
  up() {
    if (this.corners.cancel() || this.working.cancel()) return true;
    if (this.#chosen) {
      this.#choose(null);
      return true;
    }
    return false;
  }

  // A tool has begun or ended: on a phone the sheet makes room for it.
  #worked() {
    if (this.working.key && this.sheet.isSheet) this.sheet.set("peek");
    else this.sheet.raise();
    if (!this.working.key) this.faults.hush();
    // What is drawn now is the plan's.
    else if (this.sight.phase === "before") this.sight.phases.set("both");
    this.#redraw();
  }

  #context() {
    return { grid: this.#chosen, ground: this.#ground, ...this.#edges };
  }

  #choose(id, { focus, keepsWork = false } = {}) {
    if (!keepsWork) this.working.cancel();
    this.#chosen = id === null ? null : this.#ground?.get(id) ?? null;
    this.#edges = edgesAround(globalThis.topojson, this.#ground, this.#chosen);
    this.#redraw();
    this.#showHandles(focus);
  }

  #showHandles(focus = null) {
    if (!this.#ground) return;
    this.corners.look(this.side.mayDraw && !this.working.key && this.sight.phase !== "before" ? this.#chosen : null, this.#edges.junctions, focus);
  }

  #redraw() {
    this.sight.paint();
    this.#fill();
    this.#showHandles();
  }

  #fill() {
    this.side.fill({
      path: this.#chosen ? this.#ground.path(this.#chosen.id) : [],
      tools: this.side.mayDraw ? toolsFor(this.#context()) : [],
      active: this.working.key,
      choose: (id) => this.#choose(id),
      start: (tool) => this.working.start(tool).catch(() => this.#refused({ isOffline: true })),
    });
  }

  async #do(operation, preview = null, focus = null) {
    this.faults.hush();
    this.focus = focus;
    this.sight.show(preview);
    try {
      await this.saver.step(operation);
    } finally {
      this.sight.show(null);
      this.#showHandles(focus);
    }
  }

  async #saved(answer) {
    if (!answer.changed) {
      // Grids that a published plan made have got numbers of their own.
      if (answer.state === "published") await Promise.all([this.layers.refresh(), this.#reload()]);
      else this.side.reload();
      return;
    }
    this.sight.preview = null;
    if (this.#ground) {
      this.#ground.update(answer);
      const chosen = this.#chosen?.id ?? null;
      this.#choose(chosen, { focus: this.focus });
    }
    this.focus = null;
    this.side.reload();
  }

  #refused(problem) {
    const text = problem.isOffline ? this.strings["draw.offline"] : problem.message;
    const place = problem.place ?? this.working.place;
    if (place && this.#ground) this.faults.say(place, text);
    if (!this.working.refuse(text)) this.notices.show("plan", text, { kind: "warn", forMs: 12_000 });
  }

  #arrived() {
    if (!this.side.isOf(this.#plan)) return;
    this.side.unfold();
    if (this.#first.lead(this.panel.root.dataset, this.store)) return;
    if (!this.#ground) this.saver.revision = this.side.revision;
    this.faults.show();
    this.#fill();
    this.#showHandles();
  }

  #look(ids, at) {
    const known = ids.find((id) => this.#ground?.has(id));
    if (known) this.#choose(known);
    if (at) this.fit([at[0] - 0.002, at[1] - 0.0015, at[0] + 0.002, at[1] + 0.0015]);
    else if (known) this.fit(this.#ground.get(known).box);
  }
}
