import assert from "node:assert/strict";
import { test } from "node:test";
import { nameOf, shareOf } from "../../webmap/static/js/view/shares.js";

const strings = { "kind.worst": "Worst of all", "share.none": "no data" };
const kinds = { clinic: ["卫生室", "Clinic"], school: ["小学", "School"] };
const en = { lang: "en", strings };
const zh = { lang: "zh", strings };

const layer = (...features) => {
  const tile = { used: 0, data: new Map([["grid", features.map((props) => ({ props }))]]) };
  const empty = { used: 0, data: new Map() };
  return { views: new Map([["coverage", { tileCache: { cache: new Map([["0:0:1", empty], ["0:0:0", tile]]) } }]]) };
};

test("a kind has a name in each language, one that is unknown its code", () => {
  assert.deepEqual([nameOf("clinic", kinds, zh), nameOf("clinic", kinds, en)], ["卫生室", "Clinic"]);
  assert.equal(nameOf("worst", kinds, en), "Worst of all");
  assert.equal(nameOf("bath", kinds, zh), "bath");
});

test("a share is said with what it is of, of the worst with its own kind", () => {
  const shown = { kind: "worst", kinds };
  assert.equal(shareOf(layer({ id: 1, kind: "school", share: 45 }), 1, shown, en), "School 45%");
  assert.equal(shareOf(layer({ id: 1, share: 0 }), 1, { kind: "clinic", kinds }, zh), "卫生室 0%");
});

test("a grid without data is said to have none, one that is not here says nothing", () => {
  const shown = { kind: "clinic", kinds };
  assert.equal(shareOf(layer({ id: 1 }), 1, shown, en), "Clinic no data");
  assert.equal(shareOf(layer({ id: 1, share: 5 }), 2, shown, en), "");
  assert.equal(shareOf(layer({ id: 1, share: 5 }), 1, {}, en), "");
  assert.equal(shareOf({ views: new Map() }, 1, shown, en), "");
  assert.equal(shareOf(null, 1, shown, en), "");
});
