import assert from "node:assert/strict";
import { test } from "node:test";
import { watchKeys } from "../../webmap/static/js/drawing/keys.js";

class Element extends EventTarget {
  isField = false;
  matches = () => this.isField;
}
globalThis.Element = Element;

// A page on which keys are pressed, and what became of them; ``drawn`` corners can be taken back.
function pressing({ isOn = true, drawn = 0 } = {}) {
  const page = new Element();
  globalThis.document = page;
  const deeds = [];
  const tool = {
    finish: () => deeds.push("finish"),
    follow: () => deeds.push("follow"),
    back: () => drawn > 0 && Boolean((drawn -= 1) + 1),
  };
  watchKeys({ getContainer: () => page }, { isOn: () => isOn, back: (deed) => deeds.push(deed), tool });
  const press = (key, { isField = false, ...modifiers } = {}) => {
    page.isField = isField;
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...modifiers });
    page.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { press, deeds, left: () => drawn };
}

test("Enter on the map ends what is drawn, and T lets it run along lines", () => {
  const { press, deeds } = pressing();
  assert.equal(press("Enter"), false);
  press("t");
  press("T", { shiftKey: true });
  // A new tab is the browser's.
  press("t", { ctrlKey: true });
  press("t", { altKey: true });
  press("z");
  assert.deepEqual(deeds, ["finish", "follow", "follow"]);
});

test("Backspace and undo take a corner back while there is one, and only then undo a step", () => {
  const { press, deeds, left } = pressing({ drawn: 2 });
  assert.equal(press("Backspace"), true);
  assert.equal(press("z", { ctrlKey: true }), true);
  assert.deepEqual([deeds, left()], [[], 0]);
  assert.equal(press("Backspace"), false);
  assert.equal(press("z", { metaKey: true }), true);
  assert.deepEqual(deeds, ["undo"]);
});

test("redo takes no corner back", () => {
  const { press, deeds, left } = pressing({ drawn: 1 });
  assert.equal(press("Z", { ctrlKey: true, shiftKey: true }), true);
  assert.deepEqual([deeds, left()], [["redo"], 1]);
});

test("what is typed into a field, or while no plan is open, is left alone", () => {
  for (const [isOn, isField] of [[true, true], [false, false]]) {
    const { press, deeds } = pressing({ isOn });
    for (const key of ["Enter", "Backspace", "t"]) assert.equal(press(key, { isField }), false);
    assert.equal(press("z", { ctrlKey: true, isField }), false);
    assert.deepEqual(deeds, []);
  }
});
