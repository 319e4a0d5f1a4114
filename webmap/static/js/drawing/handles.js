// The corners of the chosen grid as buttons on the map: dragged by mouse or finger, moved by arrow
// keys; between two corners a smaller one that makes a new corner.

import { beside } from "./rings.js";
import { REACH } from "./snapping.js";
import { nearestTo, thinned } from "./thinning.js";

/** @import { Strings } from "../types/page.d.ts" */
/** @import { Grid, Pixel, Position, Ring, Segment } from "../types/plans.d.ts" */

/**
 * A corner of a ring, or the middle of one of its segments (``between`` two corners), and the pixel of the map's layer
 * where it is shown.
 * @typedef {object} Handle
 * @property {"corner" | "middle"} kind
 * @property {Position} at
 * @property {Ring} ring
 * @property {number} index  of the corner, or of the second one of the segment
 * @property {Segment} [between]
 * @property {boolean} [isJunction]
 * @property {number} rank
 * @property {L.Point} pixel
 */

/**
 * A drag, from its beginning to its end.
 * @typedef {{move(pixel: L.Point, options: {reach: number}): L.Point, end(): void, cancel(): void}} Session
 */

/**
 * A handle that is pressed, and then moved: by how much, holding on to what is within reach.
 * @typedef {object} Drag
 * @property {HTMLButtonElement} button
 * @property {Handle} handle
 * @property {boolean} byKeys
 * @property {L.Point} from  where the pointer went down
 * @property {L.Point} by
 * @property {number} reach
 * @property {boolean} moved
 * @property {Session | null} session  null until it is moved
 * @property {number} frame
 * @property {ReturnType<typeof setTimeout> | undefined} [timer]
 */

