// The map under the map: none, the offline vector one, or tiles of a configured service.
// Muted on purpose: paper and stone colours, thin roads, small grey names. The territory is the subject.

/** @import { BaseConfig, OfflineBase, ServiceBase } from "../types/page.d.ts" */
/** @import { LabelRule, PaintRule, PaintSymbolizer, LabelSymbolizer, Protomaps } from "../types/tiles.d.ts" */
/** @import { TextSymbolizerOptions } from "protomaps-leaflet" */

/** What the archive says of each thing on the map. @typedef {{ kind: string, name?: string }} Props */
/** @typedef {{ minzoom?: number, maxzoom?: number }} Zooms */
/** Pairs of a zoom and a number. @typedef {[zoom: number, value: number][]} Stops */
/** @typedef {typeof globalThis.L} Leaflet */
/** @typedef {{ lang?: "zh" | "en" }} Named */

import { shiftedTileLayer } from "./gcj02.js";

/** The colour of the ground, also where there is no base map: the map's container should have it. */
export const PAPER = "#f5f3ee";

const COLOUR = {
  forest: "#e7ece0",
  green: "#e9eee0",
  wetland: "#e6ece6",
  farmland: "#f3f0e4",
  residential: "#eeebe4",
  industrial: "#ebe8e6",
  water: "#cfdee3",
  building: "#e1ddd3",
  motorway: "#f6e7c8",
  motorwayEdge: "#dcc79c",
  major: "#fffdf8",
  majorEdge: "#d8d1c3",
  minor: "#ffffff",
  minorEdge: "#e2dcd0",
  track: "#d9d2c2",
  rail: "#c9c5bd",
  name: "#7d776b",
  minorName: "#928c80",
  roadName: "#938c7f",
  waterName: "#6f93a3",
  halo: "rgba(250, 248, 244, 0.9)",
};

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", system-ui, sans-serif';
// Painted in this order: a town stands in its forest, a park in its town.
/** @type {(keyof typeof COLOUR)[]} */
const LAND = ["forest", "farmland", "wetland", "residential", "industrial", "green"];

// Stroke widths in pixels by zoom of the map.
/** @type {{ kinds: string[], from: number, width: Stops, colour: keyof typeof COLOUR, edge: keyof typeof COLOUR }[]} */
const ROADS = [
  { kinds: ["service"], from: 15, width: [[14, 0], [15, 1], [17, 4], [19, 9]], colour: "minor", edge: "minorEdge" },
  { kinds: ["minor"], from: 12, width: [[12, 0.5], [14, 1.4], [16, 5], [19, 15]], colour: "minor", edge: "minorEdge" },
  { kinds: ["tertiary"], from: 11, width: [[10, 0.5], [13, 1.8], [16, 7], [19, 19]], colour: "minor", edge: "minorEdge" },
  { kinds: ["link"], from: 12, width: [[11, 0.5], [14, 2], [16, 5], [19, 14]], colour: "major", edge: "majorEdge" },
  { kinds: ["secondary"], from: 9, width: [[8, 0.5], [12, 1.8], [16, 9], [19, 24]], colour: "major", edge: "majorEdge" },
  { kinds: ["primary"], from: 8, width: [[7, 0.6], [12, 2.4], [16, 11], [19, 28]], colour: "major", edge: "majorEdge" },
  { kinds: ["motorway", "trunk"], from: 6, width: [[5, 0.6], [10, 1.6], [13, 3.4], [16, 12], [19, 30]], colour: "motorway", edge: "motorwayEdge" },
];

/**
 * Make the base layer that the page's configuration asks for, or null for none.
 *
 * @param {Leaflet} L
 * @param {(BaseConfig & Named) | undefined} config with `lang` if names are to follow it
 * @param {L.LayerOptions} [options] further Leaflet options, such as `pane`
 */
export function createBaseLayer(L, config, options = {}) {
  if (!config || config.kind === "none") return null;
  const shared = { attribution: attributionOf(config), zIndex: 0, ...options };
  return config.kind === "offline" ? offlineLayer(L, config, shared) : serviceLayer(L, config, shared);
}

/**
 * How the offline map is painted: rules for protomaps-leaflet, `dataSource` naming its source.
 * @param {Protomaps} protomaps
 * @param {string} [dataSource]
 * @returns {PaintRule<Props>[]}
 */
