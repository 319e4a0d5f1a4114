// Which reference layers of a plan are on show, and how strongly: kept by this browser.

const KEY = "gridmap.references";
const USUAL = 0.9;

export class Visibility {
  #plan = null;
  #kept = {};

  /** ``changed()`` is called after each change. */
  constructor(changed) {
    this.changed = changed;
  }

  of(plan) {
    this.#plan = plan;
    this.#kept = read()[plan] ?? {};
  }

  isVisible(number) {
    return !this.#kept[number]?.hidden;
  }

  opacity(number) {
    return this.#kept[number]?.opacity ?? USUAL;
  }

  set(number, parts) {
    this.#kept = { ...this.#kept, [number]: { ...this.#kept[number], ...parts } };
    try {
      localStorage.setItem(KEY, JSON.stringify({ ...read(), [this.#plan]: this.#kept }));
    } catch {
      // No room, or not allowed: it holds until the page is left.
    }
    this.changed();
  }

  /** Let the fields of a section say what is on show. */
  fill(section) {
    for (const item of section.querySelectorAll("[data-reference]")) {
      const number = Number(item.dataset.reference);
      item.querySelector("[data-of=visible]").checked = this.isVisible(number);
      item.querySelector("[data-of=opacity]").value = Math.round(this.opacity(number) * 100);
    }
  }
}

function read() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}
