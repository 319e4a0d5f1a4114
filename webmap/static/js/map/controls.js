// What stands on the map: where am I, base map; scale bar and attribution.

/** @import { Box, Config } from "../types/page.d.ts" */
/** @import { Notices } from "../panel/notices.js" */
/** @import { Sheet } from "../panel/sheet.js" */

import { find } from "../view/elements.js";

const BASE_KEY = "gridmap.base";

/**
 * @param {L.Map} map
 * @param {HTMLElement} element
 */
export function addScale(map, element) {
  const scale = L.control.scale({ imperial: false, maxWidth: 120 });
  scale.addTo(map);
  element.append(scale.getContainer() ?? "");
}

/** Place the reader on the map, only when asked, and keep nothing. */
export class Locator {
  /** @type {L.LayerGroup | null} */
  #mark = null;

  /**
   * @param {L.Map} map
   * @param {Config} config
   * @param {Notices} notices
   * @param {Sheet} sheet
   */
  constructor(map, config, notices, sheet) {
    this.map = map;
    this.county = config.county;
    this.strings = config.strings;
    this.notices = notices;
    this.sheet = sheet;
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

  /** @param {GeolocationCoordinates} coords */
  #found({ latitude, longitude, accuracy }) {
    this.#mark?.remove();
    const place = L.latLng(latitude, longitude);
    this.#mark = L.layerGroup([
      L.circle(place, { radius: accuracy, stroke: false, fillColor: "#1d56b8", fillOpacity: 0.14, interactive: false }),
      L.circleMarker(place, { radius: 8, color: "#ffffff", weight: 3, fillColor: "#1d56b8", fillOpacity: 1, interactive: false }),
    ]).addTo(this.map);
    if (this.county && !isInside(this.county.bounds, longitude, latitude)) this.#say("locate.outside");
    else this.notices.show("locate", this.strings["locate.you"].replace("{m}", Math.round(accuracy).toLocaleString()), { forMs: 5000 });
    const zoom = Math.max(this.map.getZoom(), 16);
    // In the middle of what the sheet leaves free.
    const middle = this.map.project(place, zoom).add([0, this.sheet.covers / 2]);
    this.map.setView(this.map.unproject(middle, zoom), zoom);
  }

  /** @param {string} key */
  #say(key) {
    this.notices.show("locate", this.strings[key], { kind: "warn", forMs: 8000 });
  }
}

/**
 * @param {Box} box
 * @param {number} lon
 * @param {number} lat
 */
function isInside([west, south, east, north], lon, lat) {
  return lon >= west && lon <= east && lat >= south && lat <= north;
}

/** What lies under the territory; chosen by the reader, remembered in this browser. */
export class Base {
  /** @type {L.Layer | null} */
  #layer = null;
  /** The same on a map side by side. @type {L.Layer | null} */
  #beside = null;
  /** The map side by side. @type {L.Map | null} */
  #second = null;
  /** @type {(() => L.Layer | null) | null} */
  #make = null;

  /**
   * @param {L.Map} map
   * @param {Config} config
   * @param {() => void} onChange
   */
  constructor(map, config, onChange) {
    this.map = map;
    this.config = config.base;
    this.lang = config.lang;
    this.strings = config.strings;
    this.onChange = onChange;
    addPane(map);
    this.attribution = find(HTMLElement, ".attribution");
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

  /** @param {boolean} on */
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

  /**
   * Lie under a second map as well, whenever under the first.
   * @param {L.Map} map
   */
  accompany(map) {
    addPane(map);
    this.#second = map;
    this.#accompany();
  }

  #accompany() {
    if (!this.#layer || !this.#second) return;
    this.#beside = this.#make?.() ?? null;
    this.#beside?.addTo(this.#second);
  }

  #offer() {
    const holder = find(HTMLElement, ".bases");
    const list = find(HTMLFieldSetElement, "fieldset", holder);
    const button = find(HTMLButtonElement, "button", holder);
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
    this.attribution.replaceChildren();
    if (!this.isOn || this.config.kind === "none") return;
    const { attribution, attributionUrl, note } = this.config;
    const name = document.createElement(attributionUrl ? "a" : "span");
    name.textContent = attribution ?? "";
    if (attributionUrl) Object.assign(name, { href: attributionUrl, rel: "noopener", target: "_blank" });
    this.attribution.append(name, note ? ` ${note}` : "");
  }
}

/** @param {L.Map} map */
function addPane(map) {
  const pane = map.createPane("base");
  pane.style.zIndex = "150";
  pane.style.pointerEvents = "none";
}

function remembered() {
  try {
    return localStorage.getItem(BASE_KEY);
  } catch {
    return null; // storage is off: the choice lasts as long as the page
  }
}

/** @param {string} value */
function remember(value) {
  try {
    localStorage.setItem(BASE_KEY, value);
  } catch {
    // As above.
  }
}
