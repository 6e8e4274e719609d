"""Facts about the WooCommerce plugin of the examples, with stand-ins for WordPress' functions."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from deploy.machine import ensure_package
from services.gateway.domain.sources import EventSource
from services.gateway.domain.user_tokens import verified_user

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "examples" / "web" / "woocommerce" / "checkout-cdp" / "checkout-cdp.php"
STAND_INS = ROOT / "tests" / "support" / "wordpress.php"
BLOCK = re.compile(r'<script type="application/json" ([\w-]+)="([^"]*)">(.*?)</script>')


@pytest.mark.long  # not that it takes long: PHP is to be installed for it
def test_the_plugin_puts_script_events_slots_and_the_device_where_they_belong() -> None:
    assert ensure_package("php-cli", "php"), "install PHP: apt-get install php-cli"
    ran = subprocess.run(
        ["php", str(STAND_INS), str(PLUGIN)], check=True, capture_output=True, text=True
    )
    made = json.loads(ran.stdout)
    assert made["meta"] == {"_cdp_id": "d-81"}

    attributes = made["attributes"]
    assert (attributes["data-key"], attributes["data-user"]) == ("cdp_pub_1", "7")
    source = EventSource("woo", "woo", "browser", token_secrets=("a secret of the source",))
    now = time.time_ns() // 1_000
    assert verified_user(source, attributes["data-user-token"], now) == "7"

    blocks = {(name, value): json.loads(text) for name, value, text in BLOCK.findall(made["page"])}
    viewed = blocks["data-cdp-event", "Product Viewed"]
    assert viewed["name"] == "Lamp </script><b>"
    assert (viewed["price"], viewed["currency"]) == (19.99, "USD")
    assert blocks["data-cdp-event", "Cart Viewed"]["products"][0]["quantity"] == 2
    context = blocks["id", "cdp-context"]
    assert context["value"] == 3_998
    assert context["items"][0] == {
        "sku": "lamp", "name": "Lamp </script><b>", "quantity": 2, "price": 1_999,
    }  # fmt: skip
    assert made["page"].count("<cdp-slot ") == 2
