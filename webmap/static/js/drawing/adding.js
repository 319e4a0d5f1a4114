// A file on its way to become a reference layer: chosen in the panel or dropped on the map, sent, and
// kept until it has been taken, so that what it does not say can be added.

import { closest, find } from "../view/elements.js";
import { Problem } from "./api.js";
import { Upload } from "./upload.js";

/** @import { Panel } from "../panel/panel.js" */
/** @import { Box, Strings } from "../types/page.d.ts" */

/** @typedef {{number: number, bounds: Box, notes: string[]}} Added  the layer that a file has become */

const OTHER = "other";

export class Adding {
  #strings;
  #mayDraw;
  #added;
  /** @type {number | null} */
  #plan = null;
  /** @type {File | null} */
  #file = null;
  /** @type {HTMLElement | null} */
  #section = null;
  /** @type {Upload | null} */
  #upload = null;
  #turn = 0;
  // What the section shows, whenever it comes again; the share that has been sent is null once all has.
  #state = { text: "", fault: "", share: /** @type {number | null} */ (null), layers: /** @type {string[]} */ ([]) };
  #chosen = { crs: "", epsg: "", layer: "" };

  /**
   * @param {object} parts
   * @param {L.Map} parts.map
   * @param {Panel} parts.panel
   * @param {Strings} parts.strings
   * @param {() => boolean} parts.mayDraw
   * @param {(added: Added) => void} parts.added
   */
  constructor({ map, panel, strings, mayDraw, added }) {
    this.#strings = strings;
    this.#mayDraw = mayDraw;
    this.#added = added;
    panel.body.addEventListener("change", (event) => this.#picked(event));
    panel.body.addEventListener("click", (event) => this.#clicked(event));
    this.#watchDrops(map.getContainer());
  }

  /**
   * Follow the view.
   * @param {number | null} plan
   */
  show(plan) {
    this.#plan = plan;
    this.#stop();
    this.#section = null;
    this.#chosen = { crs: "", epsg: "", layer: "" };
    this.#tell({});
  }

  /** @param {HTMLElement} section */
  arrive(section) {
    this.#section = section;
    this.#fill();
  }

  /** @param {Event} event */
  #picked({ target }) {
    if (target instanceof HTMLInputElement && target.matches("[data-reference-file]") && target.files?.length) this.#take(target.files[0]);
    if (!(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
    const { addingChoice: choice } = target.dataset;
    if (choice !== "crs" && choice !== "epsg" && choice !== "layer") return;
    this.#chosen[choice] = target.value.trim();
    this.#fill();
  }

  /** @param {MouseEvent} event */
  #clicked({ target }) {
    const action = closest(HTMLElement, target, "[data-do]")?.dataset.do;
    if (action === "reference-again" && this.#file) this.#send(this.#file);
    if (action === "reference-pick" && this.#section) find(HTMLInputElement, "[data-reference-file]", this.#section).click();
    if (action === "reference-stop") {
      this.#stop();
      this.#tell({});
    }
  }

  #stop() {
    this.#turn += 1;
    this.#upload?.abort();
    this.#upload = this.#file = null;
  }

  /** @param {HTMLElement} container */
  #watchDrops(container) {
    const isFile = (/** @type {DragEvent} */ event) => Boolean(this.#plan && this.#mayDraw() && event.dataTransfer?.types.includes("Files"));
    const mark = (/** @type {boolean} */ isOver) => container.classList.toggle("drop-here", isOver);
    container.dataset.drop = this.#strings["reference.drop"];
    container.addEventListener("dragover", (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      mark(true);
    });
    container.addEventListener("dragleave", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && container.contains(relatedTarget))) mark(false);
    });
    container.addEventListener("drop", (event) => {
      mark(false);
      if (!isFile(event)) return;
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) this.#take(file);
    });
  }

  /** @param {File} file */
  #take(file) {
    this.#file = file;
    this.#chosen.layer = "";
    this.#send(file);
    this.#section?.scrollIntoView({ block: "nearest" });
  }

  /** @param {File} file */
  async #send(file) {
    const turn = ++this.#turn;
    this.#upload?.abort();
    const { crs, epsg, layer } = this.#chosen;
    const asked = new URLSearchParams({ name: file.name, crs: crs === OTHER ? `EPSG:${epsg}` : crs });
    if (layer) asked.set("layer", layer);
    this.#tell({ text: this.#strings["reference.sending"].replace("{name}", file.name), share: 0 });
    try {
      const added = await this.#sent(file, `/api/plans/${this.#plan}/references?${asked}`);
      if (turn !== this.#turn) return;
      this.#file = null;
      this.#chosen.layer = "";
      this.#tell({ text: added.notes.join(" ") });
      this.#added(added);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // Another file has taken its place, or it was called back.
      if (turn === this.#turn) this.#refused(problem);
    }
  }

  /** @param {Problem} problem */
  #refused(problem) {
    const { systems = [], layers = [] } = problem.data;
    // What is likely is chosen already.
    if (systems.length) this.#chosen = { ...this.#chosen, crs: OTHER, epsg: systems[0].replace("EPSG:", "") };
    if (layers.length) this.#chosen.layer = layers[0];
    this.#tell({ fault: problem.isOffline ? this.#strings["reference.offline"] : problem.message, layers });
  }

  /**
   * @param {File} file
   * @param {string} address
   * @returns {Promise<Added>}
   */
  async #sent(file, address) {
    const upload = new Upload(address, (share) => {
      if (this.#upload !== upload) return;
      this.#tell({ text: share === null ? this.#strings["reference.reading"] : this.#state.text, share });
    });
    this.#upload = upload;
    try {
      return await upload.send(file);
    } finally {
      if (this.#upload === upload) this.#upload = null;
    }
  }

  /** @param {{text?: string, fault?: string, share?: number | null, layers?: string[]}} state */
  #tell({ text = "", fault = "", share = null, layers = [] }) {
    this.#state = { text, fault, share, layers };
    this.#fill();
  }

  #fill() {
    const form = this.#section?.querySelector("[data-adding]");
    if (!form) return;
    const { text, fault, share, layers } = this.#state;
    const part = (/** @type {string} */ name) => find(HTMLElement, `[data-adding-${name}]`, form);
    const isBusy = this.#upload !== null;
    this.#fillChoices(form, layers);
    part("epsg").hidden = this.#chosen.crs !== OTHER;
    part("layer").hidden = !layers.length;
    part("text").textContent = text;
    part("fault").textContent = fault;
    part("fault").hidden = !fault;
    const bar = find(HTMLProgressElement, "[data-adding-bar]", form);
    bar.hidden = !isBusy;
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    part("again").hidden = !(this.#file && fault);
    part("stop").hidden = !isBusy;
    find(HTMLButtonElement, "[data-adding-pick]", form).disabled = isBusy;
  }

  /**
   * @param {Element} form
   * @param {string[]} layers
   */
  #fillChoices(form, layers) {
    const crs = find(HTMLSelectElement, "[data-adding-choice=crs]", form);
    const known = [...crs.options].find((each) => each.value === `EPSG:${this.#chosen.epsg}`);
    if (this.#chosen.crs === OTHER && known) this.#chosen.crs = known.value;
    crs.value = this.#chosen.crs;
    find(HTMLInputElement, "[data-adding-choice=epsg]", form).value = this.#chosen.epsg;
    const layer = find(HTMLSelectElement, "[data-adding-choice=layer]", form);
    layer.replaceChildren(...layers.map((name) => new Option(name, name, false, name === this.#chosen.layer)));
  }
}
