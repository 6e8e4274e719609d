// The script of the shop's pages: what a shopper does there, and the blocks of decisions.
//
// <script src="/cdp/cdp.js" data-key="…" defer></script>

import { consentState, followConsentMode } from "./consent";
import { createDecisions } from "./decisions";
import { deviceCookie, readDevice, uuid } from "./device";
import { parseObject } from "./json";
import { createQueue, keep } from "./queue";
import { createSender } from "./sender";
import { defineSlot, type Slot } from "./slot";
import type { Cdp, Consent, Decision, Product, Properties, SignIn } from "./types";
import { bareUrl } from "./urls";

declare global {
  interface Window {
    cdp?: Cdp | [keyof Cdp, ...unknown[]][];
    dataLayer?: unknown[];
  }
  interface Navigator {
    globalPrivacyControl?: boolean;
  }
}

const USER = "cdp_user";
const CONSENT = "cdp_consent";

function start({ src, dataset }: HTMLScriptElement): void {
  const { key = "", domain = "" } = dataset;
  const host = dataset.host ?? src.replace(/\/[^/]*$/, "");
  const url = (path: string): string => `${host}/v1/${path}?writeKey=${encodeURIComponent(key)}&domain=${domain}`;
  const consent = consentState(dataset.consent !== "given", !!navigator.globalPrivacyControl);
  const shelf = storage();
  const queue = createQueue(shelf);
  const sender = createSender(queue, url, key, () => {
    if (!isTracking) writeDevice(null); // an answer that came late has renewed it
  });
  const early: (() => void)[] = []; // what happened before an answer
  // The scripts that stand in the page have run, its banner's too.
  const ready = new Promise<unknown>((done) => {
    if (document.readyState === "complete") done(0);
    for (const name of ["DOMContentLoaded", "load"]) addEventListener(name, done);
  });
  let token = dataset.userToken;
  let user = dataset.user ?? null;
  let device = "";
  let isTracking = false;

  // Consent

  function answer(given: Consent, isDefault?: boolean): void {
    const before = consent.personalizes();
    consent.answer(given, isDefault);
    if (consent.tracks() && !isTracking) begin();
    if (isTracking) tellConsent();
    if (!consent.tracks() && !isDefault) end();
    if (consent.personalizes() !== before) refresh();
  }

  /** Banners give their answer on every page; it is told when it has changed. */
  function tellConsent(): void {
    const categoryPreferences = consent.answers();
    const text = JSON.stringify(categoryPreferences);
    if (text === (shelf?.getItem(CONSENT) ?? "{}")) return;
    send("track", { event: "Segment Consent Preference Updated" }, { consent: { categoryPreferences } });
    keep(shelf, CONSENT, text);
  }

  function begin(): void {
    isTracking = true;
    writeDevice((device = readDevice(document.cookie) ?? uuid()));
    queue.restore();
    followUser();
    early.splice(0).forEach((act) => act());
    sender.schedule();
  }

  /** Refused: if it was allowed before, that is told, and nothing stays on the device. */
  function end(): void {
    if (isTracking) sender.flush();
    isTracking = false;
    early.length = 0;
    queue.restore();
    queue.clear();
    for (const name of [USER, CONSENT]) shelf?.removeItem(name);
    writeDevice(null);
  }

  const writeDevice = (id: string | null): void => {
    document.cookie = deviceCookie(id, location.protocol === "https:", domain);
  };

  // Events

  function send(type: string, fields: Properties, more?: Properties): void {
    const at = new Date();
    const messageId = uuid();
    const { title, referrer } = document;
    const context = {
      page: { url: bareUrl(location.href), path: location.pathname, title, referrer: bareUrl(referrer) },
      campaign: campaign(),
      locale: navigator.language,
      ...more,
    };
    const body = { type, messageId, anonymousId: device, timestamp: at.toISOString(), context, ...fields };
    if (queue.add({ id: messageId, kind: "b", body }, at.getTime())) sender.schedule();
    else console.warn("cdp: not sent", fields);
  }

  const when = (act: () => void): unknown => 
    isTracking ? act() : consent.answers().analytics === undefined && early.length < 100 && early.push(act);
  const track = (event: string, properties: Properties = {}): unknown =>
    when(() => send("track", { event, properties }));

  function page(name?: string, properties: Properties = {}): void {
    const path = location.pathname;
    when(() => send("page", { name, properties: { path, ...properties } }));
  }

  // Who is signed in

  function identify(userId: string, { token: proof, traits }: SignIn = {}): void {
    token = proof;
    user = userId;
    when(() => {
      const mark = userId + !!proof; // a claim is told again once it is proven
      if (shelf?.getItem(USER) !== mark || traits)
        send("identify", { userId, traits }, { userToken: proof });
      keep(shelf, USER, mark);
    });
  }

  function signOut(): void {
    token = undefined;
    user = null;
    when(() => {
      if (shelf?.getItem(USER)) send("track", { event: "Signed Out" });
      shelf?.removeItem(USER);
    });
  }

  /** What the script's own element says of who is signed in; nothing is no sign-out. */
  function followUser(): void {
    if (user) identify(user, token ? { token } : {});
    else if (dataset.user === "") signOut();
  }

  // Decisions

  async function ask(placement: string, context: object, milliseconds: number): Promise<Decision | null> {
    const headers: Record<string, string> = {};
    const identifiers: Properties = {};
    if (isTracking && consent.personalizes()) {
      identifiers.anonymous_id = device;
      if (token) headers["X-Cdp-User-Token"] = token;
    }
    const seen = {
      device: /Mobi/.test(navigator.userAgent) ? "mobile" : "desktop",
      language: document.documentElement.lang || navigator.language,
      referrer: document.referrer,
    };
    const deadline_ms = Math.ceil(milliseconds * 0.8); // the rest is for the way
    const body = JSON.stringify({ placement, identifiers, deadline_ms, context: { ...seen, ...context } });
    try {
      const signal = AbortSignal.timeout(milliseconds);
      const response = await fetch(url("decide"), { method: "POST", body, headers, signal });
      if (!response.ok) return null;
      const decision = (await response.json()) as Decision;
      // Nobody could join reports of it.
      if (decision.degraded?.includes("decision_not_logged")) decision.decision_id = null;
      return decision;
    } catch {
      return null;
    }
  }

  const slots = new Set<Slot>();
  const decisions = createDecisions(ask, () => ready);
  const refresh = (): void => {
    decisions.forget();
    slots.forEach((slot) => slot.refresh());
  };

  // The page's life

  let visibleSince = document.hidden ? 0 : performance.now();
  function leave(): void {
    const seconds = visibleSince && Math.round((performance.now() - visibleSince) / 1000);
    visibleSince = 0;
    if (isTracking && seconds)
      send("track", { event: "Page Left", properties: { path: location.pathname, seconds } });
    sender.flush();
    sender.leave();
  }
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
    else visibleSince = performance.now();
  });
  addEventListener("online", () => sender.flush());

  /** `<script type="application/json" data-cdp-event="Product Viewed">{…}</script>` */
  function readPage(): void {
    for (const each of document.querySelectorAll<HTMLElement>("script[data-cdp-event]"))
      track(each.dataset.cdpEvent ?? "", parseObject(each.textContent));
  }
  /** `<button data-cdp-event="Product Added" data-cdp-properties="{…}">`, and forms */
  for (const kind of ["click", "submit"])
    document.addEventListener(kind, ({ target }) => {
      const acted = (target as Element).closest<HTMLElement>("[data-cdp-event]");
      if (acted && (acted.tagName === "FORM") === (kind === "submit"))
        track(acted.dataset.cdpEvent ?? "", parseObject(acted.dataset.cdpProperties));
    });

  const api: Cdp = {
    consent: answer,
    page,
    track,
    product: (product: Product) => track("Product Viewed", product),
    search: (query: string, products: Product[] = []) => track("Products Searched", { query, products }),
    cart: (products: Product[], more: Properties = {}) => track("Cart Viewed", { products, ...more }),
    identify,
    signOut,
    refresh,
    push: (...calls) => calls.forEach(([name, ...values]) => (api[name] as (...values: unknown[]) => void)(...values)),
  };
  const before = window.cdp;
  window.cdp = api;
  followConsentMode((window.dataLayer ??= []), answer);
  if (consent.tracks()) begin();
  if (Array.isArray(before)) api.push(...before);
  if (dataset.page !== "off") page();
  void ready.then(readPage);
  defineSlot(slots, {
    decide: (wish) => decisions.decide(wish),
    report: (kind, { decision_id, slot, block: { offer_id } }) => {
      if (!isTracking || !decision_id) return;
      const body = { decision_id, slot, kind, at: new Date().toISOString(), offer_id: offer_id ?? undefined };
      const id = [decision_id, slot, kind, offer_id].join();
      if (queue.add({ id, kind: "o", body }, Date.now())) sender.schedule();
    },
  });
}

function storage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // forbidden
  }
}

function campaign(): Properties | undefined {
  const found = [...new URLSearchParams(location.search)]
    .filter(([name]) => name.startsWith("utm_"))
    .map(([name, value]) => [name.slice(4), value]);
  return found.length ? Object.fromEntries(found) : undefined;
}

// Last, as it may use everything above at once: consent may have been given already.
// A page that has the script twice has it once.
if (!customElements.get("cdp-slot")) start(document.currentScript as HTMLScriptElement);
