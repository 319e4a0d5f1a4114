// The ranked list in the panel of services, the map's twin: a row outlines its grid, the grid under
// the pointer marks its row, and the list follows the level and, if wanted, the part that are in view.

/** @import { Level } from "../types/page.d.ts" */
/** @import { View } from "../types/view.d.ts" */
/** @import { LayerSet } from "../map/layerset.js" */
/** @import { Outline } from "../map/outline.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Store } from "../view/store.js" */

import { closest, findAll } from "../view/elements.js";
import { isAbort, patiently } from "../panel/retrying.js";
import { panelUrl } from "../view/view.js";

const WAIT_MS = 250;

export class Ranking {
  #timer = 0;
  /** The address of the list on show, or on its way. */
  #loaded = "";
  /** @type {{ id: number }[] | null} */
  #marked = null;
  #isStale = false;
  /** What aborts the list that is on its way. @type {AbortController | null} */
  #asked = null;

  /**
   * covers() are the pixels hidden at the bottom.
   * @param {{ map: L.Map, store: Store, panel: Panel, layers: LayerSet, outline: Outline, covers: () => number }} parts
   */
  constructor({ map, store, panel, layers, outline, covers }) {
    this.map = map;
    this.store = store;
    this.panel = panel;
    this.layers = layers;
    this.outline = outline;
    this.covers = covers;
    const { body } = panel;
    for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
      body.addEventListener(on, ({ target }) => this.#point(rowOf(target)));
      body.addEventListener(off, ({ target }) => rowOf(target) && this.#point(null));
    }
    body.addEventListener("click", ({ target }) => this.#turn(closest(HTMLElement, target, "#ranked button[data-page]")));
    body.addEventListener("change", ({ target }) => this.#choose(target));
    body.addEventListener("keydown", (event) => this.#step(event));
    body.addEventListener("htmx:afterSwap", ({ target }) => panel.isList(target) && this.#arrived());
    this.map.on("moveend", () => this.#wait());
  }

  /**
   * Return the address of a view's panel, with the list in it that the map asks for.
   * @param {View} view
   */
  url(view) {
    const url = panelUrl(view);
    if (!this.#isListed(view)) return url;
    const asked = new URL(url, location.origin);
    const drawn = this.layers.finestLevel;
    asked.searchParams.set("level", view.rank ?? (drawn === "county" ? "town" : drawn));
    if (view.within) asked.searchParams.set("box", this.#box());
    this.#loaded = asked.search;
    return asked.pathname + asked.search;
  }

  /**
   * Mark the row of the grid under the pointer, of the one of these that is listed; null unmarks.
   * @param {{ id: number }[] | null} grids
   */
  mark(grids) {
    this.#marked = grids;
    const list = this.#list;
    list?.querySelector(".lit")?.classList.remove("lit");
    const row = list && grids?.map(({ id }) => list.querySelector(`[data-grid="${id}"]`)).find(Boolean);
    const rows = row?.parentElement;
    if (!row || !rows) return;
    row.classList.add("lit");
    // The list alone is scrolled: those who read above it stay there.
    const [inner, outer] = [row.getBoundingClientRect(), rows.getBoundingClientRect()];
    if (inner.top < outer.top) rows.scrollTop -= outer.top - inner.top;
    else if (inner.bottom > outer.bottom) rows.scrollTop += inner.bottom - outer.bottom;
  }

  get #list() {
    return this.panel.body.querySelector("#ranked");
  }

  /** @param {View} view */
  #isListed(view) {
    return view.mode === "coverage" && panelUrl(view).startsWith("/panel/home");
  }

  // West, south, east, north of what is not hidden.
  #box() {
    const { x, y } = this.map.getSize();
    const top = this.map.containerPointToLatLng([0, 0]);
    const bottom = this.map.containerPointToLatLng([x, Math.max(1, y - this.covers())]);
    return [top.lng, bottom.lat, bottom.lng, top.lat].map((degrees) => degrees.toFixed(4)).join(",");
  }

  // Whatever was swapped in: a panel, or another page of the list.
  #arrived() {
    this.outline.show(null);
    const { body } = this.panel;
    for (const select of findAll(HTMLSelectElement, "#rank", body)) select.value = this.store.view.rank ?? "";
    for (const select of findAll(HTMLSelectElement, "#within", body)) select.value = this.store.view.within ?? "";
    this.mark(this.#marked);
    // The map may have moved while the panel was on its way.
    if (this.#list) this.#wait();
  }

  #wait() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh(), WAIT_MS);
  }

  async #refresh() {
    const { view } = this.store;
    if (!this.#list || !this.#isListed(view)) return;
    const before = new URLSearchParams(this.#loaded);
    let url = this.url(view);
    const after = new URLSearchParams(this.#loaded);
    if (`${before}` === `${after}` && !this.#isStale) return;
    this.#isStale = false;
    // Of other grids the first page.
    if (view.page > 1 && ["level", "box"].some((key) => before.get(key) !== after.get(key))) {
      this.store.note({ page: 1 }, { panel: "loaded" });
      url = this.url(this.store.view);
    }
    await this.#load(url.replace("/panel/home", "/panel/ranked"));
  }

  /**
   * A list that cannot be loaded leaves the one before it: the panel and the map are still there.
   * @param {string} url
   */
  async #load(url) {
    this.#asked?.abort();
    this.#asked = new AbortController();
    try {
      const response = await patiently(url, { cache: "no-cache", signal: this.#asked.signal });
      if (!response.ok) return;
      const text = await response.text();
      if (this.#list && this.#isListed(this.store.view)) htmx.swap(this.#list, text, { swapStyle: "innerHTML" });
    } catch (error) {
      // Offline, and not overtaken: the next move of the map asks again.
      this.#isStale ||= !isAbort(error);
    }
  }

  /** @param {EventTarget | null} target */
  #choose(target) {
    if (!(target instanceof HTMLSelectElement)) return;
    if (target.id === "rank") this.store.go({ rank: /** @type {Level | ""} */ (target.value) || null }, { panel: "loaded" });
    else if (target.id === "within") this.store.go({ within: target.value === "view" ? "view" : null }, { panel: "loaded" });
    else return;
    this.#refresh();
  }

  /** @param {HTMLElement | null} button */
  async #turn(button) {
    if (!button) return;
    this.store.go({ page: Number(button.dataset.page) }, { panel: "loaded" });
    await this.#refresh();
    const section = this.#list?.closest("section");
    if (section && section.getBoundingClientRect().top < this.panel.body.getBoundingClientRect().top) section.scrollIntoView();
  }

  /** @param {HTMLElement | null} row */
  #point(row) {
    this.outline.show(row ? Number(row.dataset.grid) : null, this.store.view.on);
  }

  /** @param {KeyboardEvent} event */
  #step(event) {
    const row = rowOf(event.target);
    const other = event.key === "ArrowDown" ? row?.nextElementSibling : event.key === "ArrowUp" ? row?.previousElementSibling : null;
    const link = other?.querySelector("a");
    if (!link) return;
    event.preventDefault();
    link.focus();
  }
}

/** @param {EventTarget | null} target */
function rowOf(target) {
  return closest(HTMLElement, target, "#ranked [data-grid]");
}
