// The device's id: a first-party cookie, made only once that is allowed.

const NAME = "cdp_id";
const SECONDS = 400 * 24 * 3600; // the longest that browsers keep one

export const uuid = (): string =>
  // Pages without TLS have no randomUUID, but every browser names a blob by one.
  crypto.randomUUID?.() ?? URL.createObjectURL(new Blob()).slice(-36);

export function readDevice(cookies: string): string | undefined {
  return cookies.match(`(?:^|; )${NAME}=([^;]+)`)?.[1];
}

/** The cookie as it is written; with no `id`, as it is deleted. */
export function deviceCookie(id: string | null, isSecure: boolean, domain: string): string {
  return (
    `${NAME}=${id ?? ""};path=/;max-age=${id ? SECONDS : 0};samesite=lax` +
    (isSecure ? ";secure" : "") +
    (domain ? `;domain=${domain}` : "")
  );
}
