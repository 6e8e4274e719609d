// The shop's own script: its banner, and what its offers do.

const COOKIE = "shop_consent";
const answered = document.cookie.match(`(?:^|; )${COOKIE}=(yes|no)`)?.[1];
const banner = document.getElementById("banner");

function tell(answer) {
  const yes = answer === "yes";
  window.cdp?.consent({ analytics: yes, preferences: yes, marketing: yes, sale_or_sharing: false });
}

if (answered) tell(answered);
else banner.hidden = false;

document.addEventListener("click", ({ target }) => {
  const button = target.closest("button[data-consent]");
  if (!button) return;
  const answer = button.dataset.consent;
  document.cookie = `${COOKIE}=${answer};path=/;max-age=31536000;samesite=lax`;
  tell(answer);
  banner.hidden = true;
  const words = document.getElementById("answer");
  if (words) words.textContent = answer === "yes" ? "You have said yes." : "You have said no.";
});

// An offer that adds an article: the shop does it, as it does by its own buttons.
document.addEventListener("cdp-click", async ({ detail }) => {
  const sku = detail.block.content.add?.sku;
  if (typeof sku !== "string") return;
  await fetch("/cart", { method: "POST", body: new URLSearchParams({ sku }), redirect: "manual" });
  location.assign("/cart");
});
