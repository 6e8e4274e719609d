// One request for each placement of a page, whatever the number of its slots.

import type { Decision } from "./types";

/** What a slot hands in: its placement, what it knows of the context, and how long it waits. */
export interface Wish {
  placement: string;
  context: Record<string, unknown> | null;
  milliseconds: number;
}
type Ask = (placement: string, context: object, milliseconds: number) => Promise<Decision | null>;

interface Group {
  context: Record<string, unknown>;
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
  const contexts = new Map<string, Record<string, unknown>>();
  const made = new Map<string, Promise<Decision | null>>();

  function close(placement: string, group: Group): Promise<Decision | null> {
    open.delete(placement);
    const context = { ...contexts.get(placement), ...group.context };
    contexts.set(placement, context);
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
        const made: Group = { context: {}, milliseconds, answer: moment().then(() => close(placement, made)) };
        open.set(placement, (group = made));
      }
      Object.assign(group.context, context);
      group.milliseconds = Math.min(group.milliseconds, milliseconds);
      return group.answer;
    },
  };
}
