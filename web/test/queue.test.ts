import assert from "node:assert/strict";
import { test } from "node:test";
import { MOST_BYTES, createQueue, type Shelf } from "../src/queue";

class Memory implements Shelf {
  readonly kept = new Map<string, string>();
  get length(): number {
    return this.kept.size;
  }
  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
  removeItem(key: string): void {
    this.kept.delete(key);
  }
}

const item = (id: string, body: object = { id }) => ({ id, kind: "b" as const, body });
const none = new Set<string>();

test("events of one moment are one request, and reports another", () => {
  const queue = createQueue(null);
  queue.add(item("1"), 1);
  queue.add({ id: "2", kind: "o", body: { n: 2 } }, 1);
  queue.add(item("3"), 1);
  const texts = queue.parcels(none).map(({ kind, text }) => kind + text);
  assert.deepEqual(texts, ['b{"id":"1"},{"id":"3"}', 'o{"n":2}']);
});

test("what is under way is not sent again meanwhile", () => {
  const queue = createQueue(null);
  queue.add(item("1"), 1);
  const [parcel] = queue.parcels(none);
  assert.ok(parcel);
  assert.deepEqual(queue.parcels(new Set(parcel.ids)), []);
});

test("the next page takes up what the last one has left, in order", () => {
  const shelf = new Memory();
  const left = createQueue(shelf);
  left.add(item("b"), 2_000);
  left.add(item("a"), 1_000);
  const next = createQueue(shelf);
  next.restore();
  assert.deepEqual(next.parcels(none).map(({ text }) => text), ['{"id":"a"},{"id":"b"}']);
});

test("what has arrived is forgotten, and what others keep there is left alone", () => {
  const shelf = new Memory();
  shelf.setItem("cart", "theirs");
  const queue = createQueue(shelf);
  queue.add(item("1"), 1);
  queue.remove(queue.parcels(none)[0]?.ids ?? []);
  assert.deepEqual([...shelf.kept.keys()], ["cart"]);
  queue.add(item("2"), 1);
  queue.clear();
  assert.deepEqual([...shelf.kept.keys()], ["cart"]);
});

test("a request stays below what may be under way when a page is left, in bytes and not characters", () => {
  const queue = createQueue(null);
  for (let n = 0; n < 12; n++) queue.add(item(String(n), { text: "é".repeat(10_000) }), n);
  const parcels = queue.parcels(none);
  assert.ok(parcels.length > 1);
  for (const { text } of parcels) assert.ok(new TextEncoder().encode(text).length <= MOST_BYTES);
  assert.equal(parcels.flatMap(({ ids }) => ids).length, 12);
});

test("what could never be sent, and what is too much, is refused", () => {
  const queue = createQueue(null);
  assert.equal(queue.add(item("1", { text: "x".repeat(MOST_BYTES) }), 1), false);
  for (let n = 0; n < 500; n++) assert.equal(queue.add(item(String(n)), 1), true);
  assert.equal(queue.add(item("one more"), 1), false);
});

test("a storage that is full loses nothing while the page lives", () => {
  const shelf = new Memory();
  shelf.setItem = () => {
    throw new Error("full");
  };
  const queue = createQueue(shelf);
  assert.equal(queue.add(item("1"), 1), true);
  assert.equal(queue.parcels(none).length, 1);
});
