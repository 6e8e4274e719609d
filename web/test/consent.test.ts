import assert from "node:assert/strict";
import { test } from "node:test";
import { consentState, followConsentMode, fromConsentMode } from "../src/consent";
import type { Consent } from "../src/types";

test("a shop that asks allows nothing before an answer", () => {
  const state = consentState(true, false);
  assert.equal(state.tracks(), false);
  assert.equal(state.personalizes(), false);
});

test("a shop that need not ask tracks until it is refused", () => {
  const state = consentState(false, false);
  assert.equal(state.tracks(), true);
  state.answer({ analytics: false });
  assert.equal(state.tracks(), false);
});

test("the newest answer counts for each purpose", () => {
  const state = consentState(true, false);
  state.answer({ analytics: true, marketing: false });
  state.answer({ marketing: true });
  assert.deepEqual(state.answers(), { analytics: true, marketing: true });
});

test("a refusal of preferences leaves tracking and ends personal decisions", () => {
  const state = consentState(true, false);
  state.answer({ analytics: true, preferences: false });
  assert.equal(state.tracks(), true);
  assert.equal(state.personalizes(), false);
});

test("Global Privacy Control refuses sharing, whatever is answered, and not analytics", () => {
  const state = consentState(true, true);
  state.answer({ analytics: true, sale_or_sharing: true });
  assert.deepEqual(state.answers(), { analytics: true, sale_or_sharing: false });
  assert.equal(state.tracks(), true);
});

test("a refusal by default means that the shop asks, and is no answer", () => {
  const state = consentState(false, false);
  state.answer({ analytics: false, preferences: false }, true);
  assert.equal(state.tracks(), false);
  assert.deepEqual(state.answers(), {});
  state.answer({ analytics: true }, true);
  assert.equal(state.tracks(), true);
});

test("what is no boolean is no answer", () => {
  const state = consentState(true, false);
  state.answer({ analytics: "yes" } as unknown as Consent);
  assert.equal(state.tracks(), false);
});

test("Consent Mode's three signals of advertising are one purpose: all must be granted", () => {
  const granted = { ad_storage: "granted", ad_user_data: "granted", ad_personalization: "granted" };
  assert.deepEqual(fromConsentMode(granted), { sale_or_sharing: true });
  assert.deepEqual(fromConsentMode({ ...granted, ad_user_data: "denied" }), { sale_or_sharing: false });
});

test("what Consent Mode does not mention stays unknown", () => {
  assert.deepEqual(fromConsentMode({ analytics_storage: "denied", wait_for_update: 500 }), { analytics: false });
});

test("consent commands of the data layer are read before and after", () => {
  const seen: [Consent, boolean][] = [];
  const gtag = (...values: unknown[]) => ({ ...values, length: values.length });
  const layer: unknown[] = [gtag("js", new Date()), gtag("consent", "default", { analytics_storage: "denied" }), null, 5];
  followConsentMode(layer, (...command) => seen.push(command));
  layer.push(gtag("consent", "update", { analytics_storage: "granted" }), { event: "other" });
  assert.deepEqual(seen, [[{ analytics: false }, true], [{ analytics: true }, false]]);
  assert.equal(layer.length, 6);
});
