// The corners that a search has yet to visit, in a heap.

/** @typedef {[length: number, corner: number, turn: number]} Waiting */

/** A queue of corners, the nearest first; of equals the one that came first. */
export class Queue {
  /** @type {Waiting[]} */
  #heap = [];
  #count = 0;

  /**
   * @param {number} length
   * @param {number} corner
   */
  put(length, corner) {
    const heap = this.#heap;
    let at = heap.push([length, corner, (this.#count += 1)]) - 1;
    while (at && isBefore(heap[at], heap[(at - 1) >> 1])) {
      const above = (at - 1) >> 1;
      [heap[at], heap[above]] = [heap[above], heap[at]];
      at = above;
    }
  }

  /** Return the first, and let it go; undefined when nothing waits. */
  take() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!last || !heap.length) return last;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2]) if (below < heap.length && isBefore(heap[below], heap[least])) least = below;
      if (least === at) return first;
      [heap[at], heap[least]] = [heap[least], heap[at]];
      at = least;
    }
  }
}

/**
 * @param {Waiting} a
 * @param {Waiting} b
 */
function isBefore(a, b) {
  return a[0] < b[0] || (a[0] === b[0] && a[2] < b[2]);
}
