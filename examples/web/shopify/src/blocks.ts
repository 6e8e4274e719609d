// From Shopify's cart to a request, and from a decision to what the checkout shows. No interface here.

export interface Line {
  quantity: number;
  cost: { totalAmount: { amount: number; currencyCode: string } };
  merchandise: { id: string; sku?: string; title: string; product: { productType?: string } };
}
export interface Settings {
  gateway: string;
  key: string;
  placement: string;
  slot: string;
}
export interface Block {
  offer_id: string | null;
  content: Record<string, unknown>;
}
interface Decision {
  decision_id: string | null;
  slots: Record<string, Block[]>;
  degraded?: string[];
}
export interface Shown {
  decision_id: string | null;
  block: Block;
}

const MILLISECONDS = 500;
/** Currencies whose amounts have no cents, of those that Shopify charges in. */
const WHOLE = new Set(["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]);
const THOUSANDTHS = new Set(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]);

export function minor(amount: number, currency: string): number {
  const digits = WHOLE.has(currency) ? 0 : THOUSANDTHS.has(currency) ? 3 : 2;
  return Math.round(Number(`${amount}e${digits}`));
}

/** `deviceId` is the cart's attribute `cdp_id`, which the storefront has set with consent. */
export function requestOf(lines: Line[], deviceId: string | undefined, placement: string) {
  const currency = lines[0]?.cost.totalAmount.currencyCode;
  const total = (line: Line): number => minor(line.cost.totalAmount.amount, line.cost.totalAmount.currencyCode);
  return {
    placement,
    identifiers: deviceId ? { anonymous_id: deviceId } : {},
    deadline_ms: MILLISECONDS * 0.8,
    context: {
      items: lines.map((line) => ({
        sku: line.merchandise.sku || line.merchandise.id,
        name: line.merchandise.title,
        category: line.merchandise.product.productType || undefined,
        quantity: line.quantity,
        price: Math.round(total(line) / line.quantity),
      })),
      value: lines.reduce((sum, line) => sum + total(line), 0),
      currency,
    },
  };
}

/** The first block of the slot, or null: then the extension shows its own words. */
export async function decide(request: object, { gateway, key, slot }: Settings): Promise<Shown | null> {
  try {
    const response = await fetch(`${gateway}/v1/decide?writeKey=${encodeURIComponent(key)}`, {
      method: "POST",
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(MILLISECONDS),
    });
    if (!response.ok) return null;
    const decision = (await response.json()) as Decision;
    const block = decision.slots[slot]?.[0];
    return block ? { decision_id: decision.decision_id, block } : null;
  } catch {
    return null;
  }
}

/** Reports need no answer; what the shop's pages could not send is not made up for here. */
export async function report(kind: "shown" | "clicked", { decision_id, block }: Shown, { gateway, key, slot }: Settings) {
  if (!decision_id) return;
  const outcome = { decision_id, slot, kind, at: new Date().toISOString(), offer_id: block.offer_id ?? undefined };
  await fetch(`${gateway}/v1/outcomes?writeKey=${encodeURIComponent(key)}`, {
    method: "POST",
    body: JSON.stringify({ outcomes: [outcome] }),
    keepalive: true,
  }).catch(() => undefined);
}
