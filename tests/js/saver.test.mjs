import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../webmap/static/js/drawing/api.js";
import { Saver } from "../../webmap/static/js/drawing/saver.js";

// The page, as far as the token is read from it.
class HTMLElement {
  getAttribute = () => '{"X-CSRFToken": "token"}';
}
globalThis.HTMLElement = HTMLElement;
globalThis.document = { querySelector: () => new HTMLElement() };

const strings = new Proxy({}, { get: (_, key) => String(key) });
const MOVE = { do: "move", corner: [0, 0], to: [1, 1] };

// A saver of plan 7 at revision 3; each of ``answers`` is what the server says to one request: a status
// and data, or nothing for no answer.
function saving(...answers) {
  const requests = [];
  globalThis.fetch = async (address, { method, headers, body }) => {
    requests.push({ address, method, revision: headers["If-Match"], token: headers["X-CSRFToken"], body: JSON.parse(body) });
    const [status, data] = (await answers.shift()) ?? [];
    if (status === undefined) throw new TypeError("network");
    return { ok: status < 300, status, json: async () => data };
  };
  const notices = { shown: null, show: (_, text, { action }) => Object.assign(notices, { shown: text, action }), hide: () => (notices.shown = null) };
  const done = [];
  const refused = [];
  const saver = new Saver(7, {
    notices,
    strings,
    done: (answer) => void done.push(answer),
    stale: async () => void (saver.revision = 9),
    refused: (problem) => refused.push(problem),
  });
  saver.revision = 3;
  const choose = async (words) => {
    for (let turns = 0; !notices.shown && turns < 100; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.ok(notices.shown, `nothing is offered: ${words}`);
    notices.action.find(({ text }) => text === words).do();
  };
  return { saver, requests, notices, done, refused, choose };
}

test("a step is sent with the revision that was seen, and counts it on", async () => {
  const { saver, requests, done } = saving([200, { plan: { revision: 4 }, changed: [], gone: [] }], [200, { revision: 5 }]);
  await saver.step(MOVE);
  await saver.send("", { title: "x" }, { method: "PATCH" });
  assert.deepEqual(requests, [
    { address: "/api/plans/7/steps", method: "POST", revision: '"3"', token: "token", body: MOVE },
    { address: "/api/plans/7", method: "PATCH", revision: '"4"', token: "token", body: { title: "x" } },
  ]);
  assert.equal(saver.revision, 5);
  assert.equal(done.length, 2);
});

test("one thing is sent after the other, each on top of the one before", async () => {
  let answer = null;
  const { saver, requests } = saving(new Promise((resolve) => (answer = resolve)), [200, { revision: 5 }]);
  const both = Promise.all([saver.step(MOVE), saver.send("undo", {})]);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(requests.length, 1);
  answer([200, { revision: 4 }]);
  await both;
  assert.deepEqual(requests.map(({ revision }) => revision), ['"3"', '"4"']);
});

test("what could not be sent is offered again, and nothing that came after it is lost", async () => {
  const { saver, requests, notices, choose } = saving(undefined, [200, { revision: 4 }], [200, { revision: 5 }]);
  const both = Promise.all([saver.step(MOVE), saver.send("undo", {})]);
  await choose("panel.retry");
  const [first, second] = await both;
  assert.deepEqual([first.revision, second.revision], [4, 5]);
  assert.deepEqual(requests.map(({ address }) => address), ["/api/plans/7/steps", "/api/plans/7/steps", "/api/plans/7/undo"]);
  assert.equal(notices.shown, null);
});

test("what could not be sent can be given up", async () => {
  const { saver, requests, done, choose } = saving(undefined);
  const sent = saver.step(MOVE);
  await choose("draw.forget");
  assert.equal(await sent, null);
  assert.deepEqual([requests.length, done], [1, []]);
});

test("on top of what somebody else has changed it is done when that is wished", async () => {
  const { saver, requests, choose } = saving([412, { detail: "another has changed it" }], [200, { revision: 10 }]);
  const sent = saver.step(MOVE);
  await choose("draw.mine");
  assert.equal((await sent).revision, 10);
  assert.deepEqual(requests.map(({ revision }) => revision), ['"3"', '"9"']);
});

test("what somebody else has changed is kept when that is wished", async () => {
  const { saver, requests, choose } = saving([412, { detail: "another has changed it" }]);
  const sent = saver.step(MOVE);
  await choose("draw.theirs");
  assert.equal(await sent, null);
  assert.equal(requests.length, 1);
});

test("what the law refuses is told with its place, and the next step is sent all the same", async () => {
  const { saver, refused } = saving([422, { detail: "it overlaps", place: [1, 2] }], [200, { revision: 4 }]);
  assert.equal(await saver.step(MOVE), null);
  assert.deepEqual(refused.map(({ message, place, status }) => [message, place, status]), [["it overlaps", [1, 2], 422]]);
  assert.equal((await saver.step(MOVE)).revision, 4);
});

test("a sender that says itself what was refused gets it; what is offline is offered all the same", async () => {
  const { saver, refused, choose } = saving([422, { detail: "too long" }], undefined, [200, { revision: 4 }]);
  await assert.rejects(saver.send("", {}, { quiet: true }), (error) => error instanceof Problem && error.message === "too long");
  assert.deepEqual(refused, []);
  const sent = saver.send("", {}, { quiet: true });
  await choose("panel.retry");
  assert.equal((await sent).revision, 4);
});
