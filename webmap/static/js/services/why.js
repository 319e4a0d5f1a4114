// Why a grid's households have a service or not, on the map: its buildings by verdict, the line to
// the nearest who serves, ground in reach and out of it. What is marked here is marked in the lists of the panel too.

/** @import { BuildingFeature, GroundFeature } from "../types/answers.d.ts" */
/** @import { Config, CoverageStyle, Verdict } from "../types/page.d.ts" */
/** @import { FacilityProps, TileFeature } from "../types/tiles.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { Sheet } from "../map/overlay.js" */
/** @import { Panel } from "../panel/panel.js" */

/** What the pointer is on. @typedef {{ home?: BuildingFeature, facility?: number }} Lit */
/** @typedef {"dots" | "area" | "gaps"} Name */

import { closest, findAll } from "../view/elements.js";
import { fill, line, outline, Overlay, symbol } from "../map/overlay.js";
import { patiently } from "../panel/retrying.js";
import { drawFacility, drawHome } from "../map/symbols.js";

// Within so many pixels a pointer is on a building.
const REACH = 10;

export class Why {
  /** The buildings. @type {BuildingFeature[]} */
  #dots = [];
  /** @type {{ area: GroundFeature[], gaps: GroundFeature[] }} */
  #shapes = { area: [], gaps: [] };
  /** Where the facility is whose area is shown. @type {GeoJSON.Position | null} */
  #site = null;
  /** @type {Map<Name, string | null>} */
  #urls = new Map();
  /** @type {View | null} */
  #view = null;
  /** @type {Lit | null} */
  #lit = null;
  #frame = 0;
  #isGapsOn = true;
  #tip = L.tooltip({ direction: "top", className: "home-tip", offset: [0, -8], opacity: 1 });

