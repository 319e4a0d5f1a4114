// On a phone the panel is a sheet with three heights: peek, half, full. Dragged by its top, or by
// the grip with a keyboard.

/** @import { Strings } from "../types/page.d.ts" */

/** @typedef {"peek" | "half" | "full"} Height */

import { closest, find } from "../view/elements.js";

/** @type {Height[]} */
const HEIGHTS = ["peek", "half", "full"];
// The same condition as in css/layout.css: not at a desk, nor on a phone held sideways.
const SHEET = "(max-width: 599px), (max-width: 899px) and (min-height: 500px)";
const FLICK_PX_PER_MS = 0.45;
// The share of the screen that css/layout.css gives to the half-open sheet (46dvh).
const HALF = 0.46;

export class Sheet {
  /** Where and when a drag began, and how high the panel was. @type {{ y: number, height: number, at: number } | null} */
  #drag = null;

  /**
   * onChange hears of every other height.
   * @param {HTMLElement} panel
   * @param {Strings} strings
   * @param {() => void} onChange
   */
  constructor(panel, strings, onChange) {
    this.panel = panel;
    this.strings = strings;
    this.onChange = onChange;
    this.grip = find(HTMLElement, ".grip", panel);
    this.grip.addEventListener("click", () => this.#moved || this.next());
    this.body = find(HTMLElement, ".panel-body", panel);
    // What a folded sheet shows of its content opens it, unless a link or a button is meant.
    this.body.addEventListener("click", (event) => this.isSheet && !this.#moved && !closest(Element, event.target, "a, button, input, summary, label") && this.raise());
    for (const handle of [this.grip, find(HTMLElement, ".panel-top", panel), this.body]) {
      handle.addEventListener("pointerdown", (event) => (handle !== this.body || this.height === "peek") && this.#start(event));
      handle.addEventListener("pointermove", (event) => this.#move(event, handle));
      handle.addEventListener("pointerup", (event) => this.#end(event));
      handle.addEventListener("pointercancel", (event) => this.#end(event));
    }
    this.set(this.height);
  }

  #moved = false;

  get height() {
    return /** @type {Height} */ (this.panel.dataset.height);
  }

  /** Is the panel a sheet at all? At a desk it stands beside the map. */
  get isSheet() {
    return matchMedia(SHEET).matches;
  }

  /**
   * Pixels of the map that the sheet covers, once it has come to rest: measured while it still
   * moves it would be its old height. A full sheet hides the map; nothing is to be fitted beside it.
   */
  get covers() {
    if (!this.isSheet || this.height === "full") return 0;
    if (this.height === "half") return Math.round(innerHeight * HALF);
    return Number.parseFloat(getComputedStyle(this.panel).getPropertyValue("--peek"));
  }

  /** @param {Height} height */
  set(height) {
    this.panel.dataset.height = height;
    this.panel.style.removeProperty("height");
    if (height === "peek") this.body.scrollTop = 0;
    document.documentElement.dataset.sheet = height;
    find(HTMLElement, ".sr", this.grip).textContent = this.strings[`sheet.${height}`];
    this.grip.setAttribute("aria-expanded", String(height !== "peek"));
    this.onChange();
  }

  /** Open at least halfway, so that what was found can be read. */
  raise() {
    if (this.height === "peek") this.set("half");
  }

  next() {
    this.set(HEIGHTS[(HEIGHTS.indexOf(this.height) + 1) % 3]);
  }

  /** @param {PointerEvent} event */
  #start(event) {
    if (!this.isSheet || event.button !== 0 || closest(Element, event.target, "input, .hits, [data-do='clear-search']")) return;
    this.#moved = false;
    this.#drag = { y: event.clientY, height: this.panel.offsetHeight, at: event.timeStamp };
  }

  /**
   * @param {PointerEvent} event
   * @param {HTMLElement} handle
   */
  #move(event, handle) {
    if (!this.#drag) return;
    const by = this.#drag.y - event.clientY;
    if (Math.abs(by) > 4 && !this.#moved) {
      this.#moved = true;
      // Only now: a captured pointer would take the click away from what lies under it.
      handle.setPointerCapture(event.pointerId);
    }
    if (!this.#moved) return;
    this.panel.classList.add("dragging");
    this.panel.style.height = `${Math.max(80, this.#drag.height + by)}px`;
  }

  /** @param {PointerEvent} event */
  #end(event) {
    const drag = this.#drag;
    this.#drag = null;
    this.panel.classList.remove("dragging");
    if (!drag || !this.#moved) return;
    const speed = (drag.y - event.clientY) / Math.max(1, event.timeStamp - drag.at);
    this.set(settle(this.panel.offsetHeight, innerHeight, speed));
    // The click that follows the drag is none.
    setTimeout(() => (this.#moved = false), 0);
  }
}

/**
 * Return the height a released sheet goes to, by where it is and how fast it was flung upwards.
 * @param {number} height
 * @param {number} screen
 * @param {number} speed
 * @returns {Height}
 */
export function settle(height, screen, speed) {
  const share = height / screen;
  if (speed > FLICK_PX_PER_MS) return share > 0.5 ? "full" : "half";
  if (speed < -FLICK_PX_PER_MS) return share < 0.5 ? "peek" : "half";
  if (share > 0.72) return "full";
  return share > 0.3 ? "half" : "peek";
}
