// The side panel: fragments of HTML by htmx, a skeleton meanwhile, and what to do when they fail.

/** @import { Config } from "../types/page.d.ts" */

/** What htmx tells of an answer before it is put in. @typedef {CustomEvent<{ pathInfo: { requestPath: string }, shouldSwap: boolean, isError: boolean, xhr: XMLHttpRequest }>} SwapEvent */

import { find, findAll } from "../view/elements.js";

const SKELETON_AFTER_MS = 120;

export class Panel extends EventTarget {
  /** @type {string | null} */
  #url = null;
  #timer = 0;
  /** What had the keyboard last in here. @type {EventTarget | null} */
  #last = null;
  /** Its likeness, while a fragment is on its way. @type {string | null} */
  #focus = null;
  /** Does the present one stay on show meanwhile? */
  quiet = false;

  /**
   * @param {HTMLElement} element
   * @param {Config} config
   */
  constructor(element, config) {
    super();
    this.element = element;
    this.body = find(HTMLElement, "#panel-body", element);
    this.strings = config.strings;
    this.skeleton = this.body.innerHTML;
    this.body.addEventListener("htmx:beforeSwap", (event) => this.#beforeSwap(/** @type {SwapEvent} */ (event)));
    this.body.addEventListener("htmx:afterSwap", (event) => event.target === this.body && this.#arrived());
    this.body.addEventListener("htmx:sendError", () => this.#failed());
    this.body.addEventListener("htmx:timeout", () => this.#failed());
    this.body.addEventListener("input", (event) => filterInPlace(event.target));
    this.body.addEventListener("focusin", (event) => (this.#last = event.target));
  }

  /** The root element of the fragment on show, null while none is. */
  get root() {
    return /** @type {HTMLElement | null} */ (this.body.querySelector("[data-mode]"));
  }

  /**
   * Load a fragment; quiet keeps the present one on show and the reader's place in it.
   * @param {string} url
   * @returns {Promise<void>}
   */
  load(url, { quiet = false } = {}) {
    if (quiet && this.#isBeingRead) return Promise.resolve();
    this.#url = url;
    this.quiet = quiet;
    clearTimeout(this.#timer);
    htmx.trigger(this.body, "htmx:abort");
    this.#focus = this.#pressed() ?? this.#focus;
    if (!quiet) {
      this.body.setAttribute("aria-busy", "true");
      this.#timer = setTimeout(() => this.#wait(), SKELETON_AFTER_MS);
    }
    return htmx.ajax("GET", url, { source: this.body, target: this.body, swap: "innerHTML" }).catch(() => {});
  }

  /**
   * Has what came brought the ranked list: the whole panel, or another page of it?
   * @param {EventTarget | null} target
   */
  isList(target) {
    return target === this.body || (target instanceof Element && target.id === "ranked");
  }

  retry() {
    if (this.#url) this.load(this.#url);
  }

  /** Ask again for the fragment on show, which stays until its successor is there. */
  reload() {
    return this.#url ? this.load(this.#url, { quiet: true }) : Promise.resolve();
  }

  // A number that is on show, or on its way, is being read: news can wait.
  get #isBeingRead() {
    return this.body.querySelector(".contact, .htmx-request") !== null;
  }

  // A button that waits for its answer cannot keep the keyboard: nobody else has it then.
  #pressed() {
    const { activeElement, body } = document;
    if (activeElement instanceof HTMLElement && this.body.contains(activeElement)) return likeness(activeElement);
    const last = activeElement === body || !activeElement ? this.#last : null;
    return last instanceof HTMLElement && last.isConnected && "disabled" in last && last.disabled ? likeness(last) : null;
  }

  #wait() {
    this.body.innerHTML = this.skeleton;
    this.body.scrollTop = 0;
  }

  /** @param {SwapEvent} event */
  #beforeSwap(event) {
    if (event.target !== this.body) return;
    clearTimeout(this.#timer);
    // An answer to a question that nobody asks any more.
    if (event.detail.pathInfo.requestPath !== this.#url) event.detail.shouldSwap = false;
    // The error's own fragment says what happened; a quiet refresh that fails changes nothing.
    else event.detail.shouldSwap = !(this.quiet && (event.detail.xhr.status >= 400 || this.#isBeingRead));
    event.detail.isError = false;
  }

  #arrived() {
    this.body.removeAttribute("aria-busy");
    if (!this.quiet) this.body.scrollTop = 0;
    if (this.root) this.dispatchEvent(new CustomEvent("arrived", { detail: this.root.dataset }));
    goOn(this.body, this.#focus);
    this.#focus = null;
  }

  #failed() {
    clearTimeout(this.#timer);
    this.#focus = null;
    this.body.removeAttribute("aria-busy");
    if (this.quiet) return;
    const box = Object.assign(document.createElement("section"), { className: "state" });
    const text = Object.assign(document.createElement("p"), { textContent: this.strings["panel.failed"] });
    const button = Object.assign(document.createElement("button"), {
      type: "button",
      className: "primary",
      textContent: this.strings["panel.retry"],
    });
    button.dataset.do = "retry";
    box.append(text, button);
    this.body.replaceChildren(box);
  }
}

/**
 * Of what has the keyboard, its like is looked for in what comes.
 * @param {HTMLElement} element
 */
function likeness(element) {
  const form = element.closest("form");
  return JSON.stringify([
    element.tagName,
    "name" in element ? element.name : "",
    element.tagName === "A" || element.tagName === "BUTTON" || element.tagName === "SUMMARY" ? element.textContent.trim() : "",
    element.dataset.place ?? "",
    form ? `${form.dataset.send ?? ""} ${findAll(HTMLInputElement, "[name=place]", form)[0]?.value ?? ""}` : "",
  ]);
}

/**
 * The keyboard goes on where it was, or at the top of what has come instead.
 * @param {HTMLElement} body
 * @param {string | null} focus
 */
function goOn(body, focus) {
  if (!focus || (document.activeElement && document.activeElement !== document.body)) return;
  const [tag] = JSON.parse(focus);
  const like = findAll(HTMLElement, tag, body).find((each) => likeness(each) === focus && each.checkVisibility());
  const target = like ?? body.querySelector("h1");
  // A field would call up the keyboard of a phone.
  if (!target || (like?.matches("input, textarea") && !matchMedia("(hover: hover)").matches)) return;
  if (!like) target.tabIndex = -1;
  target.focus({ preventScroll: true });
}

/**
 * A list names its filter box by data-filters="#list"; rows are matched by their text and by the
 * words that they carry along: pinyin, initials, code.
 * @param {EventTarget | null} input
 */
function filterInPlace(input) {
  if (!(input instanceof HTMLInputElement) || !input.dataset.filters) return;
  const wanted = input.value.trim().toLowerCase();
  let count = 0;
  for (const row of findAll(HTMLElement, `${input.dataset.filters} > *`)) {
    const words = `${row.textContent} ${row.dataset.words ?? ""}`;
    row.hidden = wanted !== "" && !words.toLowerCase().includes(wanted);
    if (!row.hidden) count += 1;
  }
  const counter = document.querySelector(`[data-count="${input.dataset.filters}"]`);
  if (counter) counter.textContent = count.toLocaleString();
}
