// JSON that stands in a page.

import type { Properties } from "./types";

/** The object; an empty one if there is none, or if it is wrong, which the console then says. */
export function parseObject(text: string | null | undefined): Properties {
  try {
    return JSON.parse(text || "{}") as Properties;
  } catch {
    console.warn("cdp: not JSON", text);
    return {};
  }
}
