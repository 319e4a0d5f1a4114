// The search box: a combobox whose list of options is a fragment from the server.

/** @import { Strings } from "../types/page.d.ts" */

import { closest, find, findAll } from "../view/elements.js";
import { isAbort } from "./retrying.js";

const WAIT_MS = 160;

export class Search {
  #timer = 0;
  /** @type {AbortController | null} */
  #abort = null;
  #active = -1;

  /**
   * query() returns the address of what is found for a text; choose() goes where an option leads.
   * @param {HTMLInputElement} input
   * @param {HTMLElement} list
   * @param {Strings} strings
   * @param {{ query: (text: string) => string, choose: (option: HTMLElement) => void, focused: () => void }} parts
   */
  constructor(input, list, strings, { query, choose, focused }) {
    this.input = input;
    this.list = list;
    this.strings = strings;
    this.query = query;
    this.choose = choose;
    this.status = find(HTMLElement, "#search-status");
    this.clear = find(HTMLElement, "[data-do='clear-search']");
    input.addEventListener("input", () => this.#later());
    input.addEventListener("focus", () => {
      focused();
      if (this.list.childElementCount) this.#open(true);
    });
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => setTimeout(() => this.#open(false), 150));
    this.clear.addEventListener("click", () => this.reset());
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => this.#pick(closest(HTMLElement, event.target, "[role=option]")));
  }

  reset() {
    this.input.value = "";
    this.list.replaceChildren();
    this.#open(false);
    this.clear.hidden = true;
    this.status.textContent = "";
  }

  #later() {
    clearTimeout(this.#timer);
    this.clear.hidden = !this.input.value;
    if (!this.input.value.trim()) {
      this.list.replaceChildren();
      this.#open(false);
      return;
    }
    this.#timer = setTimeout(() => this.#ask(), WAIT_MS);
  }

  async #ask() {
    this.#abort?.abort();
    this.#abort = new AbortController();
    try {
      const response = await fetch(this.query(this.input.value.trim()), { signal: this.#abort.signal });
      // htmx parses and places it, as it does with every fragment.
      htmx.swap(this.list, await response.text(), { swapStyle: "innerHTML" });
    } catch (error) {
      if (isAbort(error)) return;
      this.list.replaceChildren(Object.assign(document.createElement("p"), { className: "hits-none", textContent: this.strings["panel.failed"] }));
    }
    this.#mark(-1);
    this.#open(true);
    const n = this.#options().length;
    const said = this.list.querySelector("[data-cut]") ? "search.more" : "search.count";
    this.status.textContent = n ? this.strings[said].replace("{n}", String(n)) : this.strings["search.none"];
  }

  #options() {
    return findAll(HTMLElement, "[role=option]", this.list);
  }

  /** @param {boolean} open */
  #open(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.#mark(-1);
  }

  /** @param {number} index */
  #mark(index) {
    this.#active = index;
    const options = this.#options();
    options.forEach((option, i) => {
      option.id = `hit-${i}`;
      option.setAttribute("aria-selected", String(i === index));
    });
    if (index >= 0) {
      this.input.setAttribute("aria-activedescendant", `hit-${index}`);
      options[index].scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const options = this.#options();
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && options.length) {
      event.preventDefault();
      this.#open(true);
      const from = this.#active < 0 && step < 0 ? 0 : this.#active;
      this.#mark((from + step + options.length) % options.length);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.#pick(options[Math.max(0, this.#active)]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (this.list.hidden) this.reset();
      else this.#open(false);
    }
  }

  /** @param {HTMLElement | null | undefined} option */
  #pick(option) {
    if (!option) return;
    // Found: the next search begins with an empty box.
    this.reset();
    this.input.blur();
    this.choose(option);
  }
}
