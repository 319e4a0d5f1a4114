import assert from "node:assert/strict";
import { test } from "node:test";
import { valuesOf } from "../../webmap/static/js/drawing/forms.js";

// Fields as the browser gives them.
class Field {
  constructor(name, value, { type = "text", checked = false, ...dataset } = {}) {
    this.name = name;
    this.value = value;
    this.type = type;
    this.checked = checked;
    this.dataset = dataset;
  }
}
class HTMLInputElement extends Field {}
class HTMLSelectElement extends Field {}
class HTMLTextAreaElement extends Field {}
Object.assign(globalThis, { HTMLInputElement, HTMLSelectElement, HTMLTextAreaElement });

const input = (...parts) => new HTMLInputElement(...parts);
const form = (...elements) => ({ elements });

test("texts stay texts, and numbers become numbers where a field says so", () => {
  const select = (value, dataset) => new HTMLSelectElement("reach", value, { type: "select-one", ...dataset });
  assert.deepEqual(valuesOf(form(input("name", "12"), input("households", "12", { type: "number" }), select("500", { number: "" }))), {
    name: "12",
    households: 12,
    reach: 500,
  });
  assert.deepEqual(valuesOf(form(select("500"), new HTMLTextAreaElement("purpose", ""))), { reach: "500", purpose: "" });
});

test("what is optional and empty is left out", () => {
  assert.deepEqual(valuesOf(form(input("code", "", { optional: "" }), input("title", ""))), { title: "" });
  assert.deepEqual(valuesOf(form(input("code", "A1", { optional: "" }))), { code: "A1" });
});

test("boxes of one name are the list of those that are ticked, empty where none is", () => {
  const box = (value, checked) => input("collaborators", value, { type: "checkbox", checked });
  assert.deepEqual(valuesOf(form(box("zhou", true), box("wu", false), box("li", true))), { collaborators: ["zhou", "li"] });
  assert.deepEqual(valuesOf(form(box("zhou", false))), { collaborators: [] });
});

test("of several choices the chosen one counts", () => {
  const choice = (value, checked) => input("ask", value, { type: "radio", checked });
  assert.deepEqual(valuesOf(form(choice("most", false), choice("fewest", true), choice("second", false))), { ask: "fewest" });
});

test("buttons, and fields without a name, say nothing", () => {
  assert.deepEqual(valuesOf(form(new Field("do", "submit"), input("", "filter"))), {});
});
