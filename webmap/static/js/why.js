// Why a grid's households have a service or not, on the map: its buildings by verdict, the line to
// the nearest who serves, ground in reach and out of it. Hand in hand with the lists in the panel.

import { drawFacility, drawHome, paintOf } from "./symbols.js";

// Canvases reach so far over the map's edge, in shares of its size: it is seen while one drags.
const OVERHANG = 0.25;
const REACH = 10;
const LINE = "#1f2a37";

export class Why {
  #dots = []; // GeoJSON points of the buildings
  #shapes = { area: [], gaps: [] }; // GeoJSON polygons
  #site = null; // [lon, lat] of the facility whose area is shown
  #urls = {};
  #view = null;
  #lit = null; // {home} or {facility}: what the pointer is on
  #frame = 0;
  #isGapsOn = true;
  #tip = L.tooltip({ direction: "top", className: "home-tip", offset: [0, -8], opacity: 1 });

  /**
   * styles is layers/style.py's COVERAGE; facilityAt(latlng) finds a facility on the map; changed()
   * hears that something else is drawn.
   */
  constructor({ map, config, panel, styles, facilityAt, changed }) {
    Object.assign(this, { map, panel, styles, facilityAt, changed, strings: config.strings, lang: config.lang });
    this.ground = this.#canvas("reach", 425);
    // Names stay to be read beneath it.
    this.ground.parentElement.style.mixBlendMode = "multiply";
    this.marks = this.#canvas("homes", 440);
    map.on("moveend sheet resize", () => this.#draw());
    panel.addEventListener("arrived", () => this.#arrived());
    this.#follow();
  }

  /** What is drawn, for the legend. */
  get drawn() {
    const verdicts = new Set(this.#dots.map(({ properties }) => properties.verdict));
    return {
      verdicts: Object.keys(this.styles.homes).filter((verdict) => verdicts.has(verdict)),
      area: this.#shapes.area.length > 0,
      gaps: this.#shapes.gaps.length > 0,
    };
  }

  /** Take away what does not belong to a view. What belongs to it comes when its panel arrives. */
  show(view) {
    this.#view = view;
    if (!view.facility) this.#site = null;
    const isWhy = view.mode === "coverage" && view.grid && view.list === "why";
    if (!isWhy) this.#set("dots", null);
    if (!isWhy) this.#set("gaps", null);
    this.#set("area", view.mode === "coverage" && view.facility ? `/api/coverage/facilities/${view.facility}/area${this.#query({})}` : null);
  }

  /** Mark the building at a place, if there is one: there is no hovering with a finger. */
  lightAt(latlng) {
    const dot = this.#dotAt(this.map.latLngToContainerPoint(latlng));
    if (dot) this.#light({ home: dot });
    return Boolean(dot);
  }

  #arrived() {
    const { root } = this.panel;
    this.#site = root?.matches(".facility") ? root.dataset.point.split(",").map(Number) : null;
    this.#draw();
    if (!root?.dataset.why) return;
    const asked = { grid: root.dataset.grid, kind: root.dataset.why };
    this.#set("dots", `/api/coverage/buildings${this.#query(asked)}`, this.panel.quiet);
    const box = root.querySelector("[data-gaps]");
    if (box) box.checked = this.#isGapsOn;
    this.#set("gaps", this.#isGapsOn ? `/api/coverage/gaps${this.#query(asked)}` : null, this.panel.quiet);
  }

  /** Show the ground out of reach, or not. */
  toggleGaps() {
    this.#isGapsOn = !this.#isGapsOn;
    this.#arrived();
  }

  #query(parts) {
    const query = new URLSearchParams(parts);
    if (this.#view?.on) query.set("on", this.#view.on);
    const text = query.toString();
    return text ? `?${text}` : "";
  }

  // Fetch what an address has, and draw it; null takes away what was drawn.
  async #set(name, url, isNews = false) {
    if (this.#urls[name] === url && !isNews) return;
    if (this.#urls[name] !== url) this.#keep(name, []);
    this.#urls[name] = url;
    if (!url) return;
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      const { features } = await response.json();
      if (this.#urls[name] === url) this.#keep(name, features);
    } catch {
      // The panel says what is wrong, and its list is there without the map. Asked again next time.
      if (this.#urls[name] === url) this.#urls[name] = null;
    }
  }

  #keep(name, features) {
    if (name === "dots") {
      if (!features.length && !this.#dots.length) return;
      this.#dots = features;
      this.#light(null);
    } else {
      this.#shapes[name] = features;
    }
    this.#draw();
    this.changed();
  }

  #follow() {
    const { body } = this.panel;
    const named = (target) => {
      const row = target.closest?.("[data-home], [data-facility]");
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

  #ask(point, latlng) {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      const facility = point && this.facilityAt(latlng);
      const dot = point && !facility ? this.#dotAt(point) : null;
      this.#light(facility ? { facility: facility.props.id } : dot && { home: dot });
    });
  }

  #dotAt(point) {
    let best = null;
    let least = REACH;
    for (const dot of this.#dots) {
      const away = this.map.latLngToContainerPoint(place(dot)).distanceTo(point);
      if (away < least) [best, least] = [dot, away];
    }
    return best;
  }

  // Mark a building or a facility on the map and in the lists alike.
  #light(lit) {
    if (lit?.home === this.#lit?.home && lit?.facility === this.#lit?.facility) return;
    this.#lit = lit;
    for (const row of this.panel.body.querySelectorAll("[data-home].lit, [data-facility].lit")) row.classList.remove("lit");
    const row = lit && this.panel.body.querySelector(lit.home ? `[data-home="${lit.home.id}"]` : `[data-facility="${lit.facility}"]`);
    row?.classList.add("lit");
    if (row && !row.matches(":hover, :focus-within")) row.scrollIntoView({ block: "nearest" });
    this.#tip.remove();
    if (lit?.home) this.#tip.setLatLng(place(lit.home)).setContent(this.#words(lit.home)).addTo(this.map);
    this.#draw();
  }

  #words({ properties: { name, verdict, nearest, way, unit, by_road: byRoad, estimated, servers } }) {
    const box = document.createElement("div");
    const line = (text, tag = "div") => box.append(Object.assign(document.createElement(tag), { textContent: text }));
    line(name, "b");
    line([this.strings[`verdict.${verdict}`], estimated && this.strings["why.estimated"]].filter(Boolean).join(" · "));
    if (servers.length) line(servers.slice(0, 3).join(", "));
    if (nearest) line(`${nearest.name} · ${this.#way(way, unit)} ${this.strings[byRoad ? "why.road" : "why.straight"]}`);
    return box;
  }

