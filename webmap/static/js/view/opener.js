// Parts of the page that few need: their modules are loaded when a view wants them, and not before.

/** @import { How, View } from "../types/view.d.ts" */
/** @import { Store } from "./store.js" */

/**
 * Something that follows the view.
 * @typedef {{show(view: View, how?: How): unknown}} Part
 */

/**
 * @template {Part} T
 * @typedef {object} Opened
 * @property {T | null} part  null until it has been loaded
 * @property {(view: View, how?: How) => Promise<boolean>} show  follows the view; resolves to
 *   whether the part is there
 */

/**
 * Return what opens a part of the page by the view.
 * @template {Part} T
 * @param {object} options
 * @param {Store} options.store
 * @param {(view: View) => boolean} options.isWanted  tells whether a view needs the part
 * @param {() => Promise<T>} options.load  loads its module and makes it; it is called again after a failure
 * @param {() => void} options.failed  is called when it could not be loaded
 * @returns {Opened<T>}
 */
export function opener({ store, isWanted, load, failed }) {
  /** @type {T | null} */
  let part = null;
  /** @type {Promise<T> | null} */
  let loading = null;
  return {
    get part() {
      return part;
    },
    async show(view, how) {
      if (!part && !isWanted(view)) return false;
      try {
        part = await (loading ??= load());
      } catch {
        loading = null;
        failed();
        return false;
      }
      // Another view may have come meanwhile.
      await part.show(store.view, how);
      return true;
    },
  };
}

/**
 * Let the forms of a part wait for it, for readers who are quicker than the network: a form is sent once
 * the part is there.
 * @param {HTMLElement} body  where the forms are
 * @param {string} selector
 * @param {Opened<Part>} opened
 * @param {Store} store
 */
export function delaySubmits(body, selector, opened, store) {
  body.addEventListener("submit", async (event) => {
    const form = event.target instanceof Element ? event.target.closest(selector) : null;
    if (!(form instanceof HTMLFormElement) || opened.part) return;
    event.preventDefault();
    if (await opened.show(store.view)) form.requestSubmit();
  });
}
