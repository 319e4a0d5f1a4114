// What a click on the map means: a building, a facility, an issue, a cluster, a badge, or the grid.

/** @import { Level } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { LayerSet } from "./layerset.js" */
/** @import { Selection } from "./selection.js" */
/** @import { PlanEditor } from "../drawing/editor.js" */
/** @import { Opened } from "../view/opener.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Sheet } from "../panel/sheet.js" */
/** @import { ScenarioEditor } from "../scenarios/editor.js" */
/** @import { Why } from "../services/why.js" */
/** @import { Store } from "../view/store.js" */

import { containsLonLat } from "../view/geometry.js";
import { badgeAt, facilityAt, gridsAt, issueAt } from "./picking.js";
import { hereUrl, LEVELS } from "../view/view.js";

export class Clicks {
  /**
   * The parts of the page that a click may concern.
   * @param {{ map: L.Map, store: Store, layers: LayerSet, selection: Selection, panel: Panel, sheet: Sheet, planEditor: Opened<PlanEditor>, why: Why, scenarioEditor: Opened<ScenarioEditor> }} parts
   */
  constructor({ map, store, layers, selection, panel, sheet, planEditor, why, scenarioEditor }) {
    this.map = map;
    this.store = store;
    this.layers = layers;
    this.selection = selection;
    this.panel = panel;
    this.sheet = sheet;
    this.planEditor = planEditor;
    this.why = why;
    this.scenarioEditor = scenarioEditor;
  }

  /**
   * Answer a click; return whether the grid that comes should be fitted: it is a level deeper.
   * @param {L.LatLng} latlng
   */
  answer(latlng) {
    const { view } = this.store;
    if (this.scenarioEditor.part?.pick(latlng)) return false;
    if (view.mode === "draw") this.planEditor.part?.pick(latlng);
    // The scenario's own panel stays, and tells of the grid.
    else if (view.scenario) this.store.go({ grid: gridsAt(this.map, this.layers.layer, latlng).at(-1)?.id ?? null });
    else if (!this.#spot(view, latlng)) return this.#grid(view, latlng);
    return false;
  }

  /**
   * Return the facility at a place, as its tile has it, or null.
   * @param {L.LatLng} latlng
   */
  facilityAt(latlng) {
    return this.store.view.mode === "coverage" ? facilityAt(this.map, this.layers.layer, this.layers.styles.coverage, latlng) : null;
  }

  /**
   * Whatever stands there as a symbol goes before the ground beneath it.
   * @param {View} view
   * @param {L.LatLng} latlng
   */
  #spot(view, latlng) {
    const { map, layers } = this;
    const facility = this.facilityAt(latlng);
    if (facility) return this.#open({ facility: facility.props.id });
    if (this.why.lightAt(latlng)) return true;
    const issue = view.mode === "issues" ? issueAt(map, layers.layer, latlng) : null;
    if (issue && issue.props.n > 1 && map.getZoom() < map.getMaxZoom()) {
      map.setView(latlng, Math.min(map.getMaxZoom(), map.getZoom() + 2));
      return true;
    }
    if (issue?.props.id) return this.#open({ issue: issue.props.id });
    const badge = view.mode === "responsibility" ? badgeAt(map, layers.layer, layers.styles.grids, latlng) : null;
    if (badge && badge.props.id !== view.grid) return this.#open({ grid: badge.props.id });
    return false;
  }

  /** @param {Partial<View>} parts */
  #open(parts) {
    this.store.go(parts);
    this.sheet.raise();
    return true;
  }

  /**
   * The grid at a place, at the level that is drawn; a second click goes a level deeper.
   * @param {View} view
   * @param {L.LatLng} latlng
   */
  #grid(view, latlng) {
    const { selection, panel } = this;
    const again = selection.geometry && containsLonLat(selection.geometry, latlng.lng, latlng.lat);
    const selected = /** @type {Level | undefined} */ (panel.root?.dataset.level);
    let level = gridsAt(this.map, this.layers.layer, latlng).at(-1)?.level ?? this.layers.finestLevel;
    const isDeeper = again && view.grid && selected && LEVELS.indexOf(selected) >= LEVELS.indexOf(level);
    if (isDeeper) level = LEVELS[Math.min(LEVELS.length - 1, LEVELS.indexOf(selected) + 1)];
    // Another grid leaves what was opened from the one before; the same grid shows itself again.
    if (again && (view.facility || view.list)) this.store.go({ facility: null, list: null }, { panel: "loaded" });
    panel.load(hereUrl(view, { lon: latlng.lng, lat: latlng.lat }, level));
    this.sheet.raise();
    return Boolean(isDeeper);
  }
}
