// The ground that is open, as it is loaded for a grid of a plan; the grid that is chosen on it, and what
// lies around that.

import { ask } from "./api.js";
import { edgesAround } from "./edges.js";
import { Ground } from "./ground.js";
import { script } from "./libraries.js";

/** @import { Edges, Grid, PlainGround, Position } from "../types/plans.d.ts" */
/** @import { Context } from "./tools.js" */

export class OpenGround {
  /**
   * Null while none is open.
   * @type {Ground | null}
   */
  ground = null;
  /** @type {Grid | null} */
  chosen = null;
  /**
   * The grid that is open, or being opened.
   * @type {number | null}
   */
  root = null;
  /**
   * Those with households, to hold on to.
   * @type {Position[]}
   */
  buildings = [];
  #topojson;
  /** @type {Edges} */
  #edges = edgesAround();
  #turn = 0;

  /** @param {string} topojson  the address of the library that finds edges */
  constructor(topojson) {
    this.#topojson = topojson;
  }

  /**
   * Load the ground of a grid; resolves to null where another has been opened meanwhile. What is wanted when
   * something is dragged may come later: buildings, and the library that finds edges; ``hasLibrary`` resolves to
   * whether this ground is open still.
   * @param {number} plan
   * @param {number} root
   * @returns {Promise<{revision: number, hasLibrary: Promise<boolean>} | null>}
   */
  async load(plan, root) {
    this.clear();
    this.root = root;
    const turn = this.#turn;
    const isOpen = () => turn === this.#turn;
    const base = `/api/plans/${plan}`;
    const library = script(this.#topojson).catch(() => {});
    /** @type {Promise<{buildings: Position[]}>} */
    const asked = ask(`${base}/buildings?grid=${root}`);
    const buildings = asked.catch(() => ({ buildings: [] }));
    /** @type {PlainGround} */
    const plain = await ask(`${base}/ground?grid=${root}`);
    if (!isOpen()) return null;
    this.ground = new Ground(plain, root);
    buildings.then((found) => {
      if (isOpen()) this.buildings = found.buildings;
    });
    return { revision: plain.revision, hasLibrary: library.then(isOpen) };
  }

  /**
   * Load again what is there now, and keep what is chosen; resolves to its revision.
   * @param {number} plan
   * @param {number} root
   */
  async reload(plan, root) {
    const turn = this.#turn;
    /** @type {PlainGround} */
    const plain = await ask(`/api/plans/${plan}/ground?grid=${root}`);
    if (turn !== this.#turn) return null;
    this.ground = new Ground(plain, root);
    return plain.revision;
  }

  /** Close what is open; what is being loaded is no longer wanted. */
  clear() {
    this.#turn += 1;
    this.ground = this.chosen = this.root = null;
    this.buildings = [];
    this.#edges = edgesAround();
  }

  /**
   * Choose a grid, or none; one that is not there is none. Its edges are known once topojson is loaded.
   * @param {number | null} id
   */
  choose(id) {
    this.chosen = this.ground?.get(id) ?? null;
    this.#edges = edgesAround(globalThis.topojson, this.ground, this.chosen);
  }

  /** The corners of the chosen grid where edges end. */
  get junctions() {
    return this.#edges.junctions;
  }

  /** The chosen grid and all above it. */
  get path() {
    return this.ground && this.chosen ? this.ground.path(this.chosen.id) : [];
  }

  /**
   * What a tool works on; null while no grid is chosen.
   * @returns {Context | null}
   */
  get context() {
    const { ground, chosen: grid } = this;
    return ground && grid ? { grid, ground, edges: this.#edges.edges } : null;
  }
}
