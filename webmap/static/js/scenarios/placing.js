// The tools that place facilities of a scenario: one that is added, moved or closed by clicks on the map.

import { ask, Problem } from "../drawing/api.js";
import { closest, find } from "../view/elements.js";

/** @import { Notices } from "../panel/notices.js" */
/** @import { Sheet } from "../panel/sheet.js" */
/** @import { Strings } from "../types/page.d.ts" */
/** @import { ChangeIn } from "../types/scenarios.d.ts" */
/** @import { Store } from "../view/store.js" */

/**
 * A tool that places facilities of a kind; one that moves a facility has it at its second click.
 * @typedef {object} Tool
 * @property {"add" | "move" | "close"} what
 * @property {string} kind
 * @property {string} title  of the kind
 * @property {string} base  the address of the scenario
 * @property {number | null} scenario
 * @property {number | null} facility
 */

// A facility is meant by a click that is no farther from it, CSS pixels.
const NEAR_PX = 24;

export class Placing {
  #map;
  #store;
  #notices;
  #sheet;
  #strings;
  #send;
  #changed;
  #stale;
  /** @type {Tool | null} */
  #tool = null;

  /**
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {HTMLElement} parts.body  of the panel, that offers the tools
   * @param {Store} parts.store
   * @param {Notices} parts.notices
   * @param {Sheet} parts.sheet
   * @param {Strings} parts.strings
   * @param {(base: string, change: ChangeIn) => Promise<void>} parts.send  sends a change to a scenario's address
   * @param {() => Promise<void>} parts.changed  is called after each change
   * @param {(problem: Problem, again: () => void) => Promise<void>} parts.stale  hears of a change to what had not
   *   been seen
   */
  constructor({ map, body, store, notices, sheet, strings, send, changed, stale }) {
    this.#map = map;
    this.#store = store;
    this.#notices = notices;
    this.#sheet = sheet;
    this.#strings = strings;
    this.#send = send;
    this.#changed = changed;
    this.#stale = stale;
    body.addEventListener("click", (event) => this.#clicked(event));
  }

  /**
   * Follow the view: a tool is put away with its scenario.
   * @param {number | null} scenario
   */
  show(scenario) {
    if (this.#tool && this.#tool.scenario !== scenario) this.#put(null);
  }

  /**
   * Take a click on the map; tell whether it was meant for a scenario.
   * @param {L.LatLng} latlng
   */
  pick(latlng) {
    if (!this.#tool) return false;
    this.#place(latlng, this.#tool);
    return true;
  }

  /** Put the tool away; tell whether there was anything. */
  up() {
    if (!this.#tool) return false;
    this.#put(null);
    return true;
  }

  /** @param {MouseEvent} event */
  #clicked({ target, detail }) {
    const button = closest(HTMLElement, target, "[data-place]");
    const tools = closest(HTMLElement, target, "[data-placing]");
    const what = button?.dataset.place;
    if (!tools || (what !== "add" && what !== "move" && what !== "close")) return;
    const kinds = find(HTMLSelectElement, "select", tools);
    const { scenario, kind } = this.#store.view;
    // The kind that is placed is the one that the map shows.
    if (kind !== kinds.value) this.#store.go({ kind: kinds.value });
    this.#put({ what, kind: kinds.value, title: kinds.selectedOptions[0].text, base: tools.dataset.placing ?? "", scenario, facility: null });
    // Who came by keyboard goes on there: the cross shows what Enter takes.
    if (detail === 0) this.#map.getContainer().focus();
    if (this.#sheet.isSheet) this.#sheet.set("peek");
  }

  /** @param {Tool | null} tool */
  #put(tool) {
    this.#tool = tool;
    this.#map.getContainer().classList.toggle("is-placing", Boolean(tool));
    if (!tool) {
      this.#notices.hide("placing");
      return;
    }
    const step = tool.what === "move" && tool.facility ? "to" : tool.what;
    const text = this.#strings[`scenario.${step}`].replace("{kind}", tool.title);
    this.#notices.show("placing", text, { action: { text: this.#strings["scenario.cancel"], do: () => this.#put(null) } });
  }

  /**
   * Do what a tool does at a place.
   * @param {L.LatLng} latlng
   * @param {Tool} tool
   */
  async #place(latlng, tool) {
    try {
      const change = tool.what === "add" || tool.facility ? changeOf(tool, latlng) : await this.#found(latlng, tool);
      if (!change) return;
      await this.#send(tool.base, change);
      if (this.#tool === tool) this.#put(null);
      await this.#changed();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.isStale) {
        await this.#stale(problem, () => {
          this.#tool = tool;
          this.#place(latlng, tool);
        });
        return;
      }
      const text = problem.isOffline ? this.#strings["draw.offline"] : problem.message;
      this.#notices.show("scenario", text, { kind: "warn", forMs: 8000 });
    }
  }

  /**
   * Find the facility that a click means: what closes it, or null where it is none or is to be moved.
   * @param {L.LatLng} latlng
   * @param {Tool} tool
   * @returns {Promise<ChangeIn | null>}
   */
  async #found(latlng, tool) {
    const edge = this.#map.containerPointToLatLng(this.#map.latLngToContainerPoint(latlng).add([NEAR_PX, 0]));
    const within_m = Math.min(20_000, Math.max(1, this.#map.distance(latlng, edge)));
    const body = { kind: tool.kind, lon: latlng.lng, lat: latlng.lat, within_m };
    /** @type {{facility: number | null}} */
    const { facility } = await ask(`${tool.base}/near`, { method: "POST", body });
    if (this.#tool !== tool) return null;
    if (!facility) {
      this.#notices.show("scenario", this.#strings["scenario.none"].replace("{kind}", tool.title), { kind: "warn", forMs: 5000 });
      return null;
    }
    if (tool.what === "close") return { what: "close", facility };
    this.#put({ ...tool, facility });
    return null;
  }
}

/**
 * @param {Tool} tool
 * @param {L.LatLng} place
 * @returns {ChangeIn}
 */
function changeOf({ kind, facility }, { lng: lon, lat }) {
  return facility ? { what: "move", facility, lon, lat } : { what: "add", kind, lon, lat };
}
