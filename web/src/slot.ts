// <cdp-slot placement="checkout" slot="loyalty">What stands here by itself</cdp-slot>
//
// It writes no HTML of anybody: texts become text, and links lead to pages or nowhere.

import type { Wish } from "./decisions";
import type { Block, BlockDetail, Decision } from "./types";
import { parseObject } from "./json";
import { safeUrl } from "./urls";

export interface Slot extends HTMLElement {
  readonly context: object | null;
  refresh(): void;
}

/** What a slot needs of the script. */
export interface Surroundings {
  decide(wish: Wish): Promise<Decision | null>;
  report(kind: "shown" | "clicked", detail: BlockDetail): void;
}

const STYLE =
  ":host{display:block}:host([state=waiting]){visibility:hidden}" +
  "ul,p{margin:0;padding:0;list-style:none}img{max-width:100%}";

const isText = (value: unknown): value is string | number =>
  /string|number/.test(typeof value) && value !== "";

/** `slots` are those in the page; of what they know of the context of a placement, the newest counts. */
export function defineSlot(slots: Set<Slot>, surroundings: Surroundings): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  const whenSeen = new WeakMap<Element, () => void>();
  const viewport = new IntersectionObserver(
    (entries) => {
      for (const { target, intersectionRatio, intersectionRect } of entries) {
        // Half of it, or half a window of it, is in view.
        if (intersectionRatio < 0.5 && intersectionRect.height < innerHeight / 2) continue;
        viewport.unobserve(target);
        whenSeen.get(target)?.();
      }
    },
    { threshold: [0, 0.25, 0.5] },
  );

  class CdpSlot extends HTMLElement {
    static observedAttributes = ["placement", "slot", "context"];
    #context: Record<string, unknown> | string | null = null;
    #round = 0;
    #root = this.attachShadow({ mode: "open" });

    constructor() {
      super();
      this.#root.adoptedStyleSheets = [sheet]; // a page may forbid inline styles
    }

    /** The context as an object, for frameworks; the attribute has it as JSON, or the id of a script with it. */
    get context(): Record<string, unknown> | null {
      const value = this.#context;
      const id = /^#(.+)/.exec(value as string)?.[1];
      const text = id ? document.getElementById(id)?.textContent : value;
      return typeof text === "object" ? text : parseObject(text);
    }
    set context(value: Record<string, unknown> | string | null) {
      this.#context = value;
      if (slots.delete(this)) slots.add(this);
      this.refresh();
    }

    connectedCallback(): void {
      slots.add(this);
      this.refresh();
    }

    disconnectedCallback(): void {
      slots.delete(this);
    }

    attributeChangedCallback(name: string, before: string | null, text: string | null): void {
      if (before === text) return;
      if (name === "context") this.context = text;
      else this.refresh();
    }

    /** Decide, and show what comes in time; otherwise what stands in the element. */
    refresh(): void {
      const placement = this.getAttribute("placement");
      if (!slots.has(this) || !placement) return;
      const round = ++this.#round;
      if (!this.#root.hasChildNodes()) this.#show(null, placement, "waiting");
      const milliseconds = Number(this.getAttribute("timeout")) || 500;
      const context = (): object => {
        const known = {};
        for (const slot of slots) if (slot.getAttribute("placement") === placement) Object.assign(known, slot.context);
        return known;
      };
      void surroundings.decide({ placement, context, milliseconds }).then((decision) => {
        if (round !== this.#round) return;
        // What was decided before is better than nothing.
        if (decision || this.getAttribute("state") === "waiting") this.#show(decision, placement, "fallback");
      });
    }

    #show(decision: Decision | null, placement: string, otherwise: string): void {
      const slot = this.getAttribute("slot") ?? "";
      const blocks = decision?.slots[slot] ?? [];
      this.querySelectorAll(":scope > [slot=block]").forEach((each) => each.remove());
      const content = document.createElement("slot");
      if (blocks.length) content.name = "block";
      this.#root.replaceChildren(content);
      this.setAttribute("state", blocks.length ? "decided" : otherwise);
      const template = this.querySelector("template");
      for (const block of blocks) {
        const detail = { placement, slot, decision_id: decision?.decision_id ?? null, block };
        const shown = template ? fill(template, block) : render(block, this);
        if (template) {
          shown.slot = "block";
          this.append(shown);
        } else this.#root.insertBefore(shown, content);
        this.#watch(shown, detail);
      }
    }

    /** Report the block once it is in view, and each click. */
    #watch(shown: HTMLElement, detail: BlockDetail): void {
      shown.addEventListener("click", (event) => {
        if (!(event.target as Element).closest("a,button")) return;
        surroundings.report("clicked", detail);
        if (!this.#tell("cdp-click", detail)) event.preventDefault();
      });
      whenSeen.set(shown, () => {
        surroundings.report("shown", detail);
        this.#tell("cdp-shown", detail);
      });
      viewport.observe(shown);
    }

    #tell(name: string, detail: BlockDetail): boolean {
      return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
    }
  }
  customElements.define("cdp-slot", CdpSlot);
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  text?: unknown,
  part?: string,
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (isText(text)) made.textContent = text as string;
  if (part) made.setAttribute("part", part);
  return made;
}

/** A block as it looks where the page has no template: every piece is a part, for the page's styles. */
function render({ content }: Block, host: Element): HTMLElement {
  const made = element("div", "", "block");
  const image = safeUrl(content.image);
  if (image) {
    const img = element("img", "", "image");
    img.src = image;
    img.alt = "";
    made.append(img);
  }
  for (const [name, tag] of Object.entries({ title: "p", text: "p", code: "code" } as const))
    if (isText(content[name])) made.append(element(tag, content[name], name));
  const badges = [content.badges, content.badge].flat().filter(isText);
  if (badges.length) {
    const list = element("ul", "", "badges");
    list.append(...badges.map((each) => element("li", `${each}`.replace(/_/g, " "), "badge")));
    made.append(list);
  }
  const url = safeUrl(content.url);
  // What the page does when it is asked to, by its own words: `add="Add to cart"`.
  const action = ["add", "action"].map((name) => content[name] && host.getAttribute(name)).find(Boolean);
  if (url) {
    const link = element("a", content.label ?? content.title, "link");
    link.href = url;
    made.append(link);
  } else if (action) made.append(element("button", action, "action"));
  return made;
}

/** The page's own template with the block's texts in it; without a text an element goes. */
function fill(template: HTMLTemplateElement, { content }: Block): HTMLElement {
  const made = element("div");
  made.append(template.content.cloneNode(true));
  for (const each of made.querySelectorAll<HTMLElement>("[data-field]")) {
    const value = content[each.dataset.field ?? ""];
    if (isText(value)) each.textContent = value as string;
    else each.remove();
  }
  for (const name of ["href", "src"])
    for (const each of made.querySelectorAll<HTMLElement>(`[data-${name}]`)) {
      const url = safeUrl(content[each.dataset[name] ?? ""]);
      if (url) each.setAttribute(name, url);
      else each.remove();
    }
  return made;
}
