import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { Checkout, NoAnswer, WrongRequest } from "./checkout.js";

const REQUEST = { placement: "checkout" };
const DECISION = {
  decision_id: "d-1",
  placement: "checkout",
  slots: {
    extras: [{ offer_id: "returns", content: { title: "Returns" } }],
    thanks: [{ offer_id: null, content: { title: "Hello" } }],
  },
};
const FALLBACK = { checkout: { extras: [{ offer_id: null, content: { title: "Shipped" } }] } };

let directory, doors, logged;

const accept = (path, body) =>
  path === "/v1/decide"
    ? [200, DECISION]
    : [200, { receipts: body.outcomes.map(() => ({ status: "appended" })) }];
const fail = () => [503, { error: "Unavailable", message: "takes too long" }];

async function startDoor() {
  const door = { calls: [], answer: accept };
  door.server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request) text += part;
    const body = JSON.parse(text);
    door.calls.push({ path: request.url, body, key: request.headers.authorization });
    const answer = door.answer(request.url, body);
    if (answer === null) return; // it hangs
    if (answer === "cut") return request.socket.destroy();
    response.writeHead(answer[0], { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer[1]));
  });
  await new Promise((ready) => door.server.listen(0, "127.0.0.1", ready));
  door.url = `http://127.0.0.1:${door.server.address().port}`;
  return door;
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cdp-"));
  doors = [await startDoor(), await startDoor()];
  logged = [];
});

afterEach(async () => {
  for (const { server } of doors) {
    server.closeAllConnections();
    server.close();
  }
  await rm(directory, { recursive: true });
});

const log = { warn: (text) => logged.push(text), error: (text) => logged.push(text) };
const open = (options = {}) =>
  Checkout.open({
    doors: doors.map(({ url }) => url),
    key: "key",
    directory,
    fallback: FALLBACK,
    log,
    ...options,
  });

test("the first address answers with what is left of the deadline", async () => {
  const checkout = await open();
  assert.deepEqual(await checkout.decide(REQUEST, 2_000), DECISION);
  const [{ path, body, key }] = doors[0].calls;
  assert.deepEqual([path, body.placement, key], ["/v1/decide", "checkout", "Bearer key"]);
  assert.ok(body.deadline_ms > 0 && body.deadline_ms < 1_000);
  assert.equal(doors[1].calls.length, 0);
});

test("an address that fails is followed by the next, and avoided for a while", async () => {
  doors[0].answer = fail;
  const checkout = await open();
  for (let i = 0; i < 3; i++) assert.deepEqual(await checkout.decide(REQUEST, 5_000), DECISION);
  assert.deepEqual([doors[0].calls.length, doors[1].calls.length], [1, 3]);
});

test("an address that fails is logged where another one answers, for reports too", async () => {
  const unauthorized = () => [401, { error: "Unauthorized", message: "must be a key" }];
  doors[0].answer = unauthorized;
  const checkout = await open();
  const reason = `answered by ${doors[1].url}, as others failed: ${doors[0].url}: 401 must be a key`;
  await checkout.decide(REQUEST, 5_000);
  assert.deepEqual(logged, [reason]);
  await checkout.decide(REQUEST, 5_000);
  assert.equal(logged.length, 1);
  const other = await open();
  await other.report(DECISION, "shown");
  assert.equal(await other.sendReports(), 0);
  assert.deepEqual(logged, [reason, reason]);
});

for (const answer of [[502, "gone"], [502, null], [200, {}], [200, []], [403, "no"], [400, 7]])
  test(`what is no answer of ours is followed by the next address: ${JSON.stringify(answer)}`, async () => {
    doors[0].answer = () => answer;
    assert.deepEqual(await (await open()).decide(REQUEST, 5_000), DECISION);
  });

test("a report that cannot be read holds up no other", async () => {
  const checkout = await open();
  await writeFile(join(directory, "reports", "0.json"), "");
  await checkout.report(DECISION, "shown");
  assert.equal(await checkout.sendReports(), 0);
  assert.match(logged.join(), /report unreadable: 0.json/);
});

