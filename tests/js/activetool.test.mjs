import assert from "node:assert/strict";
import { test } from "node:test";
import { ActiveTool } from "../../webmap/static/js/drawing/activetool.js";
import { Ground } from "../../webmap/static/js/drawing/ground.js";
import { TOOLS } from "../../webmap/static/js/drawing/tools.js";
import { plain } from "./grids.mjs";

globalThis.matchMedia = () => ({ matches: true });
class Element {
  setAttribute(name, value) {
    this[name] = value;
  }
}
globalThis.Element = Element;

const LINE = [[1, 2], [2, 2]];
const RING = [[1, 1], [1.5, 1], [1.5, 2], [1, 1]];
const tool = (key) => TOOLS.find((each) => each.key === key);
// Each key is its own words.
const strings = new Proxy({}, { get: (_, key) => String(key) });

// What a person sees and does: the bar's text and buttons, and a hand that draws.
class Person {
  text = null;
  buttons = [];
  snapped = null;
  #answer = null;
  #drawn = null;

  bar = {
    show: (text, buttons = []) => {
      this.text = text;
      this.buttons = buttons;
    },
    ask: (text, field) => {
      this.text = text;
      this.field = field;
      return new Promise((resolve) => (this.#answer = resolve));
    },
    hide: () => {
      this.text = null;
      this.buttons = [];
    },
  };

  sketch = {
    isOn: false,
    isChanging: false,
    isEnough: true,
    corners: null,
    taken: 0,
    following: { isOn: false, toggle() { this.isOn = !this.isOn; } },
    ready: async () => {},
    draw: (kind, grids, { buildings, snaps }) => {
      this.kind = kind;
      this.near = grids.map(({ id }) => id);
      this.buildings = buildings;
      this.snaps = snaps;
      this.sketch.isOn = true;
      return new Promise((resolve) => (this.#drawn = resolve));
    },
    keep: (corners) => Object.assign(this.sketch, { corners, isChanging: false }),
    change: () => (this.sketch.isChanging = true),
    back: () => (this.sketch.taken += 1),
    snap: (isOn) => (this.snapped = isOn),
    finish: () => this.draws(LINE),
    stop: () => {
      Object.assign(this.sketch, { isOn: false, isChanging: false, corners: null });
      this.#drawn?.(null);
      this.#drawn = null;
    },
  };

  async draws(corners) {
    const drawn = this.#drawn;
    this.#drawn = null;
    drawn(corners);
    await settled();
  }

  async answers(text) {
    this.#answer(text);
    await settled();
  }

  press(words) {
    const currentTarget = new Element();
    this.buttons.find(({ text }) => text === words).do({ currentTarget });
    return currentTarget;
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

// A tool for a grid of the ground; what is sent is kept, and refused by ``law`` where that says why.
function working({ chosen = 4, edges = [], law = () => null, buildings = [] } = {}) {
  const ground = new Ground(plain(), 1);
  const person = new Person();
  const sent = [];
  const said = [];
  let changes = 0;
  const it = new ActiveTool({
    strings,
    bar: person.bar,
    sketch: person.sketch,
    buildings: () => buildings,
    context: () => ({ grid: ground.get(chosen), ground, edges }),
    done: async (operation) => {
      sent.push(operation);
      const reason = law(sent.length);
      // As the editor does: a step that was done chooses anew, one that was refused is told.
      if (reason === null) it.cancel();
      else if (reason) it.refuse(reason);
    },
    changed: () => (changes += 1),
    say: (text) => said.push(text),
  });
  return { it, person, sent, said, ground, changes: () => changes };
}

test("a line is asked for, drawn and sent; then nothing is at work", async () => {
  const buildings = [[1.5, 2, 3], [3.5, 3.5, 1]];
  const { it, person, sent, changes } = working({ buildings });
  it.start(tool("split"));
  await settled();
  assert.equal(it.key, "split");
  assert.equal(person.text, "draw.split.hint");
  assert.equal(person.kind, "line");
  // Held on to are the grids around the chosen one that are drawn in, and the buildings in it.
  assert.deepEqual(person.near, [2, 3, 4, 5]);
  assert.deepEqual(person.buildings, [buildings[0]]);
  await person.draws(LINE);
  assert.deepEqual(sent, [{ do: "split", grid: 4, line: LINE }]);
  assert.equal(it.key, null);
  assert.equal(person.text, null);
  assert.equal(changes(), 2);
});

test("what is refused stays to be changed, and is sent again with the name that was given", async () => {
  const { it, person, sent } = working({ chosen: 2, law: (n) => (n < 3 ? `reason ${n}` : null) });
  it.start(tool("draw"));
  await settled();
  await person.draws(RING);
  assert.equal(person.text, "draw.name");
  await person.answers("东苑");
  assert.equal(person.text, "reason 1 draw.held");
  assert.deepEqual(it.place, RING[2]);
  const changed = [[1, 1], [1.8, 1], [1.8, 2], [1, 1]];
  person.sketch.corners = changed;
  it.finish();
  await settled();
  assert.equal(person.text, "reason 2 draw.held");
  it.finish();
  await settled();
  const operation = { do: "draw", level: "compound", parent: 2, name: "东苑" };
  assert.deepEqual(sent, [{ ...operation, ring: RING }, { ...operation, ring: changed }, { ...operation, ring: changed }]);
  assert.equal(it.place, null);
});

test("what could not be sent stays too, without a reason", async () => {
  const { it, person, sent } = working({ law: () => "" });
  it.start(tool("split"));
  await settled();
  await person.draws(LINE);
  assert.equal(sent.length, 1);
  assert.equal(person.text, "draw.held");
  assert.ok(person.sketch.isChanging);
  // What is drawn already is changed corner by corner: nothing is followed.
  assert.ok(!person.buttons.some(({ text }) => text === "draw.follow"));
});

test("a drawing that makes no operation says why and sends nothing", async () => {
  const { it, person, sent } = working();
  it.start(tool("redraw"));
  await settled();
  await person.draws([[1, 1], [0.5, 2]]);
  assert.deepEqual(sent, []);
  assert.equal(person.text, "draw.ends draw.held");
});

test("a neighbour is chosen by a click, and nothing else is taken for one", async () => {
  const edges = [{ line: LINE, sides: [5, 3] }];
  const { it, person, sent, said, ground } = working({ chosen: 2, edges });
  assert.equal(it.pick(ground.at([3, 2])), false);
  await it.start(tool("merge"));
  assert.deepEqual(it.candidates.map(({ id }) => id), [3]);
  assert.equal(person.text, "draw.merge.hint");
  assert.equal(it.pick(ground.at([0.5, 0.5])), true);
  assert.deepEqual([said, sent], [["draw.not.this"], []]);
  assert.equal(it.pick(ground.at([3.5, 3.5])), true);
  assert.deepEqual(sent, [{ do: "merge", grid: 2, other: 3 }]);
  assert.deepEqual(it.candidates, []);
});

test("while something is drawn a click chooses no grid", async () => {
  const { it, ground } = working();
  it.start(tool("split"));
  await settled();
  assert.equal(it.pick(ground.at([3, 2])), true);
});

test("a number is asked for within its bounds", async () => {
  const { it, person, sent } = working();
  it.start(tool("divide"));
  await settled();
  assert.deepEqual(person.field, { type: "number", min: "2", max: "50", value: "2" });
  await person.answers("3");
  assert.deepEqual(sent, [{ do: "divide", grid: 4, parts: 3 }]);
});

test("what asks for nothing is done at once", async () => {
  const { it, sent } = working();
  await it.start(tool("remove"));
  assert.deepEqual(sent, [{ do: "remove", grid: 4 }]);
  assert.equal(it.key, null);
});

test("a tool ends by itself, by another one and by giving up, at any point", async () => {
  const { it, person, sent } = working({ chosen: 2 });
  it.start(tool("split"));
  it.start(tool("cut_out"));
  await settled();
  assert.equal(it.key, "cut_out");
  assert.equal(person.kind, "area");
  it.start(tool("cut_out"));
  assert.equal(it.key, null);
  it.start(tool("draw"));
  await settled();
  await person.draws(RING);
  await person.answers(null);
  assert.equal(it.key, null);
  it.start(tool("divide"));
  assert.equal(it.cancel(), true);
  await person.answers("7");
  assert.equal(it.cancel(), false);
  assert.deepEqual(sent, []);
});

test("without a chosen grid no tool begins", async () => {
  const { it } = working();
  const none = new ActiveTool({ strings, ...new Person(), buildings: () => [], context: () => null, done: assert.fail, changed: assert.fail, say: assert.fail });
  await none.start(tool("remove"));
  assert.equal(none.key, null);
  assert.equal(it.key, null);
});

test("the last corner is taken back while something is drawn or changed, not while it is sent", async () => {
  const { it, person } = working({ law: (n) => (n === 1 ? undefined : null) });
  assert.equal(it.back(), false);
  it.start(tool("split"));
  await settled();
  assert.equal(it.back(), true);
  assert.equal(person.sketch.taken, 1);
  let during = null;
  person.sketch.keep = () => queueMicrotask(() => (during = it.back()));
  await person.draws(LINE);
  assert.equal(during, false);
  assert.equal(it.back(), true);
});

test("following and holding on are switched by the bar's buttons", async () => {
  const { it, person } = working();
  it.follow();
  assert.equal(person.sketch.following.isOn, false);
  it.start(tool("split"));
  await settled();
  person.press("draw.follow");
  assert.ok(person.sketch.following.isOn);
  assert.equal(person.text, "draw.split.hint\ndraw.follow.hint draw.follow.key");
  assert.equal(person.buttons.find(({ text }) => text === "draw.follow").isPressed, true);
  assert.equal(person.press("draw.snap")["aria-pressed"], "false");
  assert.equal(person.snapped, false);
  // The next drawing begins as the last one was left.
  it.cancel();
  await settled();
  it.start(tool("split"));
  await settled();
  assert.equal(person.snaps, false);
});

test("given up while the library is on its way, nothing is drawn", async () => {
  const { it, person } = working();
  it.start(tool("split"));
  assert.equal(person.text, "draw.loading");
  it.cancel();
  await settled();
  assert.equal(person.kind, undefined);
  assert.equal(person.text, null);
});

test("a drawing that nothing comes of is given up", async () => {
  const { it, person, sent } = working();
  it.start(tool("redraw"));
  await settled();
  await person.draws([[1, 1], [0.5, 2], [1, 1]]);
  assert.deepEqual([it.key, person.sketch.isOn, sent], [null, false, []]);
});

test("a refusal is about what has been drawn, and about nothing else", async () => {
  const { it, person } = working({ law: () => "reason" });
  assert.equal(it.refuse("law"), false);
  assert.equal(person.text, null);
  it.start(tool("split"));
  await settled();
  assert.equal(it.refuse("law"), false);
  await person.draws(LINE);
  assert.equal(it.refuse("law"), true);
  it.follow();
  assert.equal(person.sketch.following.isOn, false);
  it.cancel();
  assert.equal(it.refuse("law"), false);
});
