// The one view that everything else follows, joined with the browser's history.

/** @import { How, View } from "../types/view.d.ts" */

/** Hears of a view, the one before it and how it came. @typedef {(view: View, before: View, how: How) => void} Listener */

import { change, format, parse } from "./view.js";

export class Store {
  /** @type {Listener[]} */
  #listeners = [];

  /** @param {string} today */
  constructor(today) {
    this.today = today;
    this.view = parse(location.search, today);
    addEventListener("popstate", () => this.#become(parse(location.search, today), { from: "history" }));
  }

  /**
   * Call back after every change.
   * @param {Listener} listener
   */
  follow(listener) {
    this.#listeners.push(listener);
  }

  /**
   * Change parts of the view as a new step that "back" undoes.
   * @param {Partial<View>} parts
   * @param {How} [how]
   */
  go(parts, how = {}) {
    const next = change(this.view, parts);
    if (format(next) !== format(this.view)) history.pushState(null, "", location.pathname + format(next));
    this.#become(next, how);
  }

  /**
   * Change parts of the view without a step of their own (moving the map).
   * @param {Partial<View>} parts
   * @param {How} [how]
   */
  note(parts, how = {}) {
    const next = change(this.view, parts);
    history.replaceState(null, "", location.pathname + format(next));
    this.#become(next, { from: "note", ...how });
  }

  /**
   * Go where a link of this page leads; parts the link does not name are left behind.
   * @param {URL} url
   */
  followLink(url) {
    const target = parse(url.search, this.today);
    this.go({ ...target, lang: target.lang ?? this.view.lang }, { from: "link" });
  }

  /**
   * @param {View} next
   * @param {How} how
   */
  #become(next, how) {
    const before = this.view;
    this.view = next;
    for (const listener of this.#listeners) listener(next, before, how);
  }
}