// More would be a thicket, and slow.
const MOST = 240;
const isCoarse = globalThis.matchMedia?.("(pointer: coarse)").matches ?? false;
// Nearer to each other they could not be told apart by mouse, or by finger: css/drawing.css makes each
// as large a target.
const APART_PX = isCoarse ? 44 : 9;
const MIDDLE_FROM_PX = isCoarse ? 88 : 44;
const LONG_PRESS_MS = 600;
/** @type {Record<string, [x: number, y: number]>} */
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Handles {
  #map;
  #strings;
  #begin;
  #remove;
  #pane;
  /** @type {Drag | null} */
  #drag = null;
  /** @type {Map<Element, Handle>} */
  #shown = new Map();

  /**
   * @param {L.Map} map
   * @param {Strings} strings
   * @param {object} parts
   * @param {(handle: Handle) => Session} parts.begin
   * @param {(handle: Handle, sides: Segment) => void} parts.remove  takes a corner away
   */
  constructor(map, strings, { begin, remove }) {
    this.#map = map;
    this.#strings = strings;
    this.#begin = begin;
    this.#remove = remove;
    this.#pane = map.getPane("handles") ?? map.createPane("handles");
    this.#pane.style.zIndex = "645";
    this.#pane.classList.add("leaflet-zoom-hide");
  }

  get isDragging() {
    return this.#drag !== null;
  }

  /**
   * Show the handles of a grid that are in sight; null shows none. Returns whether all are shown.
   * @param {Grid | null} grid
   * @param {Set<string>} junctions
   * @param {{focus?: Position | null}} [options]
   */
  show(grid, junctions, { focus = null } = {}) {
    if (this.#drag) return true;
    // Shown again, the corner that has the keyboard keeps it.
    const focused = focus ?? (document.activeElement && this.#shown.get(document.activeElement)?.at);
    const found = grid ? this.#found(grid, junctions) : [];
    const corners = found.filter((handle) => handle.kind === "corner");
    const isCrowded = corners.length > MOST;
    const shown = isCrowded ? corners.filter((handle) => handle.isJunction).slice(0, MOST) : found;
    const buttons = shown.map((handle) => this.#button(handle));
    this.#shown = new Map(buttons.map((button, i) => [button, shown[i]]));
    this.#pane.replaceChildren(...buttons);
    if (focused) buttons.find((_, i) => String(shown[i].at) === String(focused))?.focus({ preventScroll: true });
    return !isCrowded;
  }

  /**
   * @param {Grid} grid
   * @param {Set<string>} junctions
   */
  #found(grid, junctions) {
    const map = this.#map;
    const bounds = map.getPixelBounds();
    const [low, high] = [bounds.getTopLeft(), bounds.getBottomRight()];
    const origin = map.getPixelOrigin();
    /** @type {Handle[]} */
    const found = [];
    const inSight = (/** @type {Pixel} */ { x, y }) => x > low.x - 8 && y > low.y - 8 && x < high.x + 8 && y < high.y + 8;
    for (const ring of grid.polygons.flat()) {
      /** @type {L.Point | null} */
      let before = null;
      for (let i = 0; i < ring.length; i += 1) {
        const pixel = map.project([ring[i][1], ring[i][0]]);
        if (before && before.distanceTo(pixel) >= MIDDLE_FROM_PX) {
          const middle = before.add(pixel).divideBy(2);
          const { lat, lng } = map.unproject(middle);
          if (inSight(middle)) found.push({ kind: "middle", at: [lng, lat], between: [ring[i - 1], ring[i]], ring, index: i, rank: 2, pixel: middle.subtract(origin) });
        }
        before = pixel;
        // The last one is the first again.
        if (i === ring.length - 1 || !inSight(pixel)) continue;
        const isJunction = junctions.has(String(ring[i]));
        found.push({ kind: "corner", at: ring[i], ring, index: i, isJunction, rank: isJunction ? 0 : 1, pixel: pixel.subtract(origin) });
      }
    }
    return thinned(found, APART_PX);
  }

  /** @param {Handle} handle */
  #button(handle) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `handle handle-${handle.kind}${handle.isJunction ? " handle-junction" : ""}`;
    const words = handle.kind === "middle" ? "draw.middle" : handle.isJunction ? "draw.junction" : "draw.corner";
    button.setAttribute("aria-label", this.#strings[words].replace("{n}", String(handle.index + 1)));
    // Thousands of corners are nobody's way through a page: those between are reached by mouse.
    if (handle.kind === "middle") button.tabIndex = -1;
    L.DomUtil.setPosition(button, handle.pixel);
    L.DomEvent.disableClickPropagation(button);
    // Where targets overlap, the pointer means the nearest.
    button.addEventListener("pointerdown", (event) => this.#down(event));
    // The focus has gone to that one; the browser would give it to the topmost.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("keydown", (event) => this.#key(event, button, handle));
    button.addEventListener("blur", () => this.#drag?.byKeys && this.#drop());
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    return button;
  }

  /**
   * The button that a pointer means, and its handle.
   * @param {PointerEvent} event
   */
  #nearest(event) {
    const places = [...this.#shown].map(([button, handle]) => ({ button, handle, pixel: handle.pixel }));
    return nearestTo(places, this.#map.mouseEventToLayerPoint(event));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { button, handle } = this.#nearest(event) ?? {};
    if (event.button || this.#drag || !handle || !(button instanceof HTMLButtonElement)) return;
    event.stopPropagation();
    button.focus({ preventScroll: true });
    button.setPointerCapture(event.pointerId);
    const drag = dragOf(button, handle, { from: L.point(event.clientX, event.clientY) });
    this.#drag = drag;
    if (event.pointerType !== "mouse") drag.timer = setTimeout(() => this.#removed(handle), LONG_PRESS_MS);
    const own = new AbortController();
    const up = (/** @type {PointerEvent} */ { type }) => {
      own.abort();
      clearTimeout(drag.timer);
      if (this.#drag !== drag) return;
      if (type === "pointercancel") this.cancel();
      else this.#drop();
    };
    button.addEventListener("pointermove", (each) => this.#move(each, drag), { signal: own.signal });
    button.addEventListener("pointerup", up, { signal: own.signal });
    button.addEventListener("pointercancel", up, { signal: own.signal });
  }

  /**
   * @param {PointerEvent} event
   * @param {Drag} drag
   */
  #move(event, drag) {
    if (this.#drag !== drag) return;
    const by = L.point(event.clientX, event.clientY).subtract(drag.from);
    if (!drag.moved && Math.hypot(by.x, by.y) < (event.pointerType === "mouse" ? 3 : 8)) return;
    clearTimeout(drag.timer);
    drag.moved = true;
    const { pointerType: pointer } = event;
    const reach = event.altKey ? 0 : REACH[pointer === "touch" || pointer === "pen" ? pointer : "mouse"];
    this.#to(drag, by, reach);
  }

  /**
   * @param {Drag} drag
   * @param {L.Point} by
   * @param {number} reach
   */
  #to(drag, by, reach) {
    drag.by = by;
    drag.reach = reach;
    drag.frame ||= requestAnimationFrame(() => {
      drag.frame = 0;
      if (this.#drag !== drag) return;
      this.#moveNow(drag);
    });
  }

  /** @param {Drag} drag */
  #moveNow(drag) {
    drag.session ??= this.#begin(drag.handle);
    const at = drag.session.move(drag.handle.pixel.add(drag.by), { reach: drag.reach });
    L.DomUtil.setPosition(drag.button, at);
  }

  #drop() {
    const drag = this.#drag;
    if (!drag) return;
    cancelAnimationFrame(drag.frame);
    // A pointer that was quicker than the screen.
    if (drag.frame) this.#moveNow(drag);
    this.#drag = null;
    drag.session?.end();
  }

  /** Let go of what is being dragged, and leave it as it was. Returns whether anything was. */
  cancel() {
    const drag = this.#drag;
    if (!drag) return false;
    cancelAnimationFrame(drag.frame);
    clearTimeout(drag.timer);
    this.#drag = null;
    L.DomUtil.setPosition(drag.button, drag.handle.pixel);
    drag.session?.cancel();
    return true;
  }

  /** @param {Handle} handle */
  #removed(handle) {
    this.cancel();
    if (handle.kind === "corner") this.#remove(handle, beside(handle.ring, handle.index));
  }

  /**
   * @param {KeyboardEvent} event
   * @param {HTMLButtonElement} button
   * @param {Handle} handle
   */
  #key(event, button, handle) {
    const step = STEPS[event.key];
    const drag = this.#drag;
    if (step) {
      this.#drag ??= dragOf(button, handle, { byKeys: true });
      this.#to(this.#drag, this.#drag.by.add(L.point(step).multiplyBy(event.shiftKey ? 10 : 1)), 0);
    } else if (event.key === "Enter" && drag) this.#drop();
    else if (event.key === "Escape" && drag) this.cancel();
    else if (event.key === "Delete" || event.key === "Backspace") this.#removed(handle);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * @param {HTMLButtonElement} button
 * @param {Handle} handle
 * @param {{from?: L.Point, byKeys?: boolean}} how
 * @returns {Drag}
 */
function dragOf(button, handle, { from = L.point(0, 0), byKeys = false }) {
  return { button, handle, byKeys, from, by: L.point(0, 0), reach: 0, moved: false, session: null, frame: 0 };
}