for (const kept of ["", "{", "\u0000\u0000", "null", "[1]"])
  test(`fallback blocks that cannot be read keep no checkout from starting: ${JSON.stringify(kept)}`, async () => {
    await writeFile(join(directory, "fallbacks.json"), kept);
    const checkout = await open();
    assert.deepEqual(await checkout.decide(REQUEST, 5_000), DECISION);
    for (const door of doors) door.answer = fail;
    const { slots } = await checkout.decide(REQUEST, 500);
    assert.equal(slots.thanks[0].content.title, "Hello");
  });

test("a report that the disk does not take is in no page's way, and leaves nothing behind", async () => {
  const checkout = await open();
  await rm(join(directory, "reports"), { recursive: true });
  assert.equal(await checkout.report(DECISION, "shown"), false);
  assert.match(logged.join(), /report not kept/);
  await mkdir(join(directory, "fallbacks.json", "taken"), { recursive: true });
  await checkout.decide(REQUEST, 5_000); // its fallback blocks cannot be kept there
  assert.deepEqual(await readdir(directory), ["fallbacks.json"]);
});

test("an address that hangs leaves time for the next", async () => {
  doors[0].answer = () => null;
  assert.deepEqual(await (await open()).decide(REQUEST, 1_000), DECISION);
});

const RESERVING = { ...REQUEST, reserve: true };

for (const [name, fails] of [
  ["hangs", () => null],
  ["breaks off", () => "cut"],
  ["fails", () => [500, { message: "failed" }]],
]) {
  test(`what may have reserved is not sent again, at an address that ${name}`, async () => {
    const asked = [];
    doors[0].answer = fails;
    const checkout = await open({ rpc: async (method) => asked.push(method) });
    const decision = await checkout.decide(RESERVING, 500);
    assert.equal(decision.decision_id, null);
    assert.match(decision.degraded[0], /; it may have reserved, and is not sent again$/);
    assert.deepEqual([doors[0].calls.length, doors[1].calls.length, asked], [1, 0, []]);
    for (const reserve of [false, null, undefined]) {
      assert.deepEqual(await checkout.decide({ ...REQUEST, reserve }, 5_000), DECISION);
    }
  });
}

test("what has reserved nothing for sure is sent to the next address, and by rpc", async () => {
  const asked = [];
  const rpc = async (method, { request }) => {
    asked.push(request.reserve);
    return DECISION;
  };
  for (const door of doors) door.answer = fail;
  const closed = await startDoor();
  await new Promise((done) => closed.server.close(done));
  const checkout = await open({ doors: [closed.url, ...doors.map(({ url }) => url)], rpc });
  assert.deepEqual(await checkout.decide(RESERVING, 5_000), DECISION);
  assert.deepEqual([doors[0].calls.length, doors[1].calls.length, asked], [1, 1, [true]]);
});

test("what is sent once has all the time", async () => {
  const checkout = await open();
  await checkout.decide(RESERVING, 2_000);
  assert.ok(doors[0].calls[0].body.deadline_ms > 1_000);
});

test("without an address, rpc answers", async () => {
  const asked = [];
  const rpc = async (method, { request }) => {
    asked.push([method, request.placement]);
    return DECISION;
  };
  const checkout = await open({ doors: ["http://127.0.0.1:9"], rpc });
  assert.deepEqual(await checkout.decide(REQUEST, 5_000), DECISION);
  assert.deepEqual(asked, [["decide", "checkout"]]);
});

test("without any answer the last fallback blocks are shown", async () => {
  const rpc = async () => {
    throw new NoAnswer("the broker is away");
  };
  const checkout = await open();
  await checkout.decide(REQUEST, 5_000);
  for (const door of doors) door.answer = fail;
  for (const each of [checkout, await open({ rpc })]) {
    const decision = await each.decide(REQUEST, 5_000);
    assert.equal(decision.decision_id, null);
    assert.deepEqual(decision.slots, { ...FALLBACK.checkout, thanks: DECISION.slots.thanks });
    assert.match(decision.degraded[0], /^stored fallback: .*503 takes too long/);
  }
  assert.match(logged.at(-1), /rpc: the broker is away/);
});

// A fallback block in the language of the request.
const greet = (_path, { context: { language } }) => {
  const title = { de: "Hallo", fr: "Bonjour" }[language] ?? "Hello";
  return [200, { ...DECISION, slots: { thanks: [{ offer_id: null, content: { title } }] } }];
};

