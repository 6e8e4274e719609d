"""python send.py SDK HOST KEY USER: sends what every SDK is to send, and ends when it is sent.

It runs with the directory on its path where that SDK is installed, and with nothing of ours.
"""

import sys
from importlib import import_module
from typing import Any

CLIENTS = {
    "analytics-python": "analytics.client",
    "customerio-cdp-analytics": "customerio.analytics.client",
    "rudder-sdk-python": "rudderstack.analytics.client",
    "segment-analytics-python": "segment.analytics.client",
}


def send(client: Any, user: str) -> None:
    """Identify, track, page, an order, and an item that nobody can read."""
    order = {"order_id": f"{user}-1", "revenue": 19.99, "currency": "EUR"}
    poison = {"order_id": f"{user}-2", "revenue": "1,234", "currency": "EUR"}
    client.identify(user, {"city": "Berlin"})
    client.track(user, "Product Viewed", {"product_id": "cup", "price": 19.99, "currency": "EUR"})
    client.track(user, "Order Completed", {**order, "products": [{"sku": "cup", "price": 19.99}]})
    client.track(user, "Order Completed", poison)
    client.page(user, "Shop", "Cart", {"url": "https://shop.example/cart?secret=1"})
    client.flush()
    client.join()


if __name__ == "__main__":
    sdk, host, key, user = sys.argv[1:]
    send(import_module(CLIENTS[sdk]).Client(key, host=host, upload_interval=0.2), user)
