// Sends what is done to a plan, one thing after the other, and says what came of it. What could not
// be sent is kept and offered again; what somebody else's change stopped can be done on top of it.

import { ask, Problem } from "./api.js";

/** @import { Notices } from "../panel/notices.js" */
/** @import { Strings } from "../types/page.d.ts" */
/** @import { Operation, PlanAnswer } from "../types/plans.d.ts" */

/** @typedef {{method?: string, quiet?: boolean}} SendOptions  quiet: the sender says what was refused */

export class Saver {
  revision = 0;
  /** @type {Promise<unknown>} */
  #last = Promise.resolve();
  #planId;
  #notices;
  #strings;
  #done;
  #stale;
  #refused;

  /**
   * @param {number} planId
   * @param {object} parts
   * @param {Notices} parts.notices
   * @param {Strings} parts.strings
   * @param {(answer: PlanAnswer) => Promise<void> | void} parts.done  hears of each answer
   * @param {() => Promise<void>} parts.stale  loads what is there now
   * @param {(problem: Problem) => void} parts.refused  shows at the place what the law says
   */
  constructor(planId, { notices, strings, done, stale, refused }) {
    this.#planId = planId;
    this.#notices = notices;
    this.#strings = strings;
    this.#done = done;
    this.#stale = stale;
    this.#refused = refused;
  }

  /**
   * Do an operation; resolves to the answer, or null where it was refused or given up.
   * @param {Operation} operation
   */
  step(operation) {
    return this.send("steps", operation);
  }

  /**
   * Send anything that counts the plan's revision on.
   * @param {string} path  below the plan
   * @param {object} body
   * @param {SendOptions} [options]
   */
  send(path, body, { method = "POST", quiet = false } = {}) {
    this.#notices.hide("plan");
    const sent = this.#last.then(() => this.#send(path, body, method, quiet));
    this.#last = sent.catch(() => {});
    return sent;
  }

  /**
   * @param {string} path
   * @param {object} body
   * @param {string} method
   * @param {boolean} quiet
   */
  async #send(path, body, method, quiet) {
    const address = ["/api/plans", this.#planId, path].filter((part) => part !== "").join("/");
    for (;;) {
      try {
        /** @type {PlanAnswer} */
        const answer = await ask(address, { method, body, revision: this.revision });
        this.revision = answer.plan?.revision ?? answer.revision ?? this.revision;
        await this.#done(answer);
        return answer;
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        if (quiet && !problem.isOffline && !problem.isStale) throw problem;
        if (!(await this.#isToRetry(problem))) return null;
      }
    }
  }

  /** @param {Problem} problem */
  async #isToRetry(problem) {
    const strings = this.#strings;
    if (problem.isOffline) return this.#offer(strings["draw.offline"], { yes: strings["panel.retry"], no: strings["draw.forget"] });
    if (problem.isStale) {
      await this.#stale();
      return this.#offer(problem.message, { yes: strings["draw.mine"], no: strings["draw.theirs"] });
    }
    this.#refused(problem);
    return false;
  }

  /**
   * @param {string} text
   * @param {{yes: string, no: string}} words
   * @returns {Promise<boolean>}
   */
  #offer(text, { yes, no }) {
    return new Promise((resolve) => {
      const choice = (/** @type {string} */ words, /** @type {boolean} */ answer) => ({
        text: words,
        do: () => {
          this.#notices.hide("plan");
          resolve(answer);
        },
      });
      this.#notices.show("plan", text, { kind: "warn", action: [choice(yes, true), choice(no, false)] });
    });
  }
}
