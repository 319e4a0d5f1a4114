// Which reference layers of a plan are on show, and how strongly: kept by this browser.

import { find, findAll } from "../view/elements.js";

const KEY = "gridmap.references";
const USUAL = 0.9;

/**
 * How a layer is shown; what is left out is as usual.
 * @typedef {{hidden?: boolean, opacity?: number}} Setting
 * @typedef {Record<string, Setting>} Settings  by the layer's number
 */

export class Visibility {
  /** @type {number | null} */
  #plan = null;
  /** @type {Settings} */
  #kept = {};
  #changed;

  /** @param {() => void} changed  is called after each change */
  constructor(changed) {
    this.#changed = changed;
  }

  /**
   * Be that of a plan.
   * @param {number | null} plan
   */
  of(plan) {
    this.#plan = plan;
    this.#kept = read()[plan ?? ""] ?? {};
  }

  /** @param {number} number */
  isVisible(number) {
    return !this.#kept[number]?.hidden;
  }

  /** @param {number} number */
  opacity(number) {
    return this.#kept[number]?.opacity ?? USUAL;
  }

  /**
   * @param {number} number
   * @param {Setting} setting
   */
  set(number, setting) {
    this.#kept = { ...this.#kept, [number]: { ...this.#kept[number], ...setting } };
    try {
      if (this.#plan !== null) localStorage.setItem(KEY, JSON.stringify({ ...read(), [this.#plan]: this.#kept }));
    } catch {
      // No room, or not allowed: it holds until the page is left.
    }
    this.#changed();
  }

  /**
   * Let the fields of a section say what is on show.
   * @param {HTMLElement} section
   */
  fill(section) {
    for (const item of findAll(HTMLElement, "[data-reference]", section)) {
      const number = Number(item.dataset.reference);
      find(HTMLInputElement, "[data-of=visible]", item).checked = this.isVisible(number);
      find(HTMLInputElement, "[data-of=opacity]", item).value = String(Math.round(this.opacity(number) * 100));
    }
  }
}

/** @returns {Record<string, Settings>} */
function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    return {};
  }
}
