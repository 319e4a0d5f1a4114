// The buttons on the map: zoom, the whole county, where am I, base map; scale bar and attribution.

import { allowed, setExactView } from "../view/zoom.js";

const BASE_KEY = "gridmap.base";

// What a fit keeps free at every edge, and for the bar at the top, CSS pixels.
const MARGIN = 16;
const TOP_BAR = 48;
// Zooms that a fit gives up at most, so that the legend hides nothing.
const GIVE_UP = 0.3;
// Zooms that it goes nearer at most, so that what lies in the box is drawn: then its middle is shown.
const GO_NEARER = 1.6;

/**
 * Fit a box [west, south, east, north] into what is free of the map: below the bar at the top and
 * the ``above`` pixels beneath it, over the ``covers`` pixels that are hidden at the bottom; where it
 * costs little, between ``left`` and ``right`` pixels at the sides. A zoom below ``least`` is not taken,
 * nor one below ``inside``, from which what lies in it is drawn, if that is not much nearer.
 */
export function fit(map, [west, south, east, north], { covers, above = 0, left = 0, right = 0, least = 0 }, { maxZoom = 16, inside = 0, animate = true } = {}) {
  const box = L.latLngBounds([south, west], [north, east]);
  const room = map.getSize().subtract([2 * MARGIN, TOP_BAR + above + 2 * MARGIN + covers]);
  const size = map.project(box.getSouthEast(), 0).subtract(map.project(box.getNorthWest(), 0));
  // On the smallest of screens there may be no room at all; a map has a zoom all the same.
  const exact = (width) => Math.log2(Math.min(Math.max(width, 48) / size.x, Math.max(room.y, 48) / size.y));
  const [all, beside] = [exact(room.x), exact(room.x - left)];
  const seen = allowed(all - beside <= GIVE_UP ? beside : all, Math.floor);
  const nearer = inside - seen <= GO_NEARER ? Math.max(seen, inside) : seen;
  const zoom = Math.max(map.getMinZoom(), least, Math.min(maxZoom, nearer));
  const spare = Math.max(0, room.x - size.x * 2 ** zoom);
  const aside = Math.min(spare, Math.abs(left - right)) * Math.sign(left - right);
  const middle = map.project(box.getCenter(), zoom).add([-aside / 2, (covers - TOP_BAR - above) / 2]);
  setExactView(map, map.unproject(middle, zoom), zoom, { animate });
}

/** Return a box around a place given as "lon,lat". */
export function around(point) {
  const [lon, lat] = point.split(",").map(Number);
  return [lon - 0.004, lat - 0.003, lon + 0.004, lat + 0.003];
}

/** Return a box if all of it is in sight, else null. */
export function whole(map, box) {
  const [west, south, east, north] = box ?? [];
  return box && map.getBounds().contains([[south, west], [north, east]]) ? box : null;
}

/** Move the map just so far that a place is not hidden under the sheet or the bar at the top. */
export function reveal(map, lon, lat, sheet) {
  const { x, y } = map.latLngToContainerPoint([lat, lon]);
  const size = map.getSize();
  // Not by the map's own panInside: it goes to whole zooms.
  map.panBy([beyond(x, 32, size.x - 32), beyond(y, 88, size.y - sheet.covers - 48)]);
}

function beyond(value, least, most) {
  if (value < least) return value - least;
  return value > most ? value - most : 0;
}

export function addScale(map, element) {
  const scale = L.control.scale({ imperial: false, maxWidth: 120 });
  scale.addTo(map);
  element.append(scale.getContainer());
}

/** Place the reader on the map, only when asked, and keep nothing. */
export class Locator {
  #mark = null;

  constructor(map, config, notices, sheet) {
    Object.assign(this, { map, config, notices, sheet, strings: config.strings });
  }

  locate() {
    const options = { enableHighAccuracy: true, timeout: 15_000, maximumAge: 30_000 };
    if (!navigator.geolocation) {
      this.#say("locate.failed");
      return;
    }
    navigator.geolocation.getCurrentPosition(
      (position) => this.#found(position.coords),
      (error) => this.#say(error.code === error.PERMISSION_DENIED ? "locate.denied" : "locate.failed"),
      options,
    );
  }

