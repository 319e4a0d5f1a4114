// The side panel: fragments of HTML by htmx, a skeleton meanwhile, and what to do when they fail.

const SKELETON_AFTER_MS = 120;

export class Panel extends EventTarget {
  #url = null;
  #timer = 0;
  #last = null; // what had the keyboard last in here
  #focus = null; // its likeness, while a fragment is on its way

  constructor(element, config) {
    super();
    this.element = element;
    this.body = element.querySelector("#panel-body");
    this.strings = config.strings;
    this.skeleton = this.body.innerHTML;
    this.body.addEventListener("htmx:beforeSwap", (event) => this.#beforeSwap(event));
    this.body.addEventListener("htmx:afterSwap", (event) => event.target === this.body && this.#arrived());
    this.body.addEventListener("htmx:sendError", () => this.#failed());
    this.body.addEventListener("htmx:timeout", () => this.#failed());
    this.body.addEventListener("input", (event) => filterInPlace(event.target));
    this.body.addEventListener("focusin", (event) => (this.#last = event.target));
  }

  /** The root element of the fragment on show, null while none is. */
  get root() {
    return this.body.querySelector("[data-mode]");
  }

  /** Load a fragment; quiet keeps the present one on show and the reader's place in it. */
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

  retry() {
    if (this.#url) this.load(this.#url);
  }

  /** Ask again for the fragment on show, which stays until its successor is there. */
  reload() {
    return this.load(this.#url, { quiet: true });
  }

  // A number that is on show, or on its way, is being read: news can wait.
  get #isBeingRead() {
    return this.body.querySelector(".contact, .htmx-request") !== null;
  }

  // A button that waits for its answer cannot keep the keyboard: nobody else has it then.
  #pressed() {
    const { activeElement, body } = document;
    const isHere = this.body.contains(activeElement) || ((activeElement === body || !activeElement) && this.#last?.isConnected && this.#last.disabled);
    return isHere ? likeness(this.body.contains(activeElement) ? activeElement : this.#last) : null;
  }

  #wait() {
    this.body.innerHTML = this.skeleton;
    this.body.scrollTop = 0;
  }

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

// Of what has the keyboard, its like is looked for in what comes.
function likeness(element) {
  const form = element.closest("form");
  return JSON.stringify([
    element.tagName,
    element.name ?? "",
    element.tagName === "A" || element.tagName === "BUTTON" || element.tagName === "SUMMARY" ? element.textContent.trim() : "",
    element.dataset.place ?? "",
    form ? `${form.dataset.send ?? ""} ${form.querySelector("[name=place]")?.value ?? ""}` : "",
  ]);
}

// The keyboard goes on where it was, or at the top of what has come instead.
function goOn(body, focus) {
  if (!focus || (document.activeElement && document.activeElement !== document.body)) return;
  const [tag] = JSON.parse(focus);
  const like = [...body.querySelectorAll(tag)].find((each) => likeness(each) === focus && each.checkVisibility());
  const target = like ?? body.querySelector("h1");
  // A field would call up the keyboard of a phone.
  if (!target || (like?.matches("input, textarea") && !matchMedia("(hover: hover)").matches)) return;
  if (!like) target.tabIndex = -1;
  target.focus({ preventScroll: true });
}

// A list names its filter box by data-filters="#list"; rows are matched by their text and by the
// words that they carry along: pinyin, initials, code.
function filterInPlace(input) {
  if (!input.dataset.filters) return;
  const wanted = input.value.trim().toLowerCase();
  let count = 0;
  for (const row of document.querySelectorAll(`${input.dataset.filters} > *`)) {
    const words = `${row.textContent} ${row.dataset.words ?? ""}`;
    row.hidden = wanted !== "" && !words.toLowerCase().includes(wanted);
    if (!row.hidden) count += 1;
  }
  const counter = document.querySelector(`[data-count="${input.dataset.filters}"]`);
  if (counter) counter.textContent = count.toLocaleString();
}
