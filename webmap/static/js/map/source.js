// Where tiles come from. protomaps-leaflet takes any object with getZxy as an archive; its own
// reader of addresses would hand an error page to the tile parser.

import { isAbort } from "../panel/retrying.js";

export class TileSource {
  #wave;
  #report;

  /**
   * template holds {z}/{x}/{y}; report(true|false) hears of every answer that arrives or fails.
   * @param {string} template
   * @param {Wave} wave
   * @param {(isAnswered: boolean) => void} report
   */
  constructor(template, wave, report) {
    this.template = template;
    this.#wave = wave;
    this.#report = report;
  }

  /**
   * Belong to another wave from now on: that of the layer that takes this source over.
   * @param {Wave} wave
   */
  join(wave) {
    this.#wave = wave;
  }

  /**
   * @param {number} z
   * @param {number} x
   * @param {number} y
   * @param {AbortSignal} [signal]
   */
  async getZxy(z, x, y, signal) {
    const url = this.template.replace("{z}", String(z)).replace("{x}", String(x)).replace("{y}", String(y));
    const wave = this.#wave;
    wave.asked();
    try {
      const response = await fetch(url, { signal: signal ?? null });
      if (response.status === 204) return undefined;
      if (!response.ok) throw new Error(`tile ${z}/${x}/${y}: ${response.status}`);
      const data = await response.arrayBuffer();
      this.#report(true);
      return data.byteLength ? { data } : undefined;
    } catch (error) {
      if (!isAbort(error)) this.#report(false);
      throw error;
    } finally {
      wave.answered();
    }
  }
}

// The slowest tile holds the others up no longer than this.
const PATIENCE_MS = 250;

/**
 * The tiles that one move of the map asks for. They are painted together once all are there: each
 * once, with every name in its place, instead of again whenever a neighbour's names arrive.
 */
export class Wave {
  #missing = 0;
  #complete = () => {};

  /**
   * Begin a wave; the promise is kept when its tiles are there, or have kept others waiting.
   * @returns {Promise<void>}
   */
  start() {
    return new Promise((resolve) => {
      this.#complete = resolve;
      setTimeout(resolve, PATIENCE_MS);
      // Where everything was there already nothing is asked for.
      setTimeout(() => this.#missing || resolve(), 0);
    });
  }

  asked() {
    this.#missing += 1;
  }

  answered() {
    this.#missing -= 1;
    if (!this.#missing) this.#complete();
  }
}
