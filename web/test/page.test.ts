import assert from "node:assert/strict";
import { test } from "node:test";
import { createDecisions } from "../src/decisions";
import { deviceCookie, readDevice, uuid } from "../src/device";
import type { Decision } from "../src/types";
import { bareUrl, safeUrl } from "../src/urls";

const BASE = "https://shop.example/cart?step=2";
const soon = () => Promise.resolve();
const DECISION: Decision = { decision_id: "1", slots: {} };

test("a block may lead to pages and nowhere else", () => {
  assert.equal(safeUrl("https://other.example/a", BASE), "https://other.example/a");
  assert.equal(safeUrl("/sale", BASE), "https://shop.example/sale");
  assert.equal(safeUrl("?page=3", BASE), "https://shop.example/cart?page=3");
  const refused = [
    "javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "\u0001javascript:alert(1)",
    "data:text/html,<script>", "vbscript:x", "blob:https://shop.example/1", "file:///etc", "https://", "", null, 5, {},
  ];
  for (const url of refused) assert.equal(safeUrl(url, BASE), null, String(url));
});

test("an event tells no query and no fragment of an address", () => {
  assert.equal(bareUrl("https://shop.example/a?email=ann@example.com#token"), "https://shop.example/a");
  assert.equal(bareUrl(""), "");
});

test("the device's cookie is found among others, and no other is taken for it", () => {
  assert.equal(readDevice("a=1; cdp_id=d-81; b=2"), "d-81");
  assert.equal(readDevice("not_cdp_id=x"), undefined);
  assert.equal(readDevice(""), undefined);
});

test("the device's cookie is first-party and as long as browsers allow, or gone", () => {
  assert.equal(deviceCookie("d", true, ""), "cdp_id=d;path=/;max-age=34560000;samesite=lax;secure");
  assert.match(deviceCookie(null, false, "shop.example"), /^cdp_id=;path=\/;max-age=0;.*;domain=shop\.example$/);
});

test("no two ids are the same", () => {
  assert.equal(new Set(Array.from({ length: 100 }, uuid)).size, 100);
});

test("all slots of a placement share one request, with the context as it is when that is made", async () => {
  const asked: unknown[] = [];
  const decisions = createDecisions(async (...request) => {
    asked.push(request);
    return DECISION;
  }, soon);
  const answers = await Promise.all([
    decisions.decide({ placement: "cart", context: () => ({ value: 5 }), milliseconds: 500 }),
    decisions.decide({ placement: "cart", context: () => ({ value: 5 }), milliseconds: 300 }),
    decisions.decide({ placement: "checkout", context: () => ({}), milliseconds: 500 }),
  ]);
  assert.deepEqual(answers, [DECISION, DECISION, DECISION]);
  assert.deepEqual(asked, [["cart", { value: 5 }, 300], ["checkout", {}, 500]]);
});

test("a slot that comes later shares the decision, and a new context makes a new one", async () => {
  let asked = 0;
  const decisions = createDecisions(async () => {
    asked++;
    return DECISION;
  }, soon);
  let value = 5;
  const wish = { placement: "cart", context: () => ({ value }), milliseconds: 500 };
  await decisions.decide(wish);
  await decisions.decide(wish);
  assert.equal(asked, 1);
  value = 6;
  await decisions.decide(wish);
  assert.equal(asked, 2);
  decisions.forget();
  await decisions.decide(wish);
  assert.equal(asked, 3);
});

test("an answer that did not come is asked for again by whoever comes next", async () => {
  const answers = [null, DECISION];
  const decisions = createDecisions(async () => answers.shift() ?? null, soon);
  const wish = { placement: "cart", context: () => ({}), milliseconds: 500 };
  assert.equal(await decisions.decide(wish), null);
  assert.equal(await decisions.decide(wish), DECISION);
});
