// The editor of a scenario: shows on the map the facilities that would come, move or close and the shares
// that would be, and sends the panel's forms.

import { ask, Problem } from "../drawing/api.js";
import { Forms } from "../drawing/forms.js";
import { Folds } from "../panel/folds.js";
import { Marks } from "./marks.js";
import { Placing } from "./placing.js";

/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Notices } from "../panel/notices.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Sheet } from "../panel/sheet.js" */
/** @import { Strings } from "../types/page.d.ts" */
/** @import { ChangeIn, ScenarioAnswer } from "../types/scenarios.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { Store } from "../view/store.js" */

export class ScenarioEditor {
  #store;
  #panel;
  #notices;
  #layers;
  #strings;
  #marks;
  #placing;
  /**
   * What the answer is about; null while no scenario is shown.
   * @type {string | null}
   */
  #key = null;
  /** @type {ScenarioAnswer | null} */
  #answer = null;
  /**
   * The revision of each scenario that was on show; a change that was answered counts it on at once.
   * @type {Map<string, number>}
   */
  #seen = new Map();
  /** @type {Promise<unknown> | null} */
  #shown = null;

  /**
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Store} parts.store
   * @param {Panel} parts.panel
   * @param {Notices} parts.notices
   * @param {Sheet} parts.sheet
   * @param {LayerSet} parts.layers
   * @param {Strings} parts.strings
   */
  constructor({ map, store, panel, notices, sheet, layers, strings }) {
    this.#store = store;
    this.#panel = panel;
    this.#notices = notices;
    this.#layers = layers;
    this.#strings = strings;
    this.#marks = new Marks(map);
    new Forms(panel.body, {
      scope: ".scenario, .scenarios",
      strings,
      opened: ({ scenario_id: scenario = null }) => store.go({ scenario, list: null }),
      said: (text, undo) => this.#say(text, undo),
      done: (body) => this.#done(body),
      revision: (address) => this.#seen.get(numberIn(address)),
      changed: (address, revision) => this.#seen.set(numberIn(address), revision),
      stale: (problem, again) => this.#stale(problem, again),
      failed: (text) => this.#warn(text),
    });
    this.#placing = new Placing({
      map,
      body: panel.body,
      store,
      notices,
      sheet,
      strings,
      send: (base, change) => this.#send(base, change),
      changed: () => this.#refresh(),
      stale: (problem, again) => this.#stale(problem, again),
    });
    // What came before this did stays open: who tries a standard goes on to the next.
    const folds = new Folds(panel.body);
    panel.addEventListener("arrived", () => {
      folds.restore(panel.root);
      this.#see();
    });
    this.#see();
  }

  /**
   * Follow the view: draw its scenario, or take it away.
   * @param {View} view
   */
  async show(view) {
    const id = view.mode === "coverage" ? view.scenario : null;
    this.#placing.show(id);
    const key = id === null ? null : keyOf(view);
    if (key !== this.#key) {
      this.#key = key;
      this.#answer = null;
      if (key !== null) await this.#load(view, key);
    }
    this.#draw(this.#store.view);
  }

  /** Ask for the scenario again, on the map and in the panel. */
  async #refresh() {
    const { view } = this.#store;
    this.#shown = this.#panel.reload();
    if (view.scenario) {
      this.#key = keyOf(view);
      await this.#load(view, this.#key);
    }
    this.#draw(this.#store.view);
  }

  // What is changed is what the panel has shown.
  #see() {
    const { scenario, revision } = this.#panel.root?.dataset ?? {};
    if (scenario && revision) this.#seen.set(scenario, Number(revision));
  }

  /**
   * Another window was faster: the panel shows what is there now, and this change waits for a word.
   * @param {Problem} problem
   * @param {() => void} again
   */
  async #stale(problem, again) {
    await this.#refresh();
    await this.#shown;
    const choice = (/** @type {string} */ text, /** @type {() => void} */ go) => ({
      text,
      do: () => {
        this.#notices.hide("scenario");
        go();
      },
    });
    const action = [choice(this.#strings["draw.mine"], again), choice(this.#strings["draw.theirs"], () => {})];
    this.#notices.show("scenario", problem.message, { kind: "warn", action });
  }

  /**
   * Take a click on the map; tell whether it was meant for a scenario.
   * @param {L.LatLng} latlng
   */
  pick(latlng) {
    return this.#placing.pick(latlng);
  }

  /** Put the tool away; tell whether there was anything. */
  up() {
    return this.#placing.up();
  }

  /**
   * The map shows the kind that was changed last.
   * @param {Record<string, unknown>} body
   */
  async #done({ kind }) {
    if (typeof kind === "string" && kind && kind !== this.#store.view.kind) this.#store.go({ kind });
    await this.#refresh();
    // What it would bring stands above.
    if (kind) this.#panel.body.scrollTop = 0;
  }

  /**
   * @param {View} view
   * @param {string} key
   */
  async #load(view, key) {
    // The panel chooses the kind where the address does not name one.
    const kind = view.kind ?? this.#kindOnShow(view.scenario);
    const query = new URLSearchParams();
    if (kind) query.set("kind", kind);
    if (view.on) query.set("on", view.on);
    try {
      /** @type {ScenarioAnswer} */
      const answer = await ask(`/api/scenarios/${view.scenario}?${query}`);
      if (this.#key === key) this.#answer = answer;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // The panel says what is wrong.
      if (this.#key === key) this.#key = null;
    }
  }

  /** @param {number | null} id */
  #kindOnShow(id) {
    const root = this.#panel.root;
    return root?.dataset.scenario === String(id) ? root.dataset.kind : null;
  }

  /** @param {View} view */
  #draw(view) {
    const answer = view.scenario ? this.#answer : null;
    this.#marks.show(answer?.marks ?? []);
    if (!answer || view.phase === "before") this.#layers.suppose(null);
    else this.#layers.suppose(new Map(Object.entries(answer.shares).map(([id, [, after]]) => [Number(id), after])));
  }

  /**
   * Send a change to a scenario's address.
   * @param {string} base
   * @param {ChangeIn} body
   */
  async #send(base, body) {
    const id = numberIn(base);
    /** @type {{revision: number}} */
    const { revision } = await ask(`${base}/changes`, { method: "POST", body, revision: this.#seen.get(id) });
    this.#seen.set(id, revision);
  }

  /**
   * @param {string} text
   * @param {() => void} undo
   */
  #say(text, undo) {
    const back = () => {
      this.#notices.hide("scenario");
      undo();
    };
    this.#notices.show("scenario", text, { action: { text: this.#strings["draw.undo"], do: back }, forMs: 10_000 });
  }

  /** @param {string} text */
  #warn(text) {
    this.#notices.show("scenario", text, { kind: "warn", forMs: 8000 });
  }
}

/**
 * Return the number of the scenario that an address is about, as the panel writes it.
 * @param {string} address
 */
function numberIn(address) {
  return address.split("/")[3];
}

/**
 * What an answer is about.
 * @param {View} view
 */
function keyOf({ scenario, kind, on }) {
  return JSON.stringify([scenario, kind, on]);
}
