// The ground that is drawn in: every grid of it as the plan has it, and as it was published.

import { LEVELS } from "../view/view.js";
import { boxOf, holds, meet, moved, passing, reshaped, segmentsBeyond, unmatched } from "./rings.js";

/** @import { Box, Level } from "../types/page.d.ts" */
/** @import { Grid, GroundChange, PlainGrid, PlainGround, Polygons, Position, Segment } from "../types/plans.d.ts" */

/**
 * The shape of a grid that the plan changes, before and after it, and whether ground comes to it or goes.
 * @typedef {{id: number, before: Polygons, after: Polygons, comes: boolean, goes: boolean}} ShapeChange
 */

export class Ground {
  /**
   * The levels whose grids are named on it: those above are named by the map beneath.
   * @type {Level[]}
   */
  namedLevels;
  /** @type {Map<number, Grid>} */
  #grids = new Map();
  /** @type {Map<number, Grid>} */
  #before = new Map();
  /** @type {{made: Segment[], gone: Segment[]} | null} */
  #beyond = null;
  /** @type {Map<Level, Set<number>>} */
  #gaps = new Map();
  /** @type {Ground | null} */
  #past = null;
  /** @type {ShapeChange[] | null} */
  #changes = null;

  /**
   * @param {Pick<PlainGround, "grids" | "before">} plain  the server's answer
   * @param {number} root  the grid that was opened: it, what lies in it and what touches it are here
   */
  constructor(plain, root) {
    this.root = root;
    for (const grid of plain.grids) this.#grids.set(grid.grid_id, gridOf(grid));
    for (const grid of plain.before ?? []) this.#before.set(grid.grid_id, gridOf(grid));
    const opened = this.get(root);
    this.namedLevels = LEVELS.slice(Math.max(1, opened ? LEVELS.indexOf(opened.level) : 0));
  }

