// How the map of services is painted, chosen in the panel: into which classes, and beside what.

import { faultOf, ownLimits, stepsOf } from "../view/classes.js";

const EQUAL = [20, 40, 60, 80];

export class Painting {
  /** parts: {store, panel, layers, strings}. */
  constructor(parts) {
    Object.assign(this, parts);
    this.body = this.panel.body;
    this.body.addEventListener("change", ({ target }) => this.#change(target));
    this.body.addEventListener("htmx:afterSwap", ({ target }) => (target === this.body || target.id === "ranked") && this.#follow());
  }

  #change(target) {
    if (target.id === "classes") this.#paint(target.value === "own" ? this.#limitsNow() : null, target.value);
    else if (target.closest(".limits")) this.#paint(this.#inputs.map((input) => (input.value === "" ? Number.NaN : Number(input.value))), "own");
    else if (target.id === "beside") this.#put(target.value);
    else if (target.id === "beside-day" && target.value && target.validity.valid) this.store.go({ beside: target.value });
  }

  // The panel stays: its figures are the same in other colours.
  #paint(limits, way) {
    const fault = limits && faultOf(limits);
    this.#say(fault);
    if (fault) return;
    const classes = limits ? `own:${limits.join(",")}` : way === "equal" ? null : way;
    this.store.go({ classes }, { panel: "loaded" });
    this.#follow();
  }

  #put(value) {
    const day = this.body.querySelector(".other-day");
    day.hidden = value !== "day";
    if (value !== "day") this.store.go({ beside: value || null });
    else day.querySelector("input").focus();
  }

  // Of what is drawn now, if it has five classes.
  #limitsNow() {
    const { layers } = this;
    const steps = stepsOf(layers.styles.coverage, layers.shares.classes, layers.shares.quantiles, layers.finestLevel);
    const limits = steps.slice(0, -1).map(({ to }) => to);
    return faultOf(limits) ? EQUAL : limits;
  }

  #say(fault) {
    const key = fault?.least > 100 ? "classes.full" : "classes.fault";
    const text = fault ? this.strings[key].replace("{n}", fault.n).replace("{least}", fault.least) : "";
    this.body.querySelector("#limits-fault").textContent = text;
    this.#inputs.forEach((input, i) => input.setAttribute("aria-invalid", String(fault?.n === i + 1)));
  }

  // What is chosen, and what the panel's links carry on.
  #follow() {
    const select = this.body.querySelector("#classes");
    if (!select) return;
    const { classes } = this.store.view;
    const limits = ownLimits(classes);
    select.value = limits ? "own" : classes ?? "equal";
    this.body.querySelector(".limits").hidden = !limits;
    // What is being typed is not written over by a list that arrives.
    if (limits && !this.body.querySelector(".limits:focus-within")) this.#inputs.forEach((input, i) => (input.value = limits[i]));
    for (const link of this.body.querySelectorAll('a[href^="/?"]')) {
      const url = new URL(link.href);
      if (classes) url.searchParams.set("classes", classes);
      else url.searchParams.delete("classes");
      link.href = url.pathname + url.search;
    }
  }

  get #inputs() {
    return [...this.body.querySelectorAll(".limits input")];
  }
}
