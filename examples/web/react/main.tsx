import { useState } from "react";
import { createRoot } from "react-dom/client";
import { Slot } from "./slot";

const LAMP = { sku: "lamp", category: "home", quantity: 1, price: 5_900 };

function Checkout() {
  const [items, setItems] = useState([LAMP]);
  const value = items.reduce((sum, { price, quantity }) => sum + price * quantity, 0);
  const order = { items, value, currency: "USD" };
  return (
    <main>
      <h1>Checkout</h1>
      <p id="value">{value / 100} USD</p>
      <Slot placement="checkout" slot="delivery" context={order}>
        <p>You see what delivery costs before you pay.</p>
      </Slot>
      <Slot
        placement="checkout"
        slot="extras"
        context={order}
        add="Add to cart"
        onAction={({ content }) => {
          const { sku } = content.add as { sku: string };
          setItems([...items, { sku, category: "home", quantity: 1, price: 1_900 }]);
        }}
      >
        <p>Free returns for 30 days.</p>
      </Slot>
    </main>
  );
}

createRoot(document.getElementById("app") as HTMLElement).render(<Checkout />);