  /**
   * facilityAt() finds a facility on the map; changed() hears that something else is drawn.
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Config} parts.config
   * @param {Panel} parts.panel
   * @param {CoverageStyle} parts.styles
   * @param {(latlng: L.LatLng) => TileFeature<FacilityProps> | null} parts.facilityAt
   * @param {() => void} parts.changed
   */
  constructor({ map, config, panel, styles, facilityAt, changed }) {
    this.map = map;
    this.panel = panel;
    this.styles = styles;
    this.facilityAt = facilityAt;
    this.changed = changed;
    this.strings = config.strings;
    this.lang = config.lang;
    this.ground = new Overlay(map, "reach", 425);
    // Names stay to be read beneath it.
    this.ground.pane.style.mixBlendMode = "multiply";
    this.marks = new Overlay(map, "homes", 440);
    map.on("moveend sheet resize", () => this.#draw());
    panel.addEventListener("arrived", () => this.#arrived());
    this.#follow();
  }

  /** What is drawn, for the legend. */
  get drawn() {
    const verdicts = new Set(this.#dots.map(({ properties }) => properties.verdict));
    return {
      verdicts: /** @type {Verdict[]} */ (Object.keys(this.styles.homes)).filter((verdict) => verdicts.has(verdict)),
      area: this.#shapes.area.length > 0,
      gaps: this.#shapes.gaps.length > 0,
    };
  }

  /**
   * Take away what does not belong to a view. What belongs to it comes when its panel arrives.
   * @param {View} view
   */
  show(view) {
    this.#view = view;
    if (!view.facility) this.#site = null;
    const isWhy = view.mode === "coverage" && view.grid && view.list === "why";
    if (!isWhy) this.#set("dots", null);
    if (!isWhy) this.#set("gaps", null);
    this.#set("area", view.mode === "coverage" && view.facility ? `/api/coverage/facilities/${view.facility}/area${this.#query({})}` : null);
  }

  /**
   * With a finger, mark the building at a place if there is one: it cannot hover there.
   * @param {L.LatLng} latlng
   */
  lightAt(latlng) {
    if (matchMedia("(hover: hover)").matches) return false;
    const dot = this.#dotAt(this.map.latLngToContainerPoint(latlng));
    if (dot) this.#light({ home: dot });
    return Boolean(dot);
  }

  #arrived() {
    const { root } = this.panel;
    const point = root?.matches(".facility") ? root.dataset.point : null;
    this.#site = point ? point.split(",").map(Number) : null;
    this.#draw();
    if (!root?.dataset.why) return;
    const asked = { grid: root.dataset.grid ?? "", kind: root.dataset.why };
    this.#set("dots", `/api/coverage/buildings${this.#query(asked)}`, this.panel.quiet);
    const [box] = findAll(HTMLInputElement, "[data-gaps]", root);
    if (box) box.checked = this.#isGapsOn;
    this.#set("gaps", this.#isGapsOn ? `/api/coverage/gaps${this.#query(asked)}` : null, this.panel.quiet);
  }

  /** Show the ground out of reach, or not. */
  toggleGaps() {
    this.#isGapsOn = !this.#isGapsOn;
    this.#arrived();
  }

  /** @param {Record<string, string>} parts */
  #query(parts) {
    const query = new URLSearchParams(parts);
    if (this.#view?.on) query.set("on", this.#view.on);
    const text = query.toString();
    return text ? `?${text}` : "";
  }

  /**
   * Fetch what an address has, and draw it; null takes away what was drawn.
   * @param {Name} name
   * @param {string | null} url
   */
  async #set(name, url, isNews = false) {
    if (this.#urls.get(name) === url && !isNews) return;
    if (this.#urls.get(name) !== url) this.#keep(name, []);
    this.#urls.set(name, url);
    if (!url) return;
    try {
      const response = await patiently(url);
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      const { features } = await response.json();
      if (this.#urls.get(name) === url) this.#keep(name, features);
    } catch {
      // The panel says what is wrong, and its list is there without the map. Asked again next time.
      if (this.#urls.get(name) === url) this.#urls.set(name, null);
    }
  }

  /**
   * @param {Name} name
   * @param {(BuildingFeature | GroundFeature)[]} features
   */
  #keep(name, features) {
    if (name === "dots") {
      if (!features.length && !this.#dots.length) return;
      this.#dots = /** @type {BuildingFeature[]} */ (features);
      this.#light(null);
    } else {
      this.#shapes[name] = /** @type {GroundFeature[]} */ (features);
    }
    this.#draw();
    this.changed();
  }

  #follow() {
    const { body } = this.panel;
    /** @type {(target: EventTarget | null) => Lit | null} */
    const named = (target) => {
      const row = closest(HTMLElement, target, "[data-home], [data-facility]");
      if (!row) return null;
      if (row.dataset.facility) return { facility: Number(row.dataset.facility) };
      const dot = this.#dots.find(({ id }) => id === Number(row.dataset.home));
      return dot ? { home: dot } : null;
    };
    for (const type of ["pointerover", "focusin"]) body.addEventListener(type, ({ target }) => this.#light(named(target)));
    body.addEventListener("pointerleave", () => this.#light(null));
    if (!matchMedia("(hover: hover)").matches) return;
    this.map.on("mousemove", ({ containerPoint, latlng }) => this.#dots.length && this.#ask(containerPoint, latlng));
    this.map.on("mouseout", () => this.#dots.length && this.#ask(null));
  }

  /**
   * @param {L.Point | null} point
   * @param {L.LatLng} [latlng]
   */
  #ask(point, latlng) {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const facility = latlng && this.facilityAt(latlng);
      const dot = point && !facility ? this.#dotAt(point) : null;
      this.#light(facility ? { facility: facility.props.id } : dot && { home: dot });
    });
  }

  /**
   * @param {L.Point} point
   * @returns {BuildingFeature | null}
   */
  #dotAt(point) {
    /** @type {BuildingFeature | null} */
    let best = null;
    let least = REACH;
    for (const dot of this.#dots) {
      const away = this.map.latLngToContainerPoint(place(dot)).distanceTo(point);
      if (away < least) [best, least] = [dot, away];
    }
    return best;
  }

  /**
   * Mark a building or a facility on the map and in the lists alike.
   * @param {Lit | null} lit
   */
  #light(lit) {
    if (lit?.home === this.#lit?.home && lit?.facility === this.#lit?.facility) return;
    this.#lit = lit;
    for (const row of this.panel.body.querySelectorAll("[data-home].lit, [data-facility].lit")) row.classList.remove("lit");
    const row = lit && this.panel.body.querySelector(lit.home ? `[data-home="${lit.home.id}"]` : `[data-facility="${lit.facility}"]`);
    row?.classList.add("lit");
    if (row && !row.matches(":hover, :focus-within")) row.scrollIntoView({ block: "nearest" });
    this.#tip.remove();
    if (lit?.home) this.#tip.setLatLng(place(lit.home)).setContent(this.#words(lit.home)).addTo(this.map);
    this.#drawMarks();
  }

  /** @param {BuildingFeature} dot */
  #words({ properties: { name, verdict, nearest, way: far, unit, by_road: byRoad, estimated, servers } }) {
    const box = document.createElement("div");
    const add = (/** @type {string} */ text, tag = "div") => box.append(Object.assign(document.createElement(tag), { textContent: text }));
    add(name, "b");
    add([this.strings[`verdict.${verdict}`], estimated && this.strings["why.estimated"]].filter(Boolean).join(" · "));
    if (servers.length) add(servers.slice(0, 3).join(", "));
    if (nearest) add(`${nearest.name} · ${this.#distance(far, unit)} ${this.strings[byRoad ? "why.road" : "why.straight"]}`);
    return box;
  }

  /**
   * @param {number} far
   * @param {string} unit
   */
  #distance(far, unit) {
    const number = (/** @type {number} */ value) => value.toLocaleString(this.lang);
    if (unit === "min") return `${number(Math.ceil(far))} ${this.strings["unit.min"]}`;
    return far < 1000 ? `${number(Math.ceil(far))} ${this.strings["unit.m"]}` : `${number(Math.round(far / 100) / 10)} ${this.strings["unit.km"]}`;
  }

  #draw() {
    this.#drawGround();
    this.#drawMarks();
  }

  #drawGround() {
    const { area, gaps } = this.#shapes;
    const open = this.ground.open(area.length + gaps.length > 0);
    if (!open) return;
    for (const { geometry } of gaps) fill(open, geometry, this.styles.gap, true);
    for (const { geometry } of area) fill(open, geometry, this.styles.area);
  }

