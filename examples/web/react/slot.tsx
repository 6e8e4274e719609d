// The element in React 19, which hands a context on as it is, and listens to the element's events.

import type { DetailedHTMLProps, HTMLAttributes, ReactNode } from "react";

export interface Block {
  offer_id: string | null;
  content: Record<string, unknown>;
}

type SlotAttributes = DetailedHTMLProps<HTMLAttributes<HTMLElement>, HTMLElement> & {
  placement: string;
  context?: string;
  add?: string;
  "oncdp-click"?: (event: CustomEvent<{ block: Block }>) => void;
};
declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "cdp-slot": SlotAttributes;
    }
  }
}

interface Props {
  placement: string;
  slot: string;
  /** Money in minor units. As text it is the same whether the script is there already or not. */
  context: object;
  add?: string;
  onAction?: (block: Block) => void;
  /** What shows if nothing comes in time. */
  children: ReactNode;
}

export function Slot({ placement, slot, context, add, onAction, children }: Props) {
  return (
    <cdp-slot
      placement={placement}
      slot={slot}
      context={JSON.stringify(context)}
      add={add}
      oncdp-click={(event) => onAction?.(event.detail.block)}
    >
      {children}
    </cdp-slot>
  );
}
