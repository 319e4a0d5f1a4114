import assert from "node:assert/strict";
import { test } from "node:test";
import { Visibility } from "../../webmap/static/js/drawing/visibility.js";

// What a browser keeps; ``isFull`` refuses to.
function storage({ isFull = false, kept = {} } = {}) {
  globalThis.localStorage = {
    getItem: (key) => kept[key] ?? null,
    setItem: (key, value) => {
      if (isFull) throw new Error("QuotaExceededError");
      kept[key] = value;
    },
  };
  return kept;
}

function visibilityOf(plan) {
  const it = new Visibility(() => (it.changes = (it.changes ?? 0) + 1));
  it.of(plan);
  return it;
}

test("a layer is shown, nearly opaque, until something else is said", () => {
  storage();
  const it = visibilityOf(1);
  assert.deepEqual([it.isVisible(3), it.opacity(3)], [true, 0.9]);
});

test("what is said of a layer is kept for its plan, and for that alone", () => {
  storage();
  const it = visibilityOf(1);
  it.set(3, { hidden: true });
  it.set(3, { opacity: 0.4 });
  assert.equal(it.changes, 2);
  const [again, other] = [visibilityOf(1), visibilityOf(2)];
  assert.deepEqual([again.isVisible(3), again.opacity(3), again.isVisible(4)], [false, 0.4, true]);
  assert.equal(other.isVisible(3), true);
  other.set(3, { opacity: 0.2 });
  assert.deepEqual([visibilityOf(1).opacity(3), visibilityOf(2).opacity(3)], [0.4, 0.2]);
});

test("where nothing can be kept it holds all the same", () => {
  storage({ isFull: true });
  const it = visibilityOf(1);
  it.set(3, { hidden: true });
  assert.deepEqual([it.isVisible(3), it.changes], [false, 1]);
});

test("what is not readable is as if nothing had been said", () => {
  storage({ kept: { "gridmap.references": "{" } });
  assert.equal(visibilityOf(1).isVisible(3), true);
  storage({ kept: { "gridmap.references": "null" } });
  assert.equal(visibilityOf(1).isVisible(3), true);
});
