import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { TileSource, Wave } from "../../webmap/static/js/map/source.js";

// A server of tiles whose address says how it answers; /slow never does.
const server = createServer((request, response) => {
  const [, kind] = request.url.split("/");
  if (kind === "empty") response.writeHead(204).end();
  else if (kind === "hollow") response.end();
  else if (kind === "broken") response.writeHead(500).end("an error page");
  else if (kind !== "slow") response.end(request.url);
});
let origin = "";

before(async () => {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const sourceOf = (kind, wave = new Wave()) => {
  const heard = [];
  return { heard, source: new TileSource(`${origin}/${kind}/{z}/{x}/{y}`, wave, (isAnswered) => heard.push(isAnswered)) };
};

test("a tile is fetched from where its numbers belong", async () => {
  const { source, heard } = sourceOf("tile");
  const { data } = await source.getZxy(14, 3, 5);
  assert.equal(new TextDecoder().decode(data), "/tile/14/3/5");
  assert.deepEqual(heard, [true]);
});

test("where there is nothing there is no tile, and no fault", async () => {
  for (const kind of ["empty", "hollow"]) {
    const { source, heard } = sourceOf(kind);
    assert.equal(await source.getZxy(1, 0, 0), undefined);
    assert.ok(!heard.includes(false), kind);
  }
});

test("an error page is a fault, never a tile; what is given up is no fault", async () => {
  const broken = sourceOf("broken");
  await assert.rejects(broken.source.getZxy(1, 0, 0), /tile 1\/0\/0: 500/);
  assert.deepEqual(broken.heard, [false]);
  const { source, heard } = sourceOf("slow");
  const giving = new AbortController();
  const asked = source.getZxy(1, 0, 0, giving.signal);
  giving.abort();
  await assert.rejects(asked, { name: "AbortError" });
  assert.deepEqual(heard, []);
});

/** Has a promise been kept by now? */
const isKept = (promise) => Promise.race([promise.then(() => true), Promise.resolve().then(() => Promise.resolve(false))]);

test("a wave is over when all of its tiles are there", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const wave = new Wave();
  const over = wave.start();
  wave.asked();
  wave.asked();
  t.mock.timers.tick(1);
  wave.answered();
  assert.equal(await isKept(over), false);
  wave.answered();
  assert.equal(await isKept(over), true);
});

test("a tile that is slow holds the others up for a moment only", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const wave = new Wave();
  const over = wave.start();
  wave.asked();
  t.mock.timers.tick(100);
  assert.equal(await isKept(over), false);
  t.mock.timers.tick(200);
  assert.equal(await isKept(over), true);
});

test("a wave in which nothing is asked for is over at once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const over = new Wave().start();
  t.mock.timers.tick(1);
  assert.equal(await isKept(over), true);
});

test("a source tells the wave that it belongs to of what is asked and answered, whatever the answer", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const wave = new Wave();
  const { source } = sourceOf("broken");
  source.join(wave);
  const over = wave.start();
  const asked = source.getZxy(1, 0, 0);
  t.mock.timers.tick(1);
  assert.equal(await isKept(over), false);
  await assert.rejects(asked);
  assert.equal(await isKept(over), true);
});