export function paintRules(protomaps, dataSource = "") {
  const { PolygonSymbolizer, LineSymbolizer, exp, linear } = protomaps;
  /** @type {(dataLayer: string, symbolizer: object, kinds: string[] | null, zooms?: Zooms) => PaintRule<Props>} */
  const rule = (dataLayer, symbolizer, kinds, zooms = {}) => ({
    dataSource,
    dataLayer,
    symbolizer: /** @type {PaintSymbolizer<Props>} */ (symbolizer),
    filter: kinds ? (_zoom, feature) => kinds.includes(feature.props.kind) : undefined,
    ...zooms,
  });
  /** @param {ConstructorParameters<typeof LineSymbolizer>[0]} options */
  const line = (options) => new LineSymbolizer({ lineCap: "round", lineJoin: "round", ...options });
  /** @type {(kinds: string[], stops: Stops, minzoom: number) => PaintRule<Props>} */
  const stream = (kinds, stops, minzoom) =>
    rule("water", line({ color: COLOUR.water, width: exp(1.4, stops) }), kinds, { minzoom });
  /** @type {(road: typeof ROADS[number]) => PaintRule<Props>} */
  const edge = ({ kinds, width, edge: colour, from }) => {
    const inner = exp(1.5, width);
    return rule("roads", line({ color: COLOUR[colour], width: (/** @type {number} */ zoom) => inner(zoom) + (zoom < 13 ? 0.9 : 1.6) }), kinds, { minzoom: from });
  };
  /** @type {(road: typeof ROADS[number]) => PaintRule<Props>} */
  const fill = ({ kinds, width, colour, from }) =>
    rule("roads", line({ color: COLOUR[colour], width: exp(1.5, width) }), kinds, { minzoom: from });

  return [
    ...LAND.map((kind) => rule("landuse", new PolygonSymbolizer({ fill: COLOUR[kind] }), [kind])),
    rule("water", new PolygonSymbolizer({ fill: COLOUR.water }), ["water"]),
    stream(["stream"], [[12, 0.5], [15, 1.4], [19, 6]], 13),
    stream(["canal"], [[10, 0.6], [14, 1.6], [19, 9]], 10),
    stream(["river"], [[7, 0.5], [11, 1.2], [14, 2.4], [19, 14]], 7),
    rule("buildings", new PolygonSymbolizer({ fill: COLOUR.building, opacity: linear([[14, 0.5], [16, 1]]) }), null, { minzoom: 14 }),
    rule("roads", line({ color: COLOUR.track, width: exp(1.4, [[13, 0.6], [19, 3]]), dash: [3, 3], lineCap: "butt" }), ["track", "path"], { minzoom: 14 }),
    ...ROADS.map(edge),
    ...ROADS.map(fill),
    rule("roads", new LineSymbolizer({ color: COLOUR.rail, width: exp(1.4, [[9, 0.6], [13, 1.4], [19, 4]]) }), ["rail"], { minzoom: 9 }),
    rule("roads", new LineSymbolizer({ color: PAPER, width: exp(1.4, [[12, 0], [13, 0.8], [19, 2.6]]), dash: [6, 6] , dashColor: PAPER, dashWidth: 0.8 }), ["rail"], { minzoom: 13 }),
  ];
}

/**
 * How the offline map is lettered, most important first.
 *
 * @param {Protomaps} protomaps
 * @param {Named & { labels?: OfflineBase["labels"], dataSource?: string }} [options] "roads": roads and waters only
 * @returns {LabelRule<Props>[]}
 */
