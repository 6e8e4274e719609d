// What is to be sent, kept in the browser until it has arrived.

/** `events` go to the tracking path, `outcomes` to that of reports. */
export type Kind = "b" | "o";
export interface Item {
  id: string;
  kind: Kind;
  body: object;
}
export interface Parcel {
  kind: Kind;
  ids: string[];
  text: string;
}
/** The part of Storage that is used. */
export type Shelf = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

const PREFIX = "cdp:";
const MOST = 500;
export const MOST_BYTES = 60_000; // of the 64 KB that may be under way when a page is left
const bytes = (text: string): number => new Blob([text]).size;

export interface Queue {
  /** Take up what earlier pages have left. */
  restore(): void;
  /** False if it is too large ever to be sent, or too much waits already. */
  add(item: Item, at: number): boolean;
  remove(ids: Iterable<string>): void;
  clear(): void;
  /** Requests for all that waits but is not `under way`; each small enough to outlive its page. */
  parcels(underWay: ReadonlySet<string>): Parcel[];
}

/** Keep a text; a storage that is full, or forbidden, keeps nothing. */
export function keep(shelf: Shelf | null, key: string, text: string): void {
  try {
    shelf?.setItem(key, text);
  } catch {
    // What is to be sent is sent from memory while the page lives.
  }
}

/** Items in the order of their arrival, each under a key of its own: tabs share the storage. */
export function createQueue(shelf: Shelf | null): Queue {
  const items = new Map<string, string>(); // `kind` and JSON

  function remove(ids: Iterable<string>): void {
    for (const id of ids) {
      items.delete(id);
      shelf?.removeItem(PREFIX + id);
    }
  }

  return {
    remove,
    clear: () => remove([...items.keys()]),
    restore() {
      if (!shelf) return;
      const keys = Array.from({ length: shelf.length }, (_, index) => shelf.key(index) ?? "");
      for (const key of keys.sort())
        if (key.startsWith(PREFIX)) items.set(key.slice(PREFIX.length), shelf.getItem(key) ?? "");
    },
    add({ id, kind, body }, at) {
      const text = kind + JSON.stringify(body);
      if (bytes(text) > MOST_BYTES || items.size >= MOST) return false;
      const key = at.toString(36).padStart(9, "0") + id;
      items.set(key, text);
      keep(shelf, PREFIX + key, text);
      return true;
    },
    parcels(underWay) {
      const parcels: Parcel[] = [];
      const last: Partial<Record<Kind, Parcel>> = {};
      for (const [id, stored] of items) {
        if (underWay.has(id)) continue;
        const kind = stored[0] as Kind;
        const text = stored.slice(1);
        const parcel = last[kind];
        if (parcel && bytes(parcel.text + text) < MOST_BYTES) {
          parcel.ids.push(id);
          parcel.text += "," + text;
        } else parcels.push((last[kind] = { kind, ids: [id], text }));
      }
      return parcels;
    },
  };
}
