// The shop's banner says on every page what was answered; here somebody has said yes.
window.cdp.consent({ analytics: true, preferences: true, sale_or_sharing: false });
