// One request for each placement of a page, whatever the number of its slots.

import type { Decision } from "./types";

/** What a slot hands in: its placement, and how long it waits. */
export interface Wish {
  placement: string;
  /** What all slots of the placement know of the context; it is called when they are asked for. */
  context: () => object;
  milliseconds: number;
}
type Ask = (placement: string, context: object, milliseconds: number) => Promise<Decision | null>;

interface Group {
  milliseconds: number;
  answer: Promise<Decision | null>;
}

export interface Decisions {
  /** The decision, or null if none came in time. */
  decide(wish: Wish): Promise<Decision | null>;
  /** Forget what was decided: slots ask anew. */
  forget(): void;
}

/** Gathers wishes until `moment` has come; later ones with the same context share the same decision. */
export function createDecisions(ask: Ask, moment: () => Promise<unknown>): Decisions {
  const open = new Map<string, Group>();
  const made = new Map<string, Promise<Decision | null>>();

  function close(placement: string, group: Group, context: object): Promise<Decision | null> {
    open.delete(placement);
    const key = placement + JSON.stringify(context);
    const answer = made.get(key) ?? ask(placement, context, group.milliseconds);
    made.set(key, answer);
    void answer.then((decision) => decision ?? made.delete(key));
    return answer;
  }

  return {
    forget: () => made.clear(),
    decide({ placement, context, milliseconds }) {
      let group = open.get(placement);
      if (!group) {
        const made: Group = { milliseconds, answer: moment().then(() => close(placement, made, context())) };
        open.set(placement, (group = made));
      }
      group.milliseconds = Math.min(group.milliseconds, milliseconds);
      return group.answer;
    },
  };
}
