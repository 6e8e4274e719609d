// What the script sends and receives, and what a page can call.

/** What a shopper can allow or refuse. */
export type Purpose = "analytics" | "marketing" | "preferences" | "sale_or_sharing";
export type Consent = Partial<Record<Purpose, boolean>>;

export type Properties = Record<string, unknown>;

/** A product as Segment's spec has it: money is in major units, such as 18.99. */
export interface Product extends Properties {
  product_id: string;
  name?: string;
  category?: string;
  price?: number;
  currency?: string;
  quantity?: number;
}

export interface Block {
  offer_id: string | null;
  offer_version: number | null;
  variant: string;
  content: Record<string, unknown>;
}

export interface Decision {
  decision_id: string | null;
  slots: Record<string, Block[]>;
  degraded?: string[];
}

/** What `cdp-click` and `cdp-shown` say in their `detail`. */
export interface BlockDetail {
  placement: string;
  slot: string;
  decision_id: string | null;
  block: Block;
}

export interface SignIn {
  /** Signed by the shop's server; without it a sign-in is a claim, which proves nothing. */
  token?: string;
  traits?: Properties;
}

/** `window.cdp`. */
export interface Cdp {
  /** The shopper's answer, or a part of it; to be called on every page, as banners do. */
  consent(answer: Consent): void;
  page(name?: string, properties?: Properties): void;
  track(event: string, properties?: Properties): void;
  product(product: Product): void;
  search(query: string, products?: Product[]): void;
  /** The cart as it now stands. */
  cart(products: Product[], properties?: Properties): void;
  identify(userId: string, signIn?: SignIn): void;
  signOut(): void;
  /** Decide again for every slot of the page: after a sign-in without a new page, say. */
  refresh(): void;
  /** A call by its name: `["track", "Coupon Entered"]`. */
  push(...calls: [keyof Cdp, ...unknown[]][]): void;
}
