// How the map of services is painted, chosen in the panel: into which classes, and beside what.

/** @import { Strings } from "../types/page.d.ts" */
/** @import { LayerSet } from "./layerset.js" */
/** @import { Panel } from "../panel/panel.js" */
/** @import { Store } from "../view/store.js" */

import { find, findAll } from "../view/elements.js";
import { faultOf, ownLimits, stepsOf } from "../view/classes.js";

const EQUAL = [20, 40, 60, 80];

export class Painting {
  /** @param {{ store: Store, panel: Panel, layers: LayerSet, strings: Strings }} parts */
  constructor({ store, panel, layers, strings }) {
    this.store = store;
    this.layers = layers;
    this.strings = strings;
    this.body = panel.body;
    this.body.addEventListener("change", ({ target }) => this.#change(target));
    this.body.addEventListener("htmx:afterSwap", ({ target }) => panel.isList(target) && this.#follow());
  }

  /** @param {EventTarget | null} target */
  #change(target) {
    if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
    if (target.id === "classes") this.#paint(target.value === "own" ? this.#limitsNow() : null, target.value);
    else if (target.closest(".limits")) this.#paint(this.#inputs.map((input) => (input.value === "" ? Number.NaN : Number(input.value))), "own");
    else if (target.id === "beside") this.#put(target.value);
    else if (target.id === "beside-day" && target.value && target.validity.valid) this.store.go({ beside: target.value });
  }

  /**
   * The panel stays: its figures are the same in other colours.
   * @param {number[] | null} limits
   * @param {string} way
   */
  #paint(limits, way) {
    const fault = limits && faultOf(limits);
    this.#say(fault);
    if (fault) return;
    const classes = limits ? `own:${limits.join(",")}` : way === "equal" ? null : way;
    this.store.go({ classes }, { panel: "loaded" });
    this.#follow();
  }

  /** @param {string} value */
  #put(value) {
    const day = find(HTMLElement, ".other-day", this.body);
    day.hidden = value !== "day";
    if (value !== "day") this.store.go({ beside: value || null });
    else find(HTMLInputElement, "input", day).focus();
  }

  // Of what is drawn now, if it has five classes.
  #limitsNow() {
    const { layers } = this;
    const steps = stepsOf(layers.styles.coverage, layers.shares.classes, layers.shares.quantiles, layers.finestLevel);
    const limits = steps.slice(0, -1).map(({ to }) => to);
    return faultOf(limits) ? EQUAL : limits;
  }

  /** @param {ReturnType<typeof faultOf>} fault */
  #say(fault) {
    const key = fault && fault.least > 100 ? "classes.full" : "classes.fault";
    const text = fault ? this.strings[key].replace("{n}", String(fault.n)).replace("{least}", String(fault.least)) : "";
    find(HTMLElement, "#limits-fault", this.body).textContent = text;
    this.#inputs.forEach((input, i) => input.setAttribute("aria-invalid", String(fault?.n === i + 1)));
  }

  // What is chosen, and what the panel's links carry on.
  #follow() {
    const [select] = findAll(HTMLSelectElement, "#classes", this.body);
    if (!select) return;
    const { classes } = this.store.view;
    const limits = ownLimits(classes);
    select.value = limits ? "own" : classes ?? "equal";
    find(HTMLElement, ".limits", this.body).hidden = !limits;
    // What is being typed is not written over by a list that arrives.
    if (limits && !this.body.querySelector(".limits:focus-within")) this.#inputs.forEach((input, i) => (input.value = String(limits[i])));
    for (const link of findAll(HTMLAnchorElement, 'a[href^="/?"]', this.body)) {
      const url = new URL(link.href);
      if (classes) url.searchParams.set("classes", classes);
      else url.searchParams.delete("classes");
      link.href = url.pathname + url.search;
    }
  }

  get #inputs() {
    return findAll(HTMLInputElement, ".limits input", this.body);
  }
}