async function titles(checkout, ...languages) {
  const found = [];
  for (const language of languages) {
    const { slots } = await checkout.decide({ ...REQUEST, context: { language } }, 5_000);
    found.push(slots.thanks?.[0].content.title);
  }
  return found;
}

test("the last fallback blocks are those of the request's language", async () => {
  for (const door of doors) door.answer = greet;
  const checkout = await open();
  const stored = join(directory, "fallbacks.json");
  assert.deepEqual(await titles(checkout, "en", "de", null), ["Hello", "Hallo", "Hello"]);
  const { ino } = await stat(stored);
  await titles(checkout, "en", "de", null);
  assert.equal((await stat(stored)).ino, ino, "only what has changed is written");
  for (const door of doors) door.answer = fail;
  for (const each of [checkout, await open()]) {
    assert.deepEqual(await titles(each, "en", "de", null), ["Hello", "Hallo", "Hello"]);
    assert.deepEqual(await titles(each, "DE,en;q=0.5", "en ", "fr"), ["Hallo", "Hello", undefined]);
    for (const none of [7, "../..", "x".repeat(99), ["de"]]) assert.deepEqual(await titles(each, none), ["Hello"]);
  }
});

test("the fallback blocks that are kept are bounded", async () => {
  for (const door of doors) door.answer = greet;
  const checkout = await open();
  const many = Array.from({ length: 100 }, (_, number) => `de-${number}`);
  await titles(checkout, "fr", "en", ...many.slice(1), "en");
  assert.equal(Object.keys(JSON.parse(await readFile(join(directory, "fallbacks.json"), "utf8"))).length, 100);
  for (const door of doors) door.answer = fail;
  assert.deepEqual(await titles(checkout, "fr", "en", "de-99"), [undefined, "Hello", "Hello"]);
});

test("a wrong request is told at once", async () => {
  doors[0].answer = () => [400, { field: "placement", message: "is missing" }];
  await assert.rejects((await open()).decide({}, 5_000), (error) => {
    assert.ok(error instanceof WrongRequest);
    assert.equal(error.message, "placement: is missing");
    return true;
  });
  assert.equal(doors[1].calls.length, 0);
});

test("reports are kept until they are accepted, also by the next process", async () => {
  for (const door of doors) door.answer = fail;
  const checkout = await open();
  assert.ok(await checkout.report(DECISION, "shown", undefined, { store: "berlin" }));
  assert.ok(await checkout.report(DECISION, "clicked", ["extras"]));
  assert.equal(await checkout.sendReports(), 2);
  const before = doors[0].calls[0].body;
  for (const door of doors) {
    door.answer = accept;
    door.calls.length = 0;
  }
  assert.equal(await (await open()).sendReports(), 0);
  const [{ path, body }] = doors[0].calls;
  assert.equal(path, "/v1/outcomes");
  assert.deepEqual(body, before);
  const sent = body.outcomes.map(({ kind, slot, offer_id }) => [kind, slot, offer_id]);
  assert.deepEqual(sent.sort(), [
    ["clicked", "extras", "returns"],
    ["shown", "extras", "returns"],
    ["shown", "thanks", undefined],
  ]);
});

test("a report that is refused holds up no other", async () => {
  doors[0].answer = (path, body) =>
    body.outcomes.some(({ kind }) => kind === "eaten")
      ? [400, { field: "outcomes[0].kind", message: "is no kind" }]
      : accept(path, body);
  const checkout = await open();
  await checkout.report(DECISION, "eaten", ["extras"]);
  await checkout.report(DECISION, "shown");
  assert.equal(await checkout.sendReports(), 0);
  assert.deepEqual(logged, ["report refused: outcomes[0].kind: is no kind"]);
});

test("the stored fallback is not reported, and reports on disk are bounded", async () => {
  const checkout = await open({ mostReports: 1 });
  assert.ok(await checkout.report({ decision_id: null, slots: DECISION.slots }, "shown"));
  // It may lack a slot that the page names, as one that no answer and no file has had yet.
  assert.ok(await checkout.report({ decision_id: null, slots: {} }, "shown", ["extras"]));
  assert.equal(await checkout.sendReports(), 0);
  assert.ok(await checkout.report(DECISION, "shown"));
  assert.equal(await checkout.report(DECISION, "clicked"), false);
});
