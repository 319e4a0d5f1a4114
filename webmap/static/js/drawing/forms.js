// The forms and buttons of the panel's fragments: [data-send] names what is asked for below the plan,
// or an address; data-with what goes along; data-then="open" leads to the plan that was made.

import { ask, Problem } from "./api.js";

/**
 * Return what a form says, as JSON data: numbers as numbers, empty optional fields left out, boxes of
 * one name as the list of those that are ticked.
 */
export function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (field.type === "checkbox") {
      values[field.name] ??= [];
      if (field.checked) values[field.name].push(field.value);
      continue;
    }
    if (!field.name || (field.type === "radio" && !field.checked)) continue;
    if (field.value === "" && "optional" in field.dataset) continue;
    values[field.name] = field.type === "number" || "number" in field.dataset ? Number(field.value) : field.value;
  }
  return values;
}

/**
 * Watch a panel, and in it what ``scope`` selects. ``send(path, body, options)`` sends something of the present plan and throws a
 * Problem; ``chosen()`` is the grid that an operation is for; ``opened(plan)`` goes to a new plan;
 * ``said(text, undo)`` says what was done, with the way back; ``done(body)`` hears of what was sent
 * to an address and answered; ``revision(address)`` is the state of it that was seen, ``changed(address, revision)`` hears of the next one,
 * and ``stale(problem, again)`` of a change that was made on top of what had not been seen. data-busy is said while an answer takes its time.
 */
export class Forms {
  #own = new AbortController();

  constructor(panel, parts) {
    Object.assign(this, { panel, ...parts });
    const { signal } = this.#own;
    panel.addEventListener("submit", (event) => this.#submitted(event), { signal });
    panel.addEventListener("click", (event) => this.#clicked(event), { signal });
  }

  remove() {
    this.#own.abort();
  }

  #clicked(event) {
    const button = event.target.closest("button[data-send]");
    if (!button || button.disabled || !button.closest(this.scope)) return;
    const body = button.dataset.with ? JSON.parse(button.dataset.with) : {};
    this.#sent(button, button.dataset, body, button.closest("section")?.querySelector(".fault-line"));
  }

  #submitted(event) {
    const form = event.target.closest("form[data-send]");
    if (!form?.closest(this.scope)) return;
    event.preventDefault();
    const body = { ...(form.dataset.with ? JSON.parse(form.dataset.with) : {}), ...valuesOf(form) };
    if (form.dataset.operation) Object.assign(body, { do: form.dataset.operation, grid: this.chosen()?.id });
    this.#sent(form.querySelector("button[type=submit], button:not([type=button])"), form.dataset, body, form.querySelector(".fault-line"));
  }

  async #sent(button, { send, method = "POST", then, said, undo, busy }, body, line) {
    if (line) {
      line.hidden = !busy;
      line.textContent = busy ?? "";
      line.classList.toggle("is-busy", Boolean(busy));
    }
    button.disabled = true;
    try {
      const answer = send.startsWith("/") ? await this.#ask(send, method, body) : await this.send(send, body, { method, quiet: true, isNew: then === "open" });
      if (answer && then === "open") this.opened(answer);
      else if (answer && send.startsWith("/")) await this.done?.(body);
      // The fragment has been asked for anew: what was pressed may be gone by now.
      if (answer && said) this.said(said, () => this.#sent(button, { send, method }, JSON.parse(undo), null));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.isStale && this.stale) {
        if (line) line.hidden = true;
        this.stale(problem, () => this.#sent(button, { send, method, then, said, undo }, body, null));
        return;
      }
      const text = problem.isOffline ? this.strings["draw.offline"] : problem.message;
      if (line?.isConnected) {
        line.classList.remove("is-busy");
        line.textContent = text;
        line.hidden = false;
      } else this.failed?.(text);
    } finally {
      button.disabled = false;
    }
  }

  async #ask(address, method, body) {
    const answer = await ask(address, { method, body, revision: this.revision?.(address) });
    if (answer.revision) this.changed?.(address, answer.revision);
    return answer;
  }
}