  #found({ latitude, longitude, accuracy }) {
    this.#mark?.remove();
    const place = [latitude, longitude];
    this.#mark = L.layerGroup([
      L.circle(place, { radius: accuracy, stroke: false, fillColor: "#1d56b8", fillOpacity: 0.14, interactive: false }),
      L.circleMarker(place, { radius: 8, color: "#ffffff", weight: 3, fillColor: "#1d56b8", fillOpacity: 1, interactive: false }),
    ]).addTo(this.map);
    const { county } = this.config;
    if (county && !isInside(county.bounds, longitude, latitude)) this.#say("locate.outside");
    else this.notices.show("locate", this.strings["locate.you"].replace("{m}", Math.round(accuracy).toLocaleString()), { forMs: 5000 });
    const zoom = Math.max(this.map.getZoom(), 16);
    // In the middle of what the sheet leaves free.
    const middle = this.map.project(place, zoom).add([0, this.sheet.covers / 2]);
    this.map.setView(this.map.unproject(middle, zoom), zoom);
  }

  #say(key) {
    this.notices.show("locate", this.strings[key], { kind: "warn", forMs: 8000 });
  }
}

function isInside([west, south, east, north], lon, lat) {
  return lon >= west && lon <= east && lat >= south && lat <= north;
}

/** What lies under the territory; chosen by the reader, remembered in this browser. */
export class Base {
  #layer = null;
  #beside = null; // the same on a map side by side
  #make = null;

  constructor(map, config, onChange) {
    Object.assign(this, { map, config: config.base, lang: config.lang, strings: config.strings, onChange });
    addPane(map);
    this.attribution = document.querySelector(".attribution");
  }

  get isOn() {
    return this.#layer !== null;
  }

  /** Put the base map under the map if there is one and the reader has not switched it off. */
  async start() {
    if (this.config.kind === "none") return;
    this.#offer();
    if (remembered() !== "off") await this.set(true);
  }

  async set(on) {
    if (on && !this.#layer) {
      const { createBaseLayer } = await import("./basemap.js");
      const make = () => createBaseLayer(L, { ...this.config, lang: this.lang }, { pane: "base" });
      this.#layer = make();
      this.#layer?.addTo(this.map);
      this.#make = make;
      this.#accompany();
    } else if (!on) {
      for (const layer of [this.#layer, this.#beside]) layer?.remove();
      this.#layer = this.#beside = null;
    }
    remember(on ? "on" : "off");
    this.#attribute();
    this.onChange();
  }

  /** Lie under a second map as well, whenever under the first. */
  accompany(map) {
    addPane(map);
    this.second = map;
    this.#accompany();
  }

  #accompany() {
    if (!this.#layer || !this.second) return;
    this.#beside = this.#make();
    this.#beside.addTo(this.second);
  }

  #offer() {
    const holder = document.querySelector(".bases");
    const list = holder.querySelector("fieldset");
    const button = holder.querySelector("button");
    holder.hidden = false;
    for (const [value, text] of [["on", this.strings.base], ["off", this.strings["base.none"]]]) {
      const label = document.createElement("label");
      const radio = Object.assign(document.createElement("input"), { type: "radio", name: "base", value });
      radio.checked = value === (remembered() === "off" ? "off" : "on");
      radio.addEventListener("change", () => this.set(value === "on"));
      label.append(radio, text);
      list.append(label);
    }
    button.addEventListener("click", () => {
      list.hidden = !list.hidden;
      button.setAttribute("aria-expanded", String(!list.hidden));
    });
  }

  #attribute() {
    const { attribution, attributionUrl, note } = this.config;
    this.attribution.replaceChildren();
    if (!this.isOn) return;
    const name = document.createElement(attributionUrl ? "a" : "span");
    name.textContent = attribution ?? "";
    if (attributionUrl) Object.assign(name, { href: attributionUrl, rel: "noopener", target: "_blank" });
    this.attribution.append(name, note ? ` ${note}` : "");
  }
}

function addPane(map) {
  const pane = map.createPane("base");
  pane.style.zIndex = 150;
  pane.style.pointerEvents = "none";
}

function remembered() {
  try {
    return localStorage.getItem(BASE_KEY);
  } catch {
    return null; // storage is off: the choice lasts as long as the page
  }
}

function remember(value) {
  try {
    localStorage.setItem(BASE_KEY, value);
  } catch {
    // As above.
  }
}
