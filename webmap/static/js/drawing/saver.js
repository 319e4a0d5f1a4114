// Sends what is done to a plan, one thing after the other, and says what came of it. What could not
// be sent is kept and offered again; what somebody else's change stopped can be done on top of it.

import { ask } from "./api.js";

export class Saver {
  #last = Promise.resolve();

  /**
   * ``parts``: notices, strings; done(answer) after each step; stale(revision) reloads what is
   * there now and resolves when it is; refused(problem) shows at the place what the law says.
   */
  constructor(planId, parts) {
    this.planId = planId;
    Object.assign(this, parts);
  }

  revision = 0;
  waiting = 0;

  /** Do an operation; resolves to the answer, or null where it was refused or given up. */
  step(operation) {
    return this.send("steps", operation);
  }

  /** Send anything that counts the plan's revision on. */
  send(path, body, { method = "POST", quiet = false } = {}) {
    this.notices.hide("plan");
    this.waiting += 1;
    const sent = this.#last.then(() => this.#send(path, body, method, quiet)).finally(() => (this.waiting -= 1));
    this.#last = sent.catch(() => {});
    return sent;
  }

  async #send(path, body, method, quiet) {
    const address = ["/api/plans", this.planId, path].filter((part) => part !== "").join("/");
    for (;;) {
      try {
        const answer = await ask(address, { method, body, revision: this.revision });
        this.revision = answer.plan?.revision ?? answer.revision ?? this.revision;
        await this.done(answer);
        return answer;
      } catch (problem) {
        if (!("status" in problem)) throw problem;
        if (quiet && !problem.isOffline && !problem.isStale) throw problem;
        if (!(await this.#asked(problem))) return null;
      }
    }
  }

  // Is it to be tried again?
  async #asked(problem) {
    const { strings } = this;
    if (problem.isOffline) return this.#offer(strings["draw.offline"], [[strings["panel.retry"], true], [strings["draw.forget"], false]]);
    if (problem.isStale) {
      await this.stale();
      return this.#offer(problem.message, [[strings["draw.mine"], true], [strings["draw.theirs"], false]]);
    }
    this.refused(problem);
    return false;
  }

  #offer(text, choices) {
    return new Promise((resolve) => {
      const action = choices.map(([words, answer]) => ({
        text: words,
        do: () => {
          this.notices.hide("plan");
          resolve(answer);
        },
      }));
      this.notices.show("plan", text, { kind: "warn", action });
    });
  }
}
