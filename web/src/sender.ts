// Sends what waits, at once, and again until it has arrived.
//
// Requests are plain text without an Authorization header, so that browsers ask nothing first, and
// `keepalive`, so that they outlive their page as beacons do; unlike a beacon they have an answer.

import type { Kind, Parcel, Queue } from "./queue";

const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
const AGAIN = [408, 425, 429];

export interface Sender {
  /** Send when the task at hand has ended: what belongs together goes in one request. */
  schedule(): void;
  flush(): void;
  /** The page is being left: what has failed so far gets another chance, by a beacon. */
  leave(): void;
}

/** Calls `settled` after each answer. */
export function createSender(
  queue: Queue,
  url: (path: string) => string,
  writeKey: string,
  settled: () => void,
): Sender {
  const underWay = new Set<string>();
  let pause = FIRST_PAUSE;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isScheduled = false;

  const address = (kind: Kind): string => url(kind === "b" ? "b" : "outcomes");
  function content({ kind, text }: Parcel): string {
    if (kind === "o") return `{"outcomes":[${text}]}`;
    const sent = { sentAt: new Date(), writeKey };
    return `{"batch":[${text}],${JSON.stringify(sent).slice(1)}`;
  }

  async function send(parcel: Parcel): Promise<void> {
    const { kind, ids } = parcel;
    for (const id of ids) underWay.add(id);
    let status = 0;
    try {
      const request = { method: "POST", body: content(parcel), keepalive: true };
      status = (await fetch(address(kind), request)).status;
    } catch {
      // Nobody answers: it stays in the queue.
    }
    settled();
    for (const id of ids) underWay.delete(id);
    if (status && status < 500 && !AGAIN.includes(status)) {
      queue.remove(ids);
      pause = FIRST_PAUSE;
    } else if (!timer) {
      timer = setTimeout(() => {
        timer = undefined;
        flush();
      }, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  function flush(): void {
    for (const parcel of queue.parcels(underWay)) void send(parcel);
  }

  return {
    flush,
    schedule() {
      if (!isScheduled)
        queueMicrotask(() => {
          isScheduled = false;
          flush();
        });
      isScheduled = true;
    },
    leave() {
      for (const parcel of queue.parcels(underWay))
        navigator.sendBeacon(address(parcel.kind), content(parcel));
    },
  };
}
