import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";

import { patiently } from "../../webmap/static/js/panel/retrying.js";

/** A server that puts off as often as it is told, then answers; hear of every answer that it has sent. */
async function serving(statuses, ask, { seconds = 5, answered = () => {} } = {}) {
  let asked = 0;
  const server = createServer((_request, response) => {
    const status = statuses[Math.min(asked, statuses.length - 1)];
    asked += 1;
    response.writeHead(status, status === 429 ? { "Retry-After": String(seconds) } : {});
    response.end(answered);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await ask(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.close();
  }
  return asked;
}

test("what is put off is asked again after the time that is named", async () => {
  const waits = [];
  const asked = await serving([429, 503, 200], async (url) => {
    const answer = await patiently(url, {}, async (milliseconds) => waits.push(milliseconds));
    assert.equal(answer.status, 200);
  });
  assert.equal(asked, 3);
  assert.deepEqual(waits, [5000, 1000]);
});

test("some times at the most, and nothing else is asked again", async () => {
  const at = async (status) => serving([status], async (url) => assert.equal((await patiently(url, {}, async () => {})).status, status));
  assert.equal(await at(503), 4);
  assert.equal(await at(404), 1);
  assert.equal(await at(500), 1);
});

// Without the abort it would wait for half a minute.
test("who has gone on asks no more", { timeout: 20_000 }, async () => {
  const gone = new AbortController();
  const asked = await serving([429], async (url) => {
    const answer = patiently(url, { signal: gone.signal });
    await assert.rejects(answer, { name: "AbortError" });
    // By then the answer has come, and the time that it names is waited for.
  }, { seconds: 30, answered: () => setTimeout(() => gone.abort(), 50) });
  assert.equal(asked, 1);
});
