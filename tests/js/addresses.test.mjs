import assert from "node:assert/strict";
import { test } from "node:test";
import { Addresses, stylesOf } from "../../webmap/static/js/map/addresses.js";
import { parse } from "../../webmap/static/js/view/view.js";

const TODAY = "2026-03-01";
const BOX = [116, 31, 117, 32];
const view = parse("", TODAY);
// An answer that fetch() finds in the address itself; "#" keeps what is asked for out of it.
const answering = (answer) => `data:application/json,${encodeURIComponent(JSON.stringify(answer))}#`;
const addresses = (layer) => new Addresses({ county: { id: 1, name: "", bounds: BOX }, layers: [{ name: "grids", style: {}, ...layer }] });

test("what the page knows is good once, and for today without a filter only", async () => {
  const tilejson = answering({ tiles: ["https://behind.example/tiles/2/{z}/{x}/{y}"], bounds: [1, 2, 3, 4] });
  const found = addresses({ tilejson, tiles: "/tiles/1/{z}/{x}/{y}" });
  assert.deepEqual(await found.find("grids", view), { name: "grids", url: "/tiles/1/{z}/{x}/{y}", bounds: BOX });
  // A proxy may have changed how the server sees its own name.
  const asked = await found.find("grids", view);
  assert.deepEqual([asked.url, asked.bounds], ["/tiles/2/{z}/{x}/{y}", [1, 2, 3, 4]]);

  const before = addresses({ tilejson, tiles: "/tiles/1/{z}/{x}/{y}" });
  assert.equal((await before.find("grids", parse("?on=2025-01-01", TODAY))).url, "/tiles/2/{z}/{x}/{y}");
  assert.equal((await before.find("grids", view)).url, "/tiles/2/{z}/{x}/{y}");
});

test("what the server tells of services comes along", async () => {
  const kinds = { clinic: ["卫生室", "Clinic"] };
  const found = addresses({ name: "coverage", tilejson: answering({ tiles: ["/t"], kind: "clinic", kinds, quantiles: { town: [1] }, outside: true }) });
  const { kind, kinds: names, quantiles, outside } = await found.find("coverage", view);
  assert.deepEqual([kind, names, quantiles, outside], ["clinic", kinds, { town: [1] }, true]);
});

test("of what is not one's own there is nothing to ask for", () => {
  assert.equal(addresses({ name: "issues", tilejson: null }).has("issues"), false);
  assert.equal(addresses({ tilejson: "/tiles/grids.json" }).has("grids"), true);
  assert.equal(addresses({ tilejson: "/tiles/grids.json" }).has("issues"), false);
});

test("a page without the looks of a layer is refused by name", () => {
  const layers = ["grids", "members", "issues", "coverage", "changes"].map((name) => ({ name, style: { of: name } }));
  assert.deepEqual(stylesOf({ layers }).coverage, { of: "coverage" });
  assert.throws(() => stylesOf({ layers: layers.slice(1) }), /grids/);
});
