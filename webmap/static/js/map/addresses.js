// Where the tiles of each source are: what the page knows is good for the first look, from then on
// the TileJSON is asked.

/** @import { Box, Config, LayerConfig, Styles } from "../types/page.d.ts" */
/** @import { SourceName } from "../types/tiles.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { Quantiles } from "../view/classes.js" */
/** @import { Kinds } from "../view/shares.js" */

/** What the server tells of services, beside where their tiles are. @typedef {{ kind?: string, kinds?: Kinds, quantiles?: Quantiles, outside?: boolean }} Told */
/** @typedef {{ name: SourceName, url: string, bounds: Box | undefined } & Told} Template */

import { layerQuery } from "../view/view.js";

export class Addresses {
  /** @type {Map<SourceName, string | null>} */
  #tileJson;
  /** @type {Map<SourceName, string | null | undefined>} */
  #known;
  #box;

  /** @param {Pick<Config, "layers" | "county">} config */
  constructor(config) {
    this.#tileJson = new Map(config.layers.map((layer) => [layer.name, layer.tilejson]));
    this.#known = new Map(config.layers.map((layer) => [layer.name, layer.tiles]));
    // The county's box today; that of another day comes with the TileJSON.
    this.#box = config.county?.bounds;
  }

  /**
   * Is there anything that the reader may see of a source?
   * @param {SourceName} name
   */
  has(name) {
    return Boolean(this.#tileJson.get(name));
  }

  /**
   * Return where a source's tiles are for a view.
   * @param {SourceName} name
   * @param {View} view
   * @returns {Promise<Template>}
   */
  async find(name, view) {
    const query = layerQuery(view, name);
    const known = this.#known.get(name);
    this.#known.delete(name);
    if (known && !query) return { name, url: known, bounds: this.#box };
    const response = await fetch(`${this.#tileJson.get(name)}${query}`, { cache: "no-cache" });
    if (!response.ok) throw new Error(`${name}: ${response.status}`);
    /** @type {{ tiles: string[], bounds?: Box } & Told} */
    const { tiles, bounds, kind, kinds, quantiles, outside } = await response.json();
    // Same host by rule; a proxy may have changed how the server sees its own name.
    return { name, url: tiles[0].replace(/^https?:\/\/[^/]+/, ""), bounds, kind, kinds, quantiles, outside };
  }
}

/**
 * Return how each source is drawn.
 * @param {Pick<Config, "layers">} config
 * @returns {Styles}
 */
export function stylesOf({ layers }) {
  return {
    grids: styleOf(layers, "grids"),
    members: styleOf(layers, "members"),
    issues: styleOf(layers, "issues"),
    coverage: styleOf(layers, "coverage"),
    changes: styleOf(layers, "changes"),
  };
}

/**
 * @template {SourceName} Name
 * @param {LayerConfig[]} layers
 * @param {Name} name
 */
function styleOf(layers, name) {
  const found = layers.find((layer) => layer.name === name);
  if (!found) throw new Error(`the page has no layer ${name}`);
  return /** @type {Styles[Name]} */ (found.style);
}