  #way(way, unit) {
    const number = (value) => value.toLocaleString(this.lang);
    if (unit === "min") return `${number(Math.ceil(way))} ${this.strings["unit.min"]}`;
    return way < 1000 ? `${number(Math.ceil(way))} ${this.strings["unit.m"]}` : `${number(Math.round(way / 100) / 10)} ${this.strings["unit.km"]}`;
  }

  #canvas(name, zIndex) {
    const pane = this.map.createPane(name);
    pane.style.zIndex = zIndex;
    pane.style.pointerEvents = "none";
    const canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", pane);
    canvas.setAttribute("aria-hidden", "true");
    return canvas;
  }

  // Ready a canvas: {ctx, at(lonLat)}, null while it has nothing to show.
  #open(canvas, isNeeded) {
    const size = this.map.getSize();
    const over = size.multiplyBy(OVERHANG).round();
    const ratio = devicePixelRatio;
    canvas.width = isNeeded ? (size.x + 2 * over.x) * ratio : 0;
    canvas.height = isNeeded ? (size.y + 2 * over.y) * ratio : 0;
    if (!isNeeded) return null;
    canvas.style.width = `${size.x + 2 * over.x}px`;
    canvas.style.height = `${size.y + 2 * over.y}px`;
    const origin = this.map.containerPointToLayerPoint([-over.x, -over.y]);
    L.DomUtil.setPosition(canvas, origin);
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    return { ctx, at: ([lon, lat]) => this.map.latLngToLayerPoint([lat, lon]).subtract(origin) };
  }

  #draw() {
    this.#drawGround();
    this.#drawMarks();
  }

  #drawGround() {
    const { area, gaps } = this.#shapes;
    const open = this.#open(this.ground, area.length + gaps.length > 0);
    if (!open) return;
    for (const [features, look] of [[gaps, this.styles.gap], [area, this.styles.area]]) {
      for (const { geometry } of features) polygon(open, geometry, look);
    }
  }

  #drawMarks() {
    const open = this.#open(this.marks, this.#dots.length > 0 || this.#site);
    if (!open) return;
    const lit = this.#lit;
    const isLit = (dot) => dot === lit?.home || (lit?.facility && dot.properties.nearest?.id === lit.facility);
    const scale = this.map.getZoom() < 13 ? 0.6 : this.map.getZoom() < 15 ? 0.8 : 1;
    for (const dot of this.#dots) if (isLit(dot)) line(open, dot);
    for (const dot of this.#dots.toReversed()) {
      const { verdict, estimated } = dot.properties;
      // Those that stand for an area are no buildings: smaller.
      const size = scale * (estimated ? 0.55 : 1) * (dot === lit?.home ? 1.5 : 1);
      symbol(open, dot.geometry.coordinates, (ctx) => drawHome(ctx, this.styles.homes[verdict], size));
    }
    // The tiles have them too, but beneath all this.
    const sites = new Map(this.#dots.map(({ properties: { nearest } }) => nearest && [nearest.id, nearest.point]).filter(Boolean));
    for (const [id, point] of sites) {
      symbol(open, point, (ctx) => drawFacility(ctx, this.styles.facility, id === lit?.facility || id === lit?.home?.properties.nearest?.id ? 1.4 : 1));
    }
    if (this.#site) symbol(open, this.#site, (ctx) => drawFacility(ctx, this.styles.facility, 1.8));
  }
}

function symbol({ ctx, at }, lonLat, draw) {
  const { x, y } = at(lonLat);
  ctx.save();
  ctx.translate(x, y);
  draw(ctx);
  ctx.restore();
}

function place({ geometry: { coordinates: [lon, lat] } }) {
  return [lat, lon];
}

// To the nearest who serves: whole along roads, broken where it was measured straight.
function line({ ctx, at }, { geometry, properties: { nearest, by_road: byRoad } }) {
  if (!nearest) return;
  const [from, to] = [at(geometry.coordinates), at(nearest.point)];
  for (const [colour, width] of [["#ffffff", 4], [LINE, 1.8]]) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.setLineDash(byRoad || width > 2 ? [] : [6, 4]);
    ctx.beginPath();
    ctx.moveTo(from.x, from.y);
    ctx.lineTo(to.x, to.y);
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

function polygon({ ctx, at }, geometry, look) {
  const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  ctx.beginPath();
  for (const ring of polygons.flat()) {
    ring.forEach((corner, number) => {
      const { x, y } = at(corner);
      if (number) ctx.lineTo(x, y);
      else ctx.moveTo(x, y);
    });
    ctx.closePath();
  }
  ctx.globalAlpha = look.alpha;
  ctx.fillStyle = paintOf(ctx, look);
  ctx.fill("evenodd");
  ctx.globalAlpha = 1;
  ctx.strokeStyle = look.ink;
  ctx.lineWidth = 1.6;
  ctx.setLineDash(look.dash);
  ctx.stroke();
  ctx.setLineDash([]);
}
