"""`cdp load --into DIR`: from a shop's file to a suite of one's own, without any server."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.support.commands import run_cdp

ROOT = Path(__file__).parents[2]
ORDERS = """\
Name,Email,Financial Status,Currency,Total,Created at,Lineitem quantity,Lineitem sku
#1,ada@example.com,paid,EUR,30.00,2026-01-01 10:00:00 +0200,1,CUP
#1,,,,,,2,LID
#2,bob@example.com,paid,EUR,5.00,2026-01-02 10:00:00 +0200,1,CUP
"""


def cdp(folder: Path, *words: str, status: int = 0) -> str:
    done = run_cdp(*words, folder=folder)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_file_of_a_shop_becomes_a_suite_in_a_directory(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    mapping = str(ROOT / "examples" / "mappings" / "shopify-orders.yaml")
    load = ("load", "orders.csv", "--mapping", mapping, "--into", "shop", "--no-progress")
    output = cdp(tmp_path, *load)
    assert "3 rows: 2 new events" in output
    assert "cdp profile show 'shopify-#1-completed' --in shop" in output
    printed = cdp(tmp_path, "profile", "show", "shopify-#1-completed", "--in", "shop", "--json")
    profile = json.loads(printed)
    assert profile["orders"]["count"] == 1
    assert profile["orders"]["revenue"] == {"EUR": 3000}
    happened = cdp(tmp_path, "profile", "events", "shopify-#1-completed", "--in", "shop")
    assert "order_id #1, revenue 30.00 EUR, products CUP, 2 × LID" in happened
    assert "ada@example.com" not in happened
    nobody = cdp(tmp_path, "identity", "show", "user_id=null", "--in", "shop", status=1)
    assert "user_id is a placeholder, which would stand for everybody" in nobody
    assert "Nothing new was loaded." in cdp(tmp_path, *load)
    (tmp_path / "till.csv").write_text(
        ORDERS.splitlines()[0] + "\n#3,,paid,EUR,5.00,2026-01-03,1,CUP\n"
    )
    till = cdp(tmp_path, "load", "till.csv", *load[2:], status=1)
    assert "1 row: 0 new events" in till
    assert "cdp profile show" not in till  # as there is nothing to look at
    shutil.rmtree(tmp_path / "shop")
    assert "another suite; start over with --restart" in cdp(tmp_path, *load, status=1)
    assert "2 new events" in cdp(tmp_path, *load, "--restart")


def test_a_directory_without_a_suite_is_told_what_makes_one(tmp_path: Path) -> None:
    output = cdp(tmp_path, "profile", "show", "user_id=u", "--in", "nowhere", status=1)
    assert "nowhere: has no suite; `cdp load FILE --into nowhere` makes one" in output


def test_in_a_directory_a_segment_has_its_members_at_the_next_command(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    mapping = str(ROOT / "examples" / "mappings" / "shopify-orders.yaml")
    cdp(tmp_path, "load", "orders.csv", "--mapping", mapping, "--into", "shop", "--no-progress")
    rule = ("--rule", 'revenue("EUR") >= 5', "--description", "Has spent 5 EUR.")
    cdp(tmp_path, "segments", "define", "spender", *rule, "--in", "shop")
    assert len(cdp(tmp_path, "segments", "members", "spender", "--in", "shop").splitlines()) == 2
