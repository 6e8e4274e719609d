// What the shopper allows: by the shop's banner, Google's Consent Mode v2, and Global Privacy Control.

import type { Consent, Purpose } from "./types";

type Signals = Record<string, unknown>;

const ADS = ["ad_storage", "ad_user_data", "ad_personalization"];
const PURPOSES: [Purpose, string[]][] = [
  ["analytics", ["analytics_storage"]],
  ["preferences", ["personalization_storage"]],
  ["sale_or_sharing", ADS],
];

/** Consent Mode's words as ours; what it does not mention stays unknown. */
export function fromConsentMode(signals: Signals): Consent {
  const consent: Consent = {};
  for (const [purpose, names] of PURPOSES) {
    const values = names.map((name) => signals[name]).filter(Boolean);
    if (values.length) consent[purpose] = values.every((value) => value === "granted");
  }
  return consent;
}

/** Calls `take` for each consent command of Google's data layer, of before and from now on; a default is no answer. */
export function followConsentMode(
  layer: unknown[],
  take: (consent: Consent, isDefault: boolean) => void,
): void {
  const read = (command: unknown): void => {
    // gtag() pushes its `arguments`, which is no array.
    const [name, kind, signals] = Array.from((command ?? []) as ArrayLike<unknown>);
    if (name === "consent" && (kind === "default" || kind === "update"))
      take(fromConsentMode((signals ?? {}) as Signals), kind === "default");
  };
  layer.forEach(read);
  const push = layer.push;
  layer.push = function (...commands: unknown[]): number {
    commands.forEach(read);
    return push.apply(this, commands);
  };
}

/** The answers so far; the newest counts for each purpose. */
export interface ConsentState {
  /** A refusal by default is that the shop asks, and no answer. */
  answer(consent: Consent, isDefault?: boolean): void;
  /** Every purpose that was answered. */
  answers(): Consent;
  /** Whether anything may be stored on the device, or sent of what the shopper does. */
  tracks(): boolean;
  /** Whether decisions may be made for this shopper, and not only for the page. */
  personalizes(): boolean;
}

/** With `asks`, nothing is allowed before an answer; `gpc` is the browser's own refusal. */
export function consentState(asks: boolean, gpc: boolean): ConsentState {
  const answers: Consent = {};
  const tracks = (): boolean => answers.analytics ?? !asks;
  return {
    answer(consent, isDefault) {
      if (isDefault && consent.analytics === false) asks = true;
      for (const [purpose, granted] of Object.entries(consent))
        if (granted === true || (granted === false && !isDefault)) answers[purpose as Purpose] = granted;
    },
    answers: () => ({ ...answers, ...(gpc && { sale_or_sharing: false }) }),
    tracks,
    personalizes: () => tracks() && answers.preferences !== false,
  };
}
