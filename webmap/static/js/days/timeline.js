// The days on which boundaries changed, as a slider and step by step, and the day to compare with.
// Loaded when somebody asks for it (days.js).

const WAIT_MS = 200;

export class Timeline {
  #asked = null;
  #loading = null; // a promise of the days asked for
  #timer = 0;
  #days = []; // YYYY-MM-DD, oldest first

  /** parts: {store, config, panel, selection, layers, written, failed}; written says a day in words. */
  constructor(element, parts) {
    this.element = element;
    Object.assign(this, parts);
    element.addEventListener("click", ({ target }) => (target.name === "versus" ? target.showPicker?.() : this.#click(target.closest("button"))));
    element.addEventListener("input", ({ target }) => target.type === "range" && this.#slide(Number(target.value)));
    element.addEventListener("change", ({ target }) => target.matches("[data-day]") && target.value && this.#go(target.value));
    // What was published meanwhile may have made another day of change.
    this.layers.addEventListener("news", () => {
      this.#asked = null;
      if (!element.hidden) this.show(this.store.view);
    });
    for (const [on, off] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
      this.panel.body.addEventListener(on, ({ target }) => this.#ring(target.closest("tr[data-point]")));
      this.panel.body.addEventListener(off, ({ target }) => target.closest("tr[data-point]") && this.#ring(null));
    }
  }

  /** Show the days of the grid that is selected, or of the county, and where among them a view is. */
  async show(view) {
    const url = `/panel/days${view.grid ? `?grid=${view.grid}` : ""}`;
    if (url !== this.#asked) {
      this.#asked = url;
      this.#loading = this.#load(url);
    }
    const asked = this.#loading;
    if (!(await asked) || asked !== this.#loading) return;
    this.#place(this.store.view);
  }

  // Returns whether the days are there.
  async #load(url) {
    try {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`days: ${response.status}`);
      const text = await response.text();
      if (url !== this.#asked) return false;
      const label = document.activeElement?.closest(".timeline *")?.getAttribute("aria-label");
      htmx.swap(this.element, text, { swapStyle: "innerHTML" });
      // Whoever steps by keys goes on where they were.
      if (label) this.element.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
      this.#days = [...this.element.querySelectorAll("[data-day] option")].map((option) => option.value).reverse();
      return true;
    } catch {
      this.#asked = null;
      this.failed();
      return false;
    }
  }

  // Mark where a view is: on a day of change, or between two of them.
  #place({ on, versus }) {
    const day = on ?? this.config.today;
    const at = this.#days.findLastIndex((each) => each <= day);
    const chosen = this.#find("[data-day]");
    if (chosen) {
      chosen.querySelector("[data-here]")?.remove();
      if (this.#days[at] !== day) chosen.prepend(this.#between(chosen, at));
      chosen.value = this.#days[at] === day ? day : "";
      this.#find("[type=range]").value = Math.max(0, at);
      this.#say();
      this.#find("[data-step='-1']").disabled = !(this.#days[0] < day);
      this.#find("[data-step='1']").disabled = !(this.#days.at(-1) > day);
    }
    this.#find("[name=versus]").value = versus ?? "";
    const said = this.#find(".date time");
    said.textContent = versus ? this.written(versus) : said.dataset.none;
    this.#find("[data-versus='']").hidden = !versus;
    this.#find("[data-versus='eve']").hidden = Boolean(versus) || at < 1;
  }

  #between({ dataset }, at) {
    const text = at >= 0 ? dataset.between.replace("{since}", this.#option(at).dataset.short) : dataset.before;
    const option = new Option(text, "");
    option.dataset.here = "";
    return option;
  }

  #click(button) {
    if (button?.dataset.step) {
      const day = this.store.view.on ?? this.config.today;
      const next = button.dataset.step === "1" ? this.#days.find((each) => each > day) : this.#days.findLast((each) => each < day);
      if (next) this.#go(next);
    } else if (button?.dataset.versus === "eve") {
      const day = this.store.view.on ?? this.config.today;
      const at = this.#days.findLastIndex((each) => each <= day);
      this.store.go({ versus: this.#option(at).dataset.eve });
    } else if (button?.dataset.versus === "") {
      this.store.go({ versus: null });
    }
  }

  // Say at once where the slider is; the map follows when it comes to rest.
  #slide(at) {
    const chosen = this.#find("[data-day]");
    chosen.value = this.#days[at];
    this.#say();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#go(this.#days[at]), WAIT_MS);
  }

  #go(day) {
    clearTimeout(this.#timer);
    this.store.go({ on: day === this.config.today ? null : day });
  }

  #say() {
    this.#find("[type=range]").setAttribute("aria-valuetext", this.#find("[data-day]").selectedOptions[0]?.textContent.trim() ?? "");
  }

  #ring(row) {
    this.selection.point(row ? row.dataset.point.split(",").map(Number).reverse() : null);
  }

  #option(at) {
    return this.#find(`[data-day] option[value="${this.#days[at]}"]`);
  }

  #find(selector) {
    return this.element.querySelector(selector);
  }
}
