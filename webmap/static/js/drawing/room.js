// The drawing mode on the map: opens the ground of a plan, shows it, and joins choosing, dragging and
// tools with what is sent to the server. Loaded when the mode is.

import { gridsAt } from "../picking.js";
import { ask } from "./api.js";
import { Bar } from "./bar.js";
import { canvasLayer } from "./canvases.js";
import { Folds, showChosen } from "./chosen.js";
import { Dragging } from "./dragging.js";
import { edgesOf } from "./edges.js";
import { Faults } from "./faults.js";
import { Forms } from "./forms.js";
import { Ground } from "./ground.js";
import { Handles } from "./handles.js";
import { script } from "./libraries.js";
import { paintGround, paintWork } from "./paint.js";
import { meet } from "./rings.js";
import { Saver } from "./saver.js";
import { Sketch } from "./sketch.js";
import { toolsFor } from "./tools.js";
import { Working } from "./working.js";

const LEVELS_TO_DRAW_IN = ["community", "town"];

export class Room {
  #plan = null;
  #ground = null;
  #chosen = null;
  #edges = { edges: [], junctions: new Set() };
  #preview = null;
  #buildings = [];
  #turn = 0;

  /** ``parts``: map, config, store, panel, notices, sheet, layers, fit(box). */
  constructor(parts) {
    Object.assign(this, parts);
    const { map, notices } = this;
    this.strings = this.config.strings;
    this.style = this.layers.styles.grids;
    this.still = canvasLayer(map, "ground", 300, (ctx, frame) => this.#paintStill(ctx, frame));
    this.moving = canvasLayer(map, "drawn", 350, (ctx, frame) => {
      if (this.#ground) paintWork(ctx, frame, this.#ground, { style: this.style, candidates: this.working.candidates, chosen: this.#chosen, preview: this.#preview });
    });
    this.faults = new Faults(map, this.panel.body, (ids, at) => this.#look(ids, at));
    this.bar = new Bar(document.querySelector(".stage"), this.strings);
    this.handles = new Handles(map, this.strings, { begin: (handle) => this.#drag(handle), remove: (handle, sides) => this.#removeCorner(handle, sides) });
    this.working = new Working({
      map,
      strings: this.strings,
      bar: this.bar,
      sketch: new Sketch(map, this.config.drawing),
      buildings: () => this.#nearBuildings(),
      context: () => this.#context(),
      done: (operation) => this.#do(operation),
      changed: () => this.#worked(),
      say: (text) => notices.show("plan", text, { kind: "warn", forMs: 8000 }),
    });
    this.forms = new Forms(this.panel.body, {
      strings: this.strings,
      send: (path, body, options) => this.#sendForm(path, body, options),
      chosen: () => this.#chosen,
      opened: (plan) => this.store.go({ plan: plan.plan_id, grid: null }),
    });
    this.folds = new Folds();
    map.on("moveend zoomend", () => this.#showHandles());
    this.panel.addEventListener("arrived", () => this.#arrived());
    this.panel.body.addEventListener("click", (event) => event.target.closest("[data-do='leave-grid']") && this.store.go({ grid: null }));
    document.addEventListener("keydown", (event) => this.#key(event));
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
      this.saver = plan && new Saver(plan, {
        notices: this.notices,
        strings: this.strings,
        done: (answer) => this.#saved(answer),
        stale: () => this.#reload(),
        refused: (problem) => this.#refused(problem),
      });
    }
    const grid = plan ? view.grid : null;
    if (grid !== (this.#ground?.home ?? null) || (!grid && this.#turn)) await this.#open(grid, how);
    if (this.panel.root?.dataset.plan) this.#arrived();
  }

  async #open(grid, { from } = {}) {
    const turn = ++this.#turn;
    this.#shut();
    if (!grid) return;
    const stage = document.querySelector(".progress");
    stage.hidden = false;
    const base = `/api/plans/${this.#plan}`;
    // Wanted when something is dragged, not before.
    const buildings = ask(`${base}/buildings?grid=${grid}`).catch(() => ({ buildings: [] }));
    const topojson = script(this.config.drawing.topojson).catch(() => {});
    try {
      const plain = await ask(`${base}/ground?grid=${grid}`);
      if (turn !== this.#turn) return;
      this.#take(plain, grid);
      performance.mark("ground-painted");
      if (from !== "history" && (from !== "start" || !this.store.view.place)) this.fit(this.#ground.get(grid).box);
    } catch (problem) {
      if (turn === this.#turn) this.#refused(problem);
      return;
    } finally {
      stage.hidden = true;
    }
    await topojson;
    if (turn === this.#turn) this.#choose(this.#chosen?.id ?? null);
    const found = await buildings;
    if (turn === this.#turn) this.#buildings = found.buildings;
  }

  #take(plain, grid) {
    this.#ground = new Ground(plain, grid);
    this.saver.revision = plain.revision;
    document.documentElement.dataset.drawing = "true";
    this.still.addTo(this.map);
    this.moving.addTo(this.map);
    this.#redraw();
  }

  /** Ask again for what is there now: somebody else has changed it. */
  async #reload() {
    this.#loadPanel();
    const { home } = this.#ground ?? {};
    if (!home) {
      this.saver.revision = (await ask(`/api/plans/${this.#plan}`)).revision;
      return;
    }
    const chosen = this.#chosen?.id;
    this.#preview = null;
    this.#take(await ask(`/api/plans/${this.#plan}/ground?grid=${home}`), home);
    this.#choose(chosen ?? null);
  }

  #shut() {
    this.working.cancel();
    this.handles.cancel();
    this.#chosen = null;
    this.#preview = null;
    this.#ground = null;
    this.#buildings = [];
    this.handles.show(null);
    this.still.remove();
    this.moving.remove();
    this.faults.hush();
    delete document.documentElement.dataset.drawing;
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
    const at = [latlng.lng, latlng.lat];
    this.faults.hush();
    if (!this.#ground) {
      const here = gridsAt(this.map, this.layers.layer, latlng);
      const found = LEVELS_TO_DRAW_IN.map((level) => here.find((grid) => grid.level === level)).find(Boolean);
      if (found) this.store.go({ grid: found.id });
      return;
    }
    const found = this.#ground.at(at);
    if (this.working.pick(found)) return;
    this.#choose(found.findLast((grid) => grid.level !== "county")?.id ?? null);
    this.sheet.raise();
    if (this.sheet.isSheet) this.panel.root?.querySelector(".place")?.scrollIntoView();
  }

  /** Go back by one: from what is being done, from the chosen grid. Returns whether there was any. */
  up() {
    if (this.handles.cancel() || this.working.cancel()) return true;
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
    this.#redraw();
  }

  #context() {
    return { grid: this.#chosen, ground: this.#ground, edges: this.#edges.edges };
  }

  get #mayDraw() {
    return Boolean(this.panel.root?.dataset.mayDraw);
  }

  #choose(id, { focus } = {}) {
    this.working.cancel();
    this.#chosen = id === null ? null : this.#ground?.get(id) ?? null;
    this.#edges = { edges: [], junctions: new Set() };
    if (this.#chosen && globalThis.topojson?.topology) {
      const near = this.#ground.all().filter((grid) => grid.id !== this.#chosen.id && meet(grid.box, this.#chosen.box));
      this.#edges = edgesOf(globalThis.topojson, this.#chosen, near);
    }
    this.#redraw();
    this.#showHandles(focus);
  }

  #showHandles(focus = null) {
    if (!this.#ground || this.handles.isDragging) return;
    const grid = this.#mayDraw && !this.working.key ? this.#chosen : null;
    const isWhole = this.handles.show(grid, this.#edges.junctions, { focus });
    if (isWhole) this.notices.hide("corners");
    else this.notices.show("corners", this.strings["draw.zoom"]);
  }

  #redraw() {
    this.still.paint();
    this.moving.paint();
    this.#fill();
    this.#showHandles();
  }

  #fill() {
    showChosen(this.panel.root, {
      path: this.#chosen ? this.#ground.path(this.#chosen.id) : [],
      tools: this.#mayDraw ? toolsFor(this.#context()) : [],
      strings: this.strings,
      level: (level) => this.strings[`level.${level}`],
      active: this.working.key,
      choose: (id) => this.#choose(id),
      start: (tool) => this.working.start(tool).catch(() => this.#refused({ isOffline: true })),
    });
  }

  #paintStill(ctx, frame) {
    if (!this.#ground) return;
    paintGround(ctx, frame, this.#ground, { style: this.style, overBase: this.layers.overBase() });
  }

  #drag(handle) {
    this.faults.hush();
    return new Dragging(handle, {
      map: this.map,
      ground: this.#ground,
      chosen: this.#chosen,
      buildings: this.#buildings,
      show: (preview) => this.#showPreview(preview),
      done: (operation, preview, at) => this.#do(operation, preview, at),
    });
  }

  #showPreview(preview) {
    this.#preview = preview;
    this.moving.paint();
  }

  #removeCorner({ at }, [before, after]) {
    const edges = [{ level: this.#chosen.level, made: [[before, after]], gone: [[before, at], [at, after]] }];
    this.#do({ do: "reshape", old: [before, at, after], new: [before, after] }, { polygons: new Map(), edges, snap: null });
  }

  async #do(operation, preview = null, focus = null) {
    this.faults.hush();
    this.focus = focus;
    this.#showPreview(preview);
    try {
      await this.saver.step(operation);
    } finally {
      this.#showPreview(null);
      this.#showHandles(focus);
    }
  }

  #saved(answer) {
    if (!answer.changed) {
      // A deed: state, title, a fault let stand.
      this.#loadPanel();
      if (answer.state === "published") this.layers.refresh();
      return;
    }
    this.#preview = null;
    if (this.#ground) {
      this.#ground.update(answer);
      const chosen = this.#chosen?.id ?? null;
      this.#choose(chosen, { focus: this.focus });
    }
    this.focus = null;
    this.#loadPanel();
  }

  async #sendForm(path, body, { method, quiet, isNew }) {
    if (isNew) return ask(`/api/plans/${this.#plan}/${path}`, { method, body });
    return this.saver.send(path, body, { method, quiet });
  }

  #refused(problem) {
    const text = problem.isOffline ? this.strings["draw.offline"] : problem.message;
    if (problem.place && this.#ground) {
      this.faults.say(problem.place, text);
      if (!this.map.getBounds().contains([problem.place[1], problem.place[0]])) this.map.panTo([problem.place[1], problem.place[0]]);
    }
    this.notices.show("plan", text, { kind: "warn", forMs: 12_000 });
  }

  #loadPanel() {
    this.folds.note(this.panel.root);
    this.panel.reload();
  }

  /** The panel's fragment is there: a plan, or all of them. */
  #arrived() {
    const { root } = this.panel;
    if (this.store.view.mode !== "draw" || !root) return;
    if (Number(root.dataset.plan) !== this.#plan) return;
    this.folds.restore(root);
    if (this.saver && !this.#ground) this.saver.revision = Number(root.dataset.revision);
    this.faults.show();
    this.#fill();
    this.#showHandles();
  }

  // Lead to a fault: choose the grid that it is about, and go to its place.
  #look(ids, at) {
    const known = ids.find((id) => this.#ground?.has(id));
    if (known) this.#choose(known);
    if (at) this.fit([at[0] - 0.002, at[1] - 0.0015, at[0] + 0.002, at[1] + 0.0015]);
    else if (known) this.fit(this.#ground.get(known).box);
  }

  #nearBuildings() {
    const box = this.#chosen?.box;
    return box ? this.#buildings.filter(([lon, lat]) => meet(box, [lon, lat, lon, lat])) : [];
  }

  #key(event) {
    if (!this.#plan || event.target.matches("input, textarea, select")) return;
    if (event.key === "Enter" && this.working.key && event.target === this.map.getContainer()) this.working.finish();
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || !this.#mayDraw) return;
    event.preventDefault();
    const wanted = event.shiftKey ? "redo" : "undo";
    if (this.panel.body.querySelector(`[data-send="${wanted}"]`)) this.#send(wanted);
  }

  async #send(path) {
    await this.saver.send(path, {});
  }
}