  /** @param {number | null} id */
  get(id) {
    return (id !== null && this.#grids.get(id)) || null;
  }

  /** @param {number} id */
  has(id) {
    return this.#grids.has(id);
  }

  /**
   * All grids, or those of a level.
   * @param {Level} [level]
   */
  all(level) {
    const grids = [...this.#grids.values()];
    return level ? grids.filter((grid) => grid.level === level) : grids;
  }

  /**
   * Take over what a step has changed.
   * @param {GroundChange} change
   */
  update({ changed, gone }) {
    for (const plain of changed) {
      const known = this.#grids.get(plain.grid_id);
      if (known && !this.#before.has(known.id) && known.id > 0 && !known.isChanged) this.#before.set(known.id, known);
      const grid = gridOf(plain);
      // Undone: it is again what it was.
      if (!grid.isChanged) this.#before.delete(grid.id);
      // What lies elsewhere was never opened.
      if (known || this.#touches(grid)) this.#grids.set(grid.id, grid);
    }
    for (const id of gone) {
      const known = this.#grids.get(id);
      if (known && id > 0 && !this.#before.has(id)) this.#before.set(id, known);
      this.#grids.delete(id);
    }
    this.#beyond = null;
    this.#past = null;
    this.#changes = null;
    this.#gaps.clear();
  }

  /**
   * Return the grids at a place, coarsest first.
   * @param {Position} place
   */
  at(place) {
    const found = this.all().filter(({ box, polygons }) => meet(box, [...place, ...place]) && holds(polygons, place));
    return found.sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  }

  /**
   * Return a grid and all above it, coarsest first.
   * @param {number} id
   */
  path(id) {
    /** @type {Grid[]} */
    const found = [];
    for (let grid = this.get(id); grid; grid = this.get(grid.parent)) found.unshift(grid);
    return found;
  }

  /**
   * Does a grid lie in the one that was opened, or is it that one?
   * @param {number} id
   */
  isInRoot(id) {
    return this.path(id).some((grid) => grid.id === this.root);
  }

  /**
   * Is there ground without a grid of a level beside a grid, or among those that lie in it? Told only of
   * grids whose neighbours are all here.
   * @param {Level} level
   * @param {Grid} grid
   */
  hasGap(level, grid) {
    if (!this.isInRoot(grid.id)) return false;
    const asked = grid.level === level ? [grid] : this.all(level).filter((each) => each.parent === grid.id);
    return asked.length === 0 || asked.some((each) => this.isInRoot(each.id) && this.#atGaps(level).has(each.id));
  }

  /**
   * The grids of a level with an edge that has nothing behind it, and is not the county's.
   * @param {Level} level
   */
  #atGaps(level) {
    const known = this.#gaps.get(level);
    if (known) return known;
    const grids = this.all(level);
    const county = this.all("county");
    const found = county.length ? unmatched(grids.map((each) => each.polygons), county.flatMap((each) => each.polygons)) : [];
    const ids = new Set([...found].map((index) => grids[index].id));
    this.#gaps.set(level, ids);
    return ids;
  }

  /**
   * Return what becomes of the grids if a corner moves: polygons by id, of those that have it.
   * @param {Position} corner
   * @param {Position} to
   */
  moving(corner, to) {
    return this.#redrawn([...corner, ...corner], (polygons) => moved(polygons, corner, to));
  }

  /**
   * Return what becomes of the grids if a piece of an edge runs along other corners.
   * @param {Position[]} old
   * @param {Position[]} path
   */
  reshaping(old, path) {
    return this.#redrawn(boxOf([[old]]), (polygons) => reshaped(polygons, old, path));
  }

  /**
   * The ground as it was published.
   * @returns {Ground}
   */
  get past() {
    this.#past ??= this.#published();
    return this.#past;
  }

  #published() {
    const past = new Ground({ grids: [] }, this.root);
    past.namedLevels = this.namedLevels;
    for (const grid of this.all()) if (!grid.isChanged) past.#grids.set(grid.id, grid);
    for (const [id, grid] of this.#before) past.#grids.set(id, grid);
    return past;
  }

  /** The grids whose ground the plan changes. */
  get changes() {
    this.#changes ??= [...new Set([...this.#grids.keys(), ...this.#before.keys()])].flatMap((id) => {
      const [was, now] = [this.#before.get(id), this.#grids.get(id)];
      if (!was && !now?.isChanged) return [];
      const [before, after] = [was, now].map((each) => each?.polygons ?? []);
      const { comes, goes } = passing(before, after);
      return comes || goes ? [{ id, before, after, comes, goes }] : [];
    });
    return this.#changes;
  }

  /** The segments that the plan has made and those that it has done away with. */
  get beyond() {
    this.#beyond ??= this.#compare();
    return this.#beyond;
  }

  #compare() {
    const ids = new Set([...this.#before.keys(), ...this.all().filter((grid) => grid.isChanged).map((grid) => grid.id)]);
    /** @type {Segment[]} */
    const made = [];
    /** @type {Segment[]} */
    const gone = [];
    // Level by level: an edge that no longer parts two towns may part two compounds still.
    for (const level of LEVELS) {
      const [now, was] = [this.#grids, this.#before].map((grids) =>
        [...ids].flatMap((id) => grids.get(id) ?? []).filter((grid) => grid.level === level).flatMap((grid) => grid.polygons));
      made.push(...segmentsBeyond(now, was));
      gone.push(...segmentsBeyond(was, now));
    }
    return { made, gone };
  }

  /**
   * @param {Box} box
   * @param {(polygons: Polygons) => Polygons} change  returns the same polygons where nothing changes
   */
  #redrawn(box, change) {
    /** @type {Map<number, Polygons>} */
    const found = new Map();
    for (const grid of this.#grids.values()) {
      if (!meet(grid.box, box)) continue;
      const polygons = change(grid.polygons);
      if (polygons !== grid.polygons) found.set(grid.id, polygons);
    }
    return found;
  }

  /** @param {Grid} grid */
  #touches(grid) {
    return this.all().some((each) => each.level !== "county" && meet(each.box, grid.box));
  }
}

/**
 * @param {PlainGrid} plain
 * @returns {Grid}
 */
function gridOf(plain) {
  return Object.freeze({
    id: plain.grid_id,
    level: plain.level,
    parent: plain.parent_id,
    name: plain.name,
    code: plain.code,
    households: plain.households,
    population: plain.population,
    isChanged: plain.is_changed,
    polygons: plain.polygons,
    box: boxOf(plain.polygons),
  });
}