  #drawMarks() {
    const { area } = this.#shapes;
    const open = this.marks.open(this.#dots.length > 0 || this.#site !== null || area.length > 0);
    if (!open) return;
    for (const { geometry } of area) outline(open, geometry, this.styles.area);
    const lit = this.#lit;
    const isLit = (/** @type {BuildingFeature} */ dot) => dot === lit?.home || (lit?.facility && dot.properties.nearest?.id === lit.facility);
    const scale = this.map.getZoom() < 13 ? 0.6 : this.map.getZoom() < 15 ? 0.8 : 1;
    for (const dot of this.#dots) if (isLit(dot)) way(open, dot, lit?.home ? 1.8 : 1);
    for (const dot of this.#dots.toReversed()) {
      const { verdict, estimated } = dot.properties;
      // Those that stand for an area are no buildings: smaller.
      const size = scale * (estimated ? 0.55 : 1) * (dot === lit?.home ? 1.5 : 1);
      symbol(open, dot.geometry.coordinates, (ctx) => drawHome(ctx, this.styles.homes[verdict], size));
    }
    // The tiles have them too, but beneath all this.
    const sites = new Map(this.#dots.flatMap(({ properties: { nearest } }) => (nearest ? [[nearest.id, nearest.point]] : [])));
    for (const [id, point] of sites) {
      symbol(open, point, (ctx) => drawFacility(ctx, this.styles.facility, id === lit?.facility || id === lit?.home?.properties.nearest?.id ? 1.4 : 1));
    }
    if (this.#site) symbol(open, this.#site, (ctx) => drawFacility(ctx, this.styles.facility, 1.8));
  }
}

/**
 * To the nearest who serves: whole along roads, broken where it was measured straight.
 * @param {Sheet} open
 * @param {BuildingFeature} dot
 * @param {number} width
 */
function way(open, { geometry, properties: { nearest, by_road: byRoad } }, width) {
  if (nearest) line(open, geometry.coordinates, nearest.point, width, byRoad ? [] : [6, 4]);
}

/** @param {BuildingFeature} dot */
function place({ geometry: { coordinates: [lon, lat] } }) {
  return L.latLng(lat, lon);
}
