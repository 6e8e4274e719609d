// Addresses: those that blocks may lead to, and those that events may tell of.

/** The address if it leads to a page, at http, https or in the shop; null for anything that could run. */
export function safeUrl(value: unknown, base = location.href): string | null {
  if (typeof value !== "string" || !value) return null;
  try {
    const { protocol, href } = new URL(value, base);
    return protocol === "https:" || protocol === "http:" ? href : null;
  } catch {
    return null;
  }
}

/** Without its query and fragment, which may have anything of anybody. */
export const bareUrl = (url: string): string => url.replace(/[?#].*/s, "");
