import assert from "node:assert/strict";
import { test } from "node:test";
import { delaySubmits, opener } from "../../webmap/static/js/view/opener.js";

// A part that notes what it was shown, and an opener of it; ``loads`` are what loading gives, in turn.
function opened(...loads) {
  const store = { view: { mode: "territory" } };
  const shown = [];
  const counts = { loads: 0, failures: 0 };
  const part = { show: async (view, how) => shown.push([view.mode, how?.from]) };
  const it = opener({
    store,
    isWanted: ({ mode }) => mode === "draw",
    load: () => loads[counts.loads++]?.() ?? Promise.resolve(part),
    failed: () => (counts.failures += 1),
  });
  const go = (mode, from) => {
    store.view = { mode };
    return it.show(store.view, { from });
  };
  return { it, go, shown, counts, part };
}

test("a part is loaded when a view wants it, once, and follows every view from then on", async () => {
  const { it, go, shown, counts, part } = opened();
  assert.equal(await go("territory"), false);
  assert.equal(it.part, null);
  assert.equal(counts.loads, 0);
  assert.equal(await go("draw", "link"), true);
  assert.equal(it.part, part);
  await go("territory", "history");
  await go("draw");
  assert.equal(counts.loads, 1);
  assert.deepEqual(shown, [["draw", "link"], ["territory", "history"], ["draw", undefined]]);
});

test("two views while it loads make one part, and both show what came last", async () => {
  const { go, shown, counts } = opened();
  await Promise.all([go("draw"), go("draw").then(() => {}), go("issues")]);
  assert.equal(counts.loads, 1);
  assert.deepEqual(shown.map(([mode]) => mode), ["issues", "issues"]);
});

test("what could not be loaded is said, and asked for again by the next view", async () => {
  const { it, go, counts } = opened(() => Promise.reject(new TypeError("offline")));
  assert.equal(await go("draw"), false);
  assert.deepEqual([it.part, counts.failures], [null, 1]);
  assert.equal(await go("draw"), true);
  assert.deepEqual(counts, { loads: 2, failures: 1 });
});

test("a form that is sent before its part is there waits for it, and for nothing else", async () => {
  class Element extends EventTarget {
    closest = () => this;
  }
  class HTMLFormElement extends Element {
    sent = 0;
    requestSubmit = () => (this.sent += 1);
  }
  Object.assign(globalThis, { Element, HTMLFormElement });
  const form = new HTMLFormElement();
  const submit = () => {
    const event = new Event("submit", { cancelable: true });
    form.dispatchEvent(event);
    return event.defaultPrevented;
  };
  let ready = null;
  const { it, counts } = opened(() => Promise.reject(new TypeError("offline")), () => new Promise((resolve) => (ready = resolve)));
  delaySubmits(form, "form", it, { view: { mode: "draw" } });
  // What cannot be loaded sends nothing.
  assert.equal(submit(), true);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([form.sent, counts.failures], [0, 1]);
  assert.equal(submit(), true);
  assert.equal(form.sent, 0);
  ready({ show: async () => {} });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(form.sent, 1);
  // From now on it is the part that sends it.
  assert.equal(submit(), false);
});
