"""`cdp load --store`: the store of a file's orders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cdp.commands.root import cli
from mappings import with_store

ROW = {
    "id": "1",
    "type": "order_completed",
    "time": "2026-11-20T10:00:00Z",
    "identifiers": {"user_id": "lea"},
    "authenticated": True,
    "data": {"order_id": "17", "revenue": 4_999, "currency": "EUR"},
}


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("order_completed", {"order_id": "1"}, {"order_id": "1", "store": "mugs"}),
        ("order_refunded", {"refund_id": "1"}, {"refund_id": "1", "store": "mugs"}),
        ("order_updated", {"store": "pots"}, {"store": "pots"}),
        ("loyalty_points_changed", {"points": 1}, {"points": 1, "store": "mugs"}),
        ("product_viewed", {"sku": "CUP"}, {"sku": "CUP"}),
        ("of_the_shops_own", {}, {}),
        (None, {}, {}),
        ("order_completed", "no data", "no data"),
    ],
)
def test_what_has_a_store_gets_the_files_unless_it_names_one(
    kind: Any, data: Any, expected: Any
) -> None:
    event = {"type": kind, "data": data}
    assert with_store(event, "mugs")["data"] == expected
    assert with_store(event, None) is event


def test_an_order_of_a_file_is_one_of_the_store(tmp_path: Path) -> None:
    path = tmp_path / "orders.ndjson"
    path.write_text(json.dumps(ROW) + "\n")
    checked = CliRunner().invoke(cli, ["load", str(path), "--check", "--store", "mugs"])
    assert checked.exit_code == 0, checked.output
    assert "mugs" in checked.output
    plain = CliRunner().invoke(cli, ["load", str(path), "--check"])
    assert "mugs" not in plain.output
