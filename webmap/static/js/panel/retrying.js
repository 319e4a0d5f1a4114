// Questions that the server puts off when many ask at once (429, 503): asked again when it says so.

const TIMES = 3;
const LONGEST_S = 30;

/**
 * Fetch like fetch(); what is put off is asked again after its Retry-After, some times at the most.
 * Aborted while it waits, it rejects as fetch does.
 * @param {string} url
 * @param {RequestInit} [options]
 * @param {(milliseconds: number, signal?: AbortSignal | null) => Promise<void>} [wait]
 */
export async function patiently(url, options = {}, wait = pause) {
  for (let left = TIMES; ; left -= 1) {
    const response = await fetch(url, options);
    if (!left || (response.status !== 429 && response.status !== 503)) return response;
    const seconds = Math.min(Number(response.headers.get("Retry-After")) || 1, LONGEST_S);
    await wait(seconds * 1000, options.signal);
  }
}

/**
 * Is it the error of a request that was given up, as another overtook it?
 * @param {unknown} error
 */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
