import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenGround } from "../../webmap/static/js/drawing/openground.js";
import { grid, plain } from "./grids.mjs";

// The page: scripts that are put into it load when a test says so, or cannot be loaded.
function page() {
  const scripts = [];
  globalThis.document = {
    createElement: () => new EventTarget(),
    head: { append: (element) => scripts.push(Object.assign(element, { remove() {} })) },
  };
  globalThis.topojson = undefined;
  return scripts;
}

// The server: what is asked for waits until it is answered.
function server() {
  const asked = new Map();
  globalThis.fetch = (address) => new Promise((resolve, reject) => asked.set(address, { resolve, reject }));
  const answer = (address, data, status = 200) => asked.get(address).resolve({ ok: status < 300, status, json: async () => data });
  return { asked, answer };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
let count = 0;
const library = () => `/topojson-${(count += 1)}.js`;

async function opened(it, { answer }, root = 1) {
  const loading = it.load(7, root);
  answer(`/api/plans/7/ground?grid=${root}`, { revision: 3, ...plain() });
  return loading;
}

test("ground is open when it has come; buildings and the library come later", async () => {
  const scripts = page();
  const they = server();
  const it = new OpenGround(library());
  const loaded = await opened(it, they);
  assert.deepEqual([loaded.revision, it.root, it.ground.all().length, it.buildings], [3, 1, 5, []]);
  they.answer("/api/plans/7/buildings?grid=1", { buildings: [[1, 1, 2]] });
  await settled();
  assert.deepEqual(it.buildings, [[1, 1, 2]]);
  let isOpen = null;
  loaded.hasLibrary.then((answer) => (isOpen = answer));
  await settled();
  assert.equal(isOpen, null);
  scripts[0].dispatchEvent(new Event("load"));
  await settled();
  assert.equal(isOpen, true);
  it.clear();
  assert.deepEqual(it.buildings, []);
});

test("what another ground is opened for meanwhile is not taken", async () => {
  page();
  const they = server();
  const it = new OpenGround(library());
  const first = it.load(7, 2);
  const second = it.load(7, 1);
  they.answer("/api/plans/7/ground?grid=1", { revision: 4, ...plain() });
  they.answer("/api/plans/7/ground?grid=2", { revision: 3, grids: plain().grids.slice(0, 2) });
  they.answer("/api/plans/7/buildings?grid=2", { buildings: [[0, 0, 1]] });
  assert.equal(await first, null);
  assert.equal((await second).revision, 4);
  await settled();
  assert.deepEqual([it.root, it.ground.all().length, it.buildings], [1, 5, []]);
});

test("closed, nothing that is on its way opens it again", async () => {
  const scripts = page();
  const they = server();
  const it = new OpenGround(library());
  const loaded = await opened(it, they);
  it.choose(4);
  const reloading = it.reload(7, 1);
  it.clear();
  they.answer("/api/plans/7/ground?grid=1", { revision: 5, ...plain() });
  they.answer("/api/plans/7/buildings?grid=1", { buildings: [[1, 1, 2]] });
  scripts[0].dispatchEvent(new Event("load"));
  assert.equal(await reloading, null);
  assert.equal(await loaded.hasLibrary, false);
  assert.deepEqual([it.ground, it.root, it.chosen, it.buildings, it.context, it.path], [null, null, null, [], null, []]);
});

test("without buildings and without the library there is ground all the same, and no edges", async () => {
  const scripts = page();
  const they = server();
  const it = new OpenGround(library());
  const loaded = await opened(it, they);
  they.asked.get("/api/plans/7/buildings?grid=1").reject(new TypeError("network"));
  scripts[0].dispatchEvent(new Event("error"));
  assert.equal(await loaded.hasLibrary, true);
  it.choose(4);
  assert.deepEqual([it.buildings, it.context.edges, it.junctions.size], [[], [], 0]);
});

test("what the server refuses is thrown, and no ground is open", async () => {
  page();
  const they = server();
  const it = new OpenGround(library());
  const loading = it.load(7, 1);
  they.answer("/api/plans/7/ground?grid=1", { detail: "no such grid" }, 404);
  await assert.rejects(loading, { message: "no such grid", status: 404 });
  assert.equal(it.ground, null);
});

test("loaded again it is as it is now; a grid that has gone is no longer chosen", async () => {
  page();
  const they = server();
  const it = new OpenGround(library());
  await opened(it, they);
  it.choose(5);
  assert.deepEqual(it.path.map(({ id }) => id), [1, 3, 5]);
  assert.equal(it.context.grid, it.ground.get(5));
  const reloading = it.reload(7, 1);
  const now = plain();
  now.grids = [...now.grids.slice(0, 4), grid(6, "compound", 3, now.grids[4].polygons[0])];
  they.answer("/api/plans/7/ground?grid=1", { revision: 8, ...now });
  assert.equal(await reloading, 8);
  assert.ok(it.ground.has(6));
  it.choose(5);
  assert.equal(it.chosen, null);
});
