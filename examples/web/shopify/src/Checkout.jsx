// A block of a decision in Shopify's checkout. It runs in Shopify's own sandbox, which has no DOM:
// <cdp-slot> cannot, so Shopify's components show the same texts.

import "@shopify/ui-extensions/preact";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { decide, report, requestOf } from "./blocks";

export default function extension() {
  render(<Offer />, document.body);
}

function Offer() {
  const [offer, setOffer] = useState(null);
  const settings = shopify.settings.value;
  const lines = shopify.lines.value;
  const deviceId = shopify.attributes.value.find(({ key }) => key === "cdp_id")?.value;
  const allowed = shopify.customerPrivacy.value.visitorConsent;

  useEffect(() => {
    const device = allowed.analytics && allowed.preferences ? deviceId : undefined;
    void decide(requestOf(lines, device, settings.placement), settings).then((found) => {
      setOffer(found);
      if (found && allowed.analytics) void report("shown", found, settings);
    });
  }, [JSON.stringify(lines)]);

  if (!offer) return <s-text>{settings.fallback ?? ""}</s-text>;
  const { title, text } = offer.block.content;
  return (
    <s-banner heading={String(title ?? "")}>
      <s-text>{String(text ?? "")}</s-text>
    </s-banner>
  );
}
