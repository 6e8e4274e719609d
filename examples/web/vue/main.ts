// The element in Vue 3. In templates set compilerOptions.isCustomElement to (tag) => tag === "cdp-slot".

import { computed, createApp, defineComponent, h, ref } from "vue";

const LAMP = { sku: "lamp", category: "home", quantity: 1, price: 5_900 };

const Checkout = defineComponent(() => {
  const items = ref([LAMP]);
  const order = computed(() => {
    const value = items.value.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
    return { items: items.value, value, currency: "USD" };
  });
  const add = ({ detail }: CustomEvent<{ block: { content: { add: { sku: string } } } }>) => {
    const { sku } = detail.block.content.add;
    items.value = [...items.value, { sku, category: "home", quantity: 1, price: 1_900 }];
  };
  const slot = (name: string, fallback: string, more: object = {}) =>
    h("cdp-slot", { placement: "checkout", slot: name, context: JSON.stringify(order.value), ...more }, [
      h("p", fallback),
    ]);
  return () =>
    h("main", [
      h("h1", "Checkout"),
      h("p", { id: "value" }, `${order.value.value / 100} USD`),
      slot("delivery", "You see what delivery costs before you pay."),
      slot("extras", "Free returns for 30 days.", { add: "Add to cart", "onCdp-click": add }),
    ]);
});

createApp(Checkout).mount("#app");
