// The one view that everything else follows, joined with the browser's history.

import { change, format, parse } from "./view.js";

export class Store {
  #listeners = [];

  constructor(today) {
    this.today = today;
    this.view = parse(location.search, today);
    addEventListener("popstate", () => this.#become(parse(location.search, today), { from: "history" }));
  }

  /** Call back with (view, before, how) after every change. */
  follow(listener) {
    this.#listeners.push(listener);
  }

  /** Change parts of the view as a new step that "back" undoes. */
  go(parts, how = {}) {
    const next = change(this.view, parts);
    if (format(next) !== format(this.view)) history.pushState(null, "", location.pathname + format(next));
    this.#become(next, how);
  }

  /** Change parts of the view without a step of their own (moving the map). */
  note(parts, how = {}) {
    const next = change(this.view, parts);
    history.replaceState(null, "", location.pathname + format(next));
    this.#become(next, { from: "note", ...how });
  }

  /** Go where a link of this page leads; parts the link does not name are left behind. */
  followLink(url) {
    const target = parse(url.search, this.today);
    this.go({ ...target, lang: target.lang ?? this.view.lang }, { from: "link" });
  }

  #become(next, how) {
    const before = this.view;
    this.view = next;
    for (const listener of this.#listeners) listener(next, before, how);
  }
}
