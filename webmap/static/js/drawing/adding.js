// A file on its way to become a reference layer: chosen in the panel or dropped on the map, sent, and
// kept until it has been taken, so that what it does not say can be added.

import { Problem, token } from "./api.js";

const OTHER = "other";

export class Adding {
  #plan = null;
  #file = null;
  #section = null;
  #request = null;
  #turn = 0;
  // What the section shows, whenever it comes anew.
  #state = { text: "", fault: "", share: null, systems: [], layers: [] };
  #chosen = { crs: "", epsg: "", layer: "" };

  /** ``parts``: map, panel, strings, mayDraw(), added(made). */
  constructor(parts) {
    Object.assign(this, parts);
    const { body } = this.panel;
    body.addEventListener("change", (event) => this.#picked(event));
    body.addEventListener("click", (event) => this.#clicked(event));
    this.#watchDrops(this.map.getContainer());
  }

  show(plan) {
    this.#plan = plan;
    this.#stop();
    this.#section = null;
    this.#chosen = { crs: "", epsg: "", layer: "" };
    this.#tell({});
  }

  arrive(section) {
    this.#section = section;
    this.#fill();
  }

  #picked({ target }) {
    if (target.matches("[data-reference-file]") && target.files.length) this.#take(target.files[0]);
    const { addingChoice: chosen } = target.dataset;
    if (!chosen) return;
    this.#chosen[chosen] = target.value.trim();
    this.#fill();
  }

  #clicked({ target }) {
    const doer = target.closest("[data-do]")?.dataset.do;
    if (doer === "reference-again" && this.#file) this.#send();
    if (doer === "reference-pick") this.#section?.querySelector("[data-reference-file]").click();
    if (doer === "reference-stop") {
      this.#stop();
      this.#tell({});
    }
  }

  #stop() {
    this.#turn += 1;
    this.#request?.abort();
    this.#request = this.#file = null;
  }

  #watchDrops(container) {
    const isFile = (event) => this.#plan && this.mayDraw() && event.dataTransfer?.types.includes("Files");
    const mark = (on) => container.classList.toggle("drop-here", on);
    container.dataset.drop = this.strings["reference.drop"];
    container.addEventListener("dragover", (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      mark(true);
    });
    container.addEventListener("dragleave", (event) => container.contains(event.relatedTarget) || mark(false));
    container.addEventListener("drop", (event) => {
      mark(false);
      if (!isFile(event)) return;
      event.preventDefault();
      if (event.dataTransfer.files.length) this.#take(event.dataTransfer.files[0]);
    });
  }

  #take(file) {
    this.#file = file;
    this.#chosen.layer = "";
    this.#send();
    this.#section?.scrollIntoView({ block: "nearest" });
  }

  async #send() {
    const turn = ++this.#turn;
    this.#request?.abort();
    const { crs, epsg, layer } = this.#chosen;
    const asked = new URLSearchParams({ name: this.#file.name, crs: crs === OTHER ? `EPSG:${epsg}` : crs });
    if (layer) asked.set("layer", layer);
    const words = this.strings["reference.sending"].replace("{name}", this.#file.name);
    this.#tell({ text: words, share: 0 });
    try {
      const made = await this.#sent(`/api/plans/${this.#plan}/references?${asked}`);
      if (turn !== this.#turn) return;
      this.#file = null;
      this.#chosen.layer = "";
      this.#tell({ text: made.notes.join(" ") });
      this.added(made);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      // Another file has taken its place, or it was called back.
      if (turn !== this.#turn) return;
      const { systems = [], layers = [] } = problem.data ?? {};
      // What is likely is chosen already.
      if (systems.length) this.#chosen = { ...this.#chosen, crs: OTHER, epsg: systems[0].replace("EPSG:", "") };
      if (layers.length) this.#chosen.layer = layers[0];
      this.#tell({ fault: problem.isOffline ? this.strings["reference.offline"] : problem.message, layers });
    }
  }

  // By the older way: fetch does not say how much has been sent.
  #sent(address) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#request = request;
      request.open("POST", address);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("X-CSRFToken", token());
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        const isSent = loaded === total;
        this.#tell({ text: isSent ? this.strings["reference.reading"] : this.#state.text, share: isSent ? null : loaded / total });
      });
      const ended = () => this.#request === request && (this.#request = null);
      request.addEventListener("load", () => {
        ended();
        const data = dataOf(request.responseText);
        if (request.status < 300) resolve(data);
        else reject(new Problem(request.status, data));
      });
      for (const end of ["error", "abort"]) {
        request.addEventListener(end, () => {
          ended();
          reject(new Problem(0));
        });
      }
      request.send(this.#file);
    });
  }

  #tell(state) {
    this.#state = { text: "", fault: "", share: null, layers: [], ...state };
    this.#fill();
  }

  #fill() {
    const form = this.#section?.querySelector("[data-adding]");
    if (!form) return;
    const { text, fault, share, layers } = this.#state;
    const find = (name) => form.querySelector(`[data-adding-${name}]`);
    const isBusy = this.#request !== null;
    const crs = form.querySelector("[data-adding-choice=crs]");
    const known = [...crs.options].find((each) => each.value === `EPSG:${this.#chosen.epsg}`);
    if (this.#chosen.crs === OTHER && known) this.#chosen.crs = known.value;
    crs.value = this.#chosen.crs;
    find("epsg").hidden = this.#chosen.crs !== OTHER;
    form.querySelector("[data-adding-choice=epsg]").value = this.#chosen.epsg;
    find("layer").hidden = !layers.length;
    const layer = form.querySelector("[data-adding-choice=layer]");
    layer.replaceChildren(...layers.map((name) => new Option(name, name, false, name === this.#chosen.layer)));
    find("text").textContent = text;
    find("fault").textContent = fault;
    find("fault").hidden = !fault;
    const bar = find("bar");
    bar.hidden = !isBusy;
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    find("again").hidden = !(this.#file && fault);
    find("stop").hidden = !isBusy;
    find("pick").disabled = isBusy;
  }
}

function dataOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
