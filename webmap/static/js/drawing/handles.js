// The corners of the chosen grid as buttons on the map: dragged by mouse or finger, moved by arrow
// keys; between two corners a smaller one that makes a new corner.

import { beside } from "./rings.js";
import { REACH } from "./snapping.js";
import { nearestTo, thinned } from "./thinning.js";

// More would be a thicket, and slow.
const MOST = 240;
const isCoarse = globalThis.matchMedia?.("(pointer: coarse)").matches ?? false;
// Nearer to each other they could not be told apart by mouse, or by finger: css/drawing.css makes each
// as large a target.
const APART_PX = isCoarse ? 44 : 9;
const MIDDLE_FROM_PX = isCoarse ? 88 : 44;
const LONG_PRESS_MS = 600;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Handles {
  #drag = null;
  #shown = [];

  /**
   * ``begin(handle)`` returns a drag: {move(pixel, {reach}), end(), cancel()}; ``remove(handle)``
   * takes a corner away. A handle is {kind, at, ring, index, between}.
   */
  constructor(map, strings, { begin, remove }) {
    Object.assign(this, { map, strings, begin, remove });
    this.pane = map.getPane("handles") ?? map.createPane("handles");
    this.pane.style.zIndex = 645;
    this.pane.classList.add("leaflet-zoom-hide");
  }

  get isDragging() {
    return this.#drag !== null;
  }

  /** Show the handles of a grid that are in sight; null shows none. Returns whether all are shown. */
  show(grid, junctions, { focus = null } = {}) {
    if (this.#drag) return true;
    // Shown again, the corner that has the keyboard keeps it.
    const focused = focus ?? document.activeElement.handle?.at;
    const found = grid ? this.#found(grid, junctions) : [];
    const corners = found.filter((handle) => handle.kind === "corner");
    const isCrowded = corners.length > MOST;
    const shown = isCrowded ? corners.filter((handle) => handle.isJunction).slice(0, MOST) : found;
    this.#shown = shown.map((handle) => this.#button(handle));
    this.pane.replaceChildren(...this.#shown);
    if (focused) this.#shown.find((each) => String(each.handle.at) === String(focused))?.focus({ preventScroll: true });
    return !isCrowded;
  }

  #found(grid, junctions) {
    const bounds = this.map.getPixelBounds();
    const origin = this.map.getPixelOrigin();
    const found = [];
    const inSight = ({ x, y }) => x > bounds.min.x - 8 && y > bounds.min.y - 8 && x < bounds.max.x + 8 && y < bounds.max.y + 8;
    for (const ring of grid.polygons.flat()) {
      let before = null;
      for (let i = 0; i < ring.length; i += 1) {
        const pixel = this.map.project([ring[i][1], ring[i][0]]);
        if (before && before.distanceTo(pixel) >= MIDDLE_FROM_PX) {
          const middle = before.add(pixel).divideBy(2);
          const { lat, lng } = this.map.unproject(middle);
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

  #button(handle) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `handle handle-${handle.kind}${handle.isJunction ? " handle-junction" : ""}`;
    const words = handle.kind === "middle" ? "draw.middle" : handle.isJunction ? "draw.junction" : "draw.corner";
    button.setAttribute("aria-label", this.strings[words].replace("{n}", handle.index + 1));
    // Thousands of corners are nobody's way through a page: those between are reached by mouse.
    if (handle.kind === "middle") button.tabIndex = -1;
    button.handle = handle;
    L.DomUtil.setPosition(button, handle.pixel);
    L.DomEvent.disableClickPropagation(button);
    // Where targets overlap, the pointer means the nearest.
    button.addEventListener("pointerdown", (event) => this.#down(event, this.#nearest(event)));
    // The focus has gone to that one; the browser would give it to the topmost.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("keydown", (event) => this.#key(event, button));
    button.addEventListener("blur", () => this.#drag?.byKeys && this.#drop());
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    return button;
  }

  #nearest(event) {
    const places = this.#shown.map((button) => ({ button, pixel: button.handle.pixel }));
    return nearestTo(places, this.map.mouseEventToLayerPoint(event)).button;
  }

  #down(event, button) {
    if (event.button || this.#drag) return;
    event.stopPropagation();
    button.focus({ preventScroll: true });
    button.setPointerCapture(event.pointerId);
    const drag = { button, at: L.point(event.clientX, event.clientY), session: null, moved: false };
    this.#drag = drag;
    if (event.pointerType !== "mouse") drag.timer = setTimeout(() => this.#removed(button), LONG_PRESS_MS);
    const move = (each) => this.#move(each, drag);
    const up = (each) => {
      for (const [name, listener] of listeners) button.removeEventListener(name, listener);
      clearTimeout(drag.timer);
      if (this.#drag !== drag) return;
      if (each.type === "pointercancel") this.cancel();
      else this.#drop();
    };
    const listeners = [["pointermove", move], ["pointerup", up], ["pointercancel", up]];
    for (const [name, listener] of listeners) button.addEventListener(name, listener);
  }

  #move(event, drag) {
    if (this.#drag !== drag) return;
    const by = L.point(event.clientX, event.clientY).subtract(drag.at);
    if (!drag.moved && Math.hypot(by.x, by.y) < (event.pointerType === "mouse" ? 3 : 8)) return;
    clearTimeout(drag.timer);
    drag.moved = true;
    drag.session ??= this.begin(drag.button.handle);
    const reach = event.altKey ? 0 : REACH[event.pointerType] ?? REACH.mouse;
    this.#to(drag, by, reach);
  }

  #to(drag, by, reach) {
    drag.by = by;
    drag.reach = reach;
    drag.frame ||= requestAnimationFrame(() => {
      drag.frame = 0;
      if (this.#drag !== drag) return;
      this.#moveNow(drag);
    });
  }

  #moveNow(drag) {
    const { handle } = drag.button;
    const at = drag.session.move(handle.pixel.add(drag.by), { reach: drag.reach });
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
    L.DomUtil.setPosition(drag.button, drag.button.handle.pixel);
    drag.session?.cancel();
    return true;
  }

  #removed(button) {
    this.cancel();
    if (button.handle.kind === "corner") this.remove(button.handle, beside(button.handle.ring, button.handle.index));
  }

  #key(event, button) {
    const step = STEPS[event.key];
    const drag = this.#drag;
    if (step) {
      this.#drag ??= { button, byKeys: true, by: L.point(0, 0), session: this.begin(button.handle) };
      this.#to(this.#drag, this.#drag.by.add(L.point(step).multiplyBy(event.shiftKey ? 10 : 1)), 0);
    } else if (event.key === "Enter" && drag) this.#drop();
    else if (event.key === "Escape" && drag) this.cancel();
    else if (event.key === "Delete" || event.key === "Backspace") this.#removed(button);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

}