export function labelRules(protomaps, { lang = "zh", labels = "all", dataSource = "" } = {}) {
  if (labels === "none") return [];
  const { CenteredTextSymbolizer, LineLabelSymbolizer, GroupSymbolizer, CircleSymbolizer, OffsetTextSymbolizer } = protomaps;
  const labelProps = lang === "en" ? ["name_en", "name"] : ["name"];
  /** @type {(size: number, fill: string, more?: TextSymbolizerOptions) => TextSymbolizerOptions} */
  const text = (size, fill, more = {}) => ({
    labelProps, fill, fontFamily: FONT, fontSize: size, stroke: COLOUR.halo, width: 2.5, lineHeight: 1.3, ...more,
  });
  /** @type {(dataLayer: string, kinds: string[], symbolizer: object, zooms?: Zooms) => LabelRule<Props>} */
  const rule = (dataLayer, kinds, symbolizer, zooms = {}) => ({
    dataSource,
    dataLayer,
    symbolizer: /** @type {LabelSymbolizer<Props>} */ (symbolizer),
    filter: (_zoom, feature) => kinds.includes(feature.props.kind) && Boolean(feature.props.name),
    ...zooms,
  });
  /** @type {(kinds: string[], size: number, colour: string, zooms: Zooms, more?: TextSymbolizerOptions) => LabelRule<Props>} */
  const place = (kinds, size, colour, zooms, more) =>
    rule("places", kinds, new CenteredTextSymbolizer(text(size, colour, more)), zooms);
  /** @type {(layer: string, kinds: string[], size: number, colour: string, minzoom: number) => LabelRule<Props>} */
  const along = (layer, kinds, size, colour, minzoom) =>
    rule(layer, kinds, new LineLabelSymbolizer({ ...text(size, colour), repeatDistance: 400 }), { minzoom });
  const settlements = [
    place(["city"], 13, COLOUR.name, { maxzoom: 12 }, { letterSpacing: 1 }),
    place(["county"], 12, COLOUR.name, { minzoom: 8, maxzoom: 13 }),
    place(["town"], 11, COLOUR.name, { minzoom: 10, maxzoom: 15 }),
  ];
  const hamlets = [
    place(["suburb", "village"], 11, COLOUR.minorName, { minzoom: 13 }),
    place(["hamlet"], 10.5, COLOUR.minorName, { minzoom: 15 }),
  ];
  const peak = new GroupSymbolizer([
    new CircleSymbolizer({ radius: 1.5, fill: COLOUR.minorName }),
    new OffsetTextSymbolizer({ ...text(10.5, COLOUR.minorName), offsetX: 4, offsetY: 3 }),
  ]);
  const all = labels === "all";
  return [
    ...(all ? settlements : []),
    place(["water"], 11, COLOUR.waterName, { minzoom: 10 }, { letterSpacing: 1 }),
    along("water", ["river", "canal"], 11, COLOUR.waterName, 12),
    along("roads", ["motorway", "trunk", "primary"], 10.5, COLOUR.roadName, 13),
    along("roads", ["secondary", "tertiary"], 10.5, COLOUR.roadName, 15),
    ...(all ? hamlets : []),
    along("roads", ["minor"], 10, COLOUR.roadName, 16),
    along("water", ["stream"], 10, COLOUR.waterName, 16),
    ...(all ? [rule("places", ["peak"], peak, { minzoom: 13 })] : []),
  ];
}

/**
 * @param {Leaflet} L
 * @param {OfflineBase & Named} config
 * @param {L.GridLayerOptions} options
 */
function offlineLayer(L, config, options) {
  const protomaps = globalThis.protomapsL;
  const [west, south, east, north] = config.bounds;
  return protomaps.leafletLayer({
    url: new URL(config.url, document.baseURI).href,
    maxDataZoom: config.maxZoom,
    backgroundColor: PAPER,
    paintRules: paintRules(protomaps),
    labelRules: labelRules(protomaps, config),
    lang: config.lang,
    bounds: L.latLngBounds([south, west], [north, east]),
    ...options,
  });
}

/**
 * @param {Leaflet} L
 * @param {ServiceBase} config
 * @param {L.TileLayerOptions} options
 */
function serviceLayer(L, config, options) {
  const Layer = config.frame === "gcj02" ? shiftedTileLayer(L) : L.TileLayer;
  const layers = config.urls.map((url, index) => {
    const layer = new Layer(url, {
      subdomains: config.subdomains || "abc",
      minZoom: config.minZoom,
      maxNativeZoom: config.maxZoom,
      maxZoom: 22,
      // Services that bind a key to a site want to see the site, and need no more than that.
      referrerPolicy: "strict-origin",
      ...options,
      attribution: index === 0 ? options.attribution ?? "" : "",
    });
    if (config.muted) layer.on("add", () => mute(layer));
    return layer;
  });
  return layers.length === 1 ? layers[0] : L.layerGroup(layers);
}

/** @param {L.GridLayer} layer */
function mute(layer) {
  const container = layer.getContainer();
  if (!container) return;
  container.style.filter = "grayscale(0.6) contrast(0.85) brightness(1.08)";
  container.style.opacity = "0.8";
}

/** @param {OfflineBase | ServiceBase} config */
function attributionOf({ attribution = "", attributionUrl = "", note = "" }) {
  const name = escape(attribution);
  const linked = attributionUrl
    ? `<a href="${escape(attributionUrl)}" rel="noopener noreferrer" target="_blank">${name}</a>`
    : name;
  return [linked, escape(note)].filter(Boolean).join(" · ");
}

/** @param {string} text */
function escape(text) {
  /** @type {Record<string, string>} */
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}
