// A scenario on the map: the facilities that would come, move or close, the shares that would be, and
// the tools that place facilities. The panel's forms are sent from here.

import { ask, Problem } from "../drawing/api.js";
import { Forms } from "../drawing/forms.js";
import { Folds } from "../panel/folds.js";
import { Marks } from "./marks.js";

// A facility is meant by a click that is no farther from it, CSS pixels.
const NEAR = 24;

/** Return the number of the scenario that an address is about, as the panel writes it. */
const numberIn = (address) => address.split("/")[3];

export class ScenarioEditor {
  #key = null;
  #answer = null;
  #tool = null; // {what, kind, base, facility}
  // The revision of each scenario that was on show; a change that was answered counts it on at once.
  #seen = new Map();
  #shown = null;

  /** parts: map, store, panel, notices, sheet, layers, strings. */
  constructor({ map, store, panel, notices, sheet, layers, strings }) {
    Object.assign(this, { map, store, panel, notices, sheet, layers, strings });
    this.marks = new Marks(map);
    this.forms = new Forms(panel.body, {
      scope: ".scenario, .scenarios",
      strings,
      opened: (made) => store.go({ scenario: made.scenario_id, list: null }),
      said: (text, undo) => this.#say(text, undo),
      done: (body) => this.#done(body),
      revision: (address) => this.#seen.get(numberIn(address)),
      changed: (address, revision) => this.#seen.set(numberIn(address), revision),
      stale: (problem, again) => this.#stale(problem, again),
    });
    this.forms.failed = (text) => notices.show("scenario", text, { kind: "warn", forMs: 8000 });
    panel.body.addEventListener("click", (event) => this.#clicked(event));
    // What came before this did stays open: whoever tries a standard goes on to the next.
    const folds = new Folds(panel.body);
    panel.addEventListener("arrived", () => (folds.restore(panel.root), this.#see()));
    this.#see();
  }

  /** Follow the view: draw its scenario, or take it away. */
  async show(view) {
    const id = view.mode === "coverage" ? view.scenario : null;
    if (this.#tool && this.#tool.scenario !== id) this.#put(null);
    const key = id && JSON.stringify([id, view.kind, view.on]);
    if (key !== this.#key) {
      this.#key = key;
      this.#answer = null;
      if (id) await this.#load(view, key);
    }
    this.#draw(this.store.view);
  }

  /** Ask for the scenario anew, on the map and in the panel. */
  async refresh() {
    const { view } = this.store;
    this.#shown = this.panel.reload();
    if (view.scenario) await this.#load(view, this.#key);
    this.#draw(this.store.view);
  }

  // What is changed is what the panel has shown.
  #see() {
    const { scenario, revision } = this.panel.root?.dataset ?? {};
    if (revision) this.#seen.set(scenario, Number(revision));
  }

  // Another window was faster: the panel shows what is there now, and this change waits for a word.
  async #stale(problem, again) {
    await this.refresh();
    await this.#shown;
    const { strings, notices } = this;
    const choices = [[strings["draw.mine"], again], [strings["draw.theirs"], () => {}]];
    const action = choices.map(([text, go]) => ({ text, do: () => (notices.hide("scenario"), go()) }));
    notices.show("scenario", problem.message, { kind: "warn", action });
  }

  pick(latlng) {
    if (!this.#tool) return false;
    this.#place(latlng);
    return true;
  }

  up() {
    if (!this.#tool) return false;
    this.#put(null);
    return true;
  }

  // The map shows the kind that was changed last.
  async #done({ kind }) {
    if (kind && kind !== this.store.view.kind) this.store.go({ kind });
    await this.refresh();
    // What it would bring stands above.
    if (kind) this.panel.body.scrollTop = 0;
  }

  async #load(view, key) {
    // The panel chooses the kind where the address does not name one.
    const kind = view.kind ?? this.#kindOnShow(view.scenario);
    const query = new URLSearchParams();
    if (kind) query.set("kind", kind);
    if (view.on) query.set("on", view.on);
    try {
      const answer = await ask(`/api/scenarios/${view.scenario}?${query}`);
      if (this.#key === key) this.#answer = answer;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // The panel says what is wrong.
      if (this.#key === key) this.#key = null;
    }
  }

  #kindOnShow(id) {
    const root = this.panel.root;
    return root?.dataset.scenario === String(id) ? root.dataset.kind : null;
  }

  #draw(view) {
    const answer = view.scenario ? this.#answer : null;
    this.marks.show(answer?.marks ?? []);
    if (!answer || view.phase === "before") this.layers.suppose(null);
    else this.layers.suppose(new Map(Object.entries(answer.shares).map(([id, [, after]]) => [Number(id), after])));
  }

  #clicked(event) {
    const button = event.target.closest("[data-place]");
    if (!button) return;
    const tools = button.closest("[data-placing]");
    const kind = tools.querySelector("select");
    const tool = {
      what: button.dataset.place,
      kind: kind.value,
      title: kind.selectedOptions[0].text,
      base: tools.dataset.placing,
      scenario: this.store.view.scenario,
      facility: null,
    };
    // The kind that is placed is the one that the map shows.
    if (this.store.view.kind !== tool.kind) this.store.go({ kind: tool.kind });
    this.#put(tool);
    // Whoever came by keyboard goes on there: the cross shows what Enter takes.
    if (event.detail === 0) this.map.getContainer().focus();
    if (this.sheet.isSheet) this.sheet.set("peek");
  }

  #put(tool) {
    this.#tool = tool;
    this.map.getContainer().classList.toggle("is-placing", Boolean(tool));
    if (!tool) {
      this.notices.hide("placing");
      return;
    }
    const step = tool.what === "move" && tool.facility ? "to" : tool.what;
    const text = this.strings[`scenario.${step}`].replace("{kind}", tool.title);
    this.notices.show("placing", text, { action: { text: this.strings["scenario.cancel"], do: () => this.#put(null) } });
  }

  async #place(latlng, tool = this.#tool) {
    const [lon, lat] = [latlng.lng, latlng.lat];
    try {
      if (tool.what !== "add" && !tool.facility) {
        const edge = this.map.containerPointToLatLng(this.map.latLngToContainerPoint(latlng).add([NEAR, 0]));
        const within_m = Math.min(20_000, Math.max(1, this.map.distance(latlng, edge)));
        const { facility } = await ask(`${tool.base}/near`, { method: "POST", body: { kind: tool.kind, lon, lat, within_m } });
        if (this.#tool !== tool) return;
        if (!facility) {
          this.notices.show("scenario", this.strings["scenario.none"].replace("{kind}", tool.title), { kind: "warn", forMs: 5000 });
          return;
        }
        if (tool.what === "move") {
          this.#put({ ...tool, facility });
          return;
        }
        await this.#change(tool, { what: "close", facility });
      } else if (tool.facility) {
        await this.#change(tool, { what: "move", facility: tool.facility, lon, lat });
      } else {
        await this.#change(tool, { what: "add", kind: tool.kind, lon, lat });
      }
      if (this.#tool === tool) this.#put(null);
      await this.refresh();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.isStale) {
        await this.#stale(problem, () => this.#place(latlng, (this.#tool = tool)));
        return;
      }
      const text = problem.isOffline ? this.strings["draw.offline"] : problem.message;
      this.notices.show("scenario", text, { kind: "warn", forMs: 8000 });
    }
  }

  async #change(tool, body) {
    const id = numberIn(tool.base);
    const { revision } = await ask(`${tool.base}/changes`, { method: "POST", body, revision: this.#seen.get(id) });
    this.#seen.set(id, revision);
  }

  #say(text, undo) {
    const back = { text: this.strings["draw.undo"], do: () => (this.notices.hide("scenario"), undo()) };
    this.notices.show("scenario", text, { action: undo ? back : null, forMs: 10_000 });
  }
}
