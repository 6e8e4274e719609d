import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { decide, minor, requestOf } from "../../../build/examples-web/shopify/src/blocks.js";

AbortSignal.timeout = () => new AbortController().signal; // a busy machine is slow, not wrong

const LINE = {
  quantity: 2,
  cost: { totalAmount: { amount: 39.98, currencyCode: "USD" } },
  merchandise: { id: "gid://1", sku: "lamp", title: "Lamp", product: { productType: "home" } },
};

test("Shopify's amounts become minor units, exactly", () => {
  assert.equal(minor(19.99, "USD"), 1999);
  assert.equal(minor(1.005, "USD"), 101);
  assert.equal(minor(500, "JPY"), 500);
  assert.equal(minor(1.234, "KWD"), 1234);
});

test("the cart becomes a request, by the device that the storefront has named", () => {
  const request = requestOf([LINE], "d-81", "checkout");
  assert.deepEqual(request.identifiers, { anonymous_id: "d-81" });
  assert.deepEqual(request.context, {
    items: [{ sku: "lamp", name: "Lamp", category: "home", quantity: 2, price: 1999 }],
    value: 3998,
    currency: "USD",
  });
  assert.deepEqual(requestOf([], undefined, "checkout").identifiers, {});
});

test("without an answer there is no block, and nothing is thrown", async () => {
  const settings = { gateway: "http://127.0.0.1:9", key: "k", placement: "checkout", slot: "loyalty" };
  assert.equal(await decide({}, settings), null);
});

test("the first block of the slot is shown", async (t) => {
  const block = { offer_id: "a", content: { title: "Hello" } };
  const server = createServer((request, response) => {
    assert.equal(request.url, "/v1/decide?writeKey=k%201");
    response.end(JSON.stringify({ decision_id: "d", slots: { loyalty: [block] } }));
  });
  t.after(() => server.close());
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const settings = { gateway: `http://127.0.0.1:${server.address().port}`, key: "k 1", slot: "loyalty" };
  assert.deepEqual(await decide({}, settings), { decision_id: "d", block });
});
