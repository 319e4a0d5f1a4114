// Plans over HTTP: what is sent carries the revision that was seen, what comes back is data or a
// Problem in the reader's language.

import { find } from "../view/elements.js";

/** @import { Position } from "../types/plans.d.ts" */

/**
 * What an error says (webmap/core/errors.py).
 * @typedef {object} ProblemData
 * @property {string} [detail]
 * @property {string} [kind]
 * @property {number[]} [ids]  of grids
 * @property {Position | null} [place]
 * @property {string[]} [systems]  coordinate systems that a file may be in
 * @property {string[]} [layers]  of a file that has several
 */

export class Problem extends Error {
  /**
   * @param {number} status  0 where no answer came
   * @param {ProblemData} [data]
   */
  constructor(status, data = {}) {
    super(data.detail ?? "");
    this.status = status;
    this.data = data;
  }

  get place() {
    return this.data.place ?? null;
  }

  get isOffline() {
    return this.status === 0;
  }

  get isStale() {
    return this.status === 412;
  }
}

/**
 * Ask for data, or send it.
 * @template T
 * @param {string} address
 * @param {{method?: string, body?: object, revision?: number}} [options]
 * @returns {Promise<T>}
 * @throws {Problem}
 */
export async function ask(address, { method = "GET", body, revision } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (method !== "GET") {
    headers["X-CSRFToken"] = token();
    headers["Content-Type"] = "application/json";
  }
  if (revision !== undefined) headers["If-Match"] = `"${revision}"`;
  let response;
  try {
    response = await fetch(address, { method, headers, body: method === "GET" ? undefined : JSON.stringify(body ?? {}), cache: "no-store" });
  } catch {
    throw new Problem(0);
  }
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, data);
  return data;
}

/**
 * Return the token that a request which changes something carries.
 * @returns {string}
 */
export function token() {
  const headers = find(HTMLElement, "#panel").getAttribute("hx-headers");
  return headers ? JSON.parse(headers)["X-CSRFToken"] : "";
}
