// The ranked list in the panel of services, the map's twin: a row outlines its grid, the grid under
// the pointer marks its row, and the list follows the level and, if wanted, the part that are in view.

import { patiently } from "../panel/retrying.js";
import { panelUrl } from "../view/view.js";

const WAIT_MS = 250;

export class Ranking {
  #timer = 0;
  #loaded = ""; // the address of the list on show, or on its way
  #marked = null;
  #isStale = false;
  #asked = null; // what aborts the list that is on its way

  /** parts: {map, store, panel, layers, outline, covers}; covers() are the pixels hidden at the bottom. */
  constructor(parts) {
    Object.assign(this, parts);
    const { body } = this.panel;
    for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
      body.addEventListener(on, ({ target }) => this.#point(rowOf(target)));
      body.addEventListener(off, ({ target }) => rowOf(target) && this.#point(null));
    }
    body.addEventListener("click", ({ target }) => this.#turn(target.closest("#ranked button[data-page]")));
    body.addEventListener("change", ({ target }) => this.#choose(target));
    body.addEventListener("keydown", (event) => this.#step(event));
    body.addEventListener("htmx:afterSwap", ({ target }) => (target === body || target.id === "ranked") && this.#arrived());
    this.map.on("moveend", () => this.#wait());
  }

  /** Return the address of a view's panel, with the list in it that the map asks for. */
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

  /** Mark the row of the grid under the pointer, of the one of these that is listed; null unmarks. */
  mark(grids) {
    this.#marked = grids;
    const list = this.#list;
    list?.querySelector(".lit")?.classList.remove("lit");
    const row = list && grids?.map(({ id }) => list.querySelector(`[data-grid="${id}"]`)).find(Boolean);
    if (!row) return;
    row.classList.add("lit");
    // The list alone is scrolled: whoever reads above it stays there.
    const rows = row.parentElement;
    const [inner, outer] = [row.getBoundingClientRect(), rows.getBoundingClientRect()];
    if (inner.top < outer.top) rows.scrollTop -= outer.top - inner.top;
    else if (inner.bottom > outer.bottom) rows.scrollTop += inner.bottom - outer.bottom;
  }

  get #list() {
    return this.panel.body.querySelector("#ranked");
  }

  #isListed(view) {
    return view.mode === "coverage" && panelUrl(view).startsWith("/panel/home");
  }

  // West, south, east, north of what is not hidden.
  #box() {
    const { x, y } = this.map.getSize();
    const [top, bottom] = [[0, 0], [x, Math.max(1, y - this.covers())]].map((point) => this.map.containerPointToLatLng(point));
    return [top.lng, bottom.lat, bottom.lng, top.lat].map((degrees) => degrees.toFixed(4)).join(",");
  }

  // Whatever was swapped in: a panel, or another page of the list.
  #arrived() {
    this.outline.show(null);
    const { body } = this.panel;
    for (const key of ["rank", "within"]) {
      const select = body.querySelector(`#${key}`);
      if (select) select.value = this.store.view[key] ?? "";
    }
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

  // A list that cannot be loaded leaves the one before it: the panel and the map are still there.
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
      this.#isStale ||= error.name !== "AbortError";
    }
  }

  #choose({ id, value }) {
    if (id !== "rank" && id !== "within") return;
    this.store.go({ [id]: value || null }, { panel: "loaded" });
    this.#refresh();
  }

  async #turn(button) {
    if (!button) return;
    this.store.go({ page: Number(button.dataset.page) }, { panel: "loaded" });
    await this.#refresh();
    const section = this.#list?.closest("section");
    if (section && section.getBoundingClientRect().top < this.panel.body.getBoundingClientRect().top) section.scrollIntoView();
  }

  #point(row) {
    this.outline.show(row ? Number(row.dataset.grid) : null, this.store.view.on);
  }

  #step(event) {
    const way = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
    const next = way && rowOf(event.target)?.[way]?.querySelector("a");
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

function rowOf(target) {
  return target.closest("#ranked [data-grid]");
}
