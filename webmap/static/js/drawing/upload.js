// A file that is sent, by the older way: fetch does not say how much has been sent.

import { Problem, token } from "./api.js";

export class Upload {
  #request = new XMLHttpRequest();

  /**
   * @param {string} address
   * @param {(share: number | null) => void} progressed  hears of the share that has been sent, null once all has
   */
  constructor(address, progressed) {
    const request = this.#request;
    request.open("POST", address);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", ({ loaded, total }) => progressed(loaded === total ? null : loaded / total));
  }

  /**
   * Send the file, and resolve to the answer.
   * @template T
   * @param {File} file
   * @returns {Promise<T>}
   * @throws {Problem}
   */
  send(file) {
    const request = this.#request;
    return new Promise((resolve, reject) => {
      request.addEventListener("load", () => {
        const data = dataOf(request.responseText);
        if (request.status < 300) resolve(data);
        else reject(new Problem(request.status, data));
      });
      for (const end of ["error", "abort"]) request.addEventListener(end, () => reject(new Problem(0)));
      request.send(file);
    });
  }

  abort() {
    this.#request.abort();
  }
}

/** @param {string} text */
function dataOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
