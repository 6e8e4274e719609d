// node send.mjs SDK HOST KEY USER: sends what every SDK is asked to send, and ends when it is sent.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [sdk, host, key, user] = process.argv.slice(2);
// The packages are installed elsewhere than this file.
const require = createRequire(path.join(process.env.NODE_MODULES, "of-tests.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)));

process.on("unhandledRejection", () => {}); // RudderStack's SDK throws what a server has refused

const order = { order_id: `${user}-1`, revenue: 19.99, currency: "EUR", products: [{ sku: "cup", price: 19.99 }] };
const poison = { order_id: `${user}-2`, revenue: "1,234", currency: "EUR" };
const page = { url: "https://shop.example/cart?secret=1", path: "/cart" };
const events = [
  ["Product Viewed", { product_id: "cup", price: 19.99, currency: "EUR" }],
  ["Order Completed", order],
  ["Order Completed", poison],
];

const SENDERS = {
  async "@segment/analytics-node"() {
    const { Analytics } = await load(sdk);
    const analytics = new Analytics({ writeKey: key, host, flushInterval: 100 });
    analytics.identify({ userId: user, traits: { city: "Berlin" } });
    for (const [event, properties] of events) analytics.track({ userId: user, event, properties });
    analytics.page({ userId: user, name: "Cart", properties: page });
    await analytics.closeAndFlush({ timeout: 30_000 });
  },

  async "@rudderstack/rudder-sdk-node"() {
    const { default: RudderAnalytics } = await load(sdk);
    const Client = RudderAnalytics.default ?? RudderAnalytics;
    const client = new Client(key, { dataPlaneUrl: host, flushInterval: 100, logLevel: "error" });
    client.identify({ userId: user, traits: { city: "Berlin" } });
    for (const [event, properties] of events) client.track({ userId: user, event, properties });
    client.page({ userId: user, name: "Cart", properties: page });
    for (let tries = 0; tries < 3; tries++) await client.flush().catch(() => {});
  },

  async "@jitsu/js"() {
    const { jitsuAnalytics } = await load(sdk);
    // It repeats nothing itself.
    const jitsu = jitsuAnalytics({ host, writeKey: `${key}:none`, fetch, s2s: true });
    await jitsu.identify(user, { city: "Berlin" });
    for (const [event, properties] of events) await jitsu.track(event, properties);
    await jitsu.page({ name: "Cart", ...page });
  },
};

await SENDERS[sdk]();
process.exit(0);
