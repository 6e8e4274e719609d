"""A checkout's client while the processes that it asks are killed: no broker is there at any time.

Each request is answered: by the other address, or by the stored blocks. What the shop reports
meanwhile is in the log afterwards, each report once.
"""

from __future__ import annotations

import socket
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from deploy.services import upgrade
from tests.conftest import FULL_SIZE
from tests.support import forge
from tests.support.system import plain_environment

ROOT = Path(__file__).parents[2]
KEY = "a-key-for-proofs-only"
NOBODYS_PORT = "amqp://nobody:nothing@127.0.0.1:9/cdp"
SECONDS = 5.0  # for an answer: none of these machines is to be judged by its speed
REQUESTS = 200 if FULL_SIZE else 10


class DoorProcess:
    """A process of offers with a door, killed and started again at the same address."""

    def __init__(self, directory: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self._directory = directory
        self._process: forge.ChildProcess | None = None

    def start(self) -> None:
        self._process = forge.start(
            "cdp",
            "run",
            "offers",
            "--role",
            "rpc",
            environment={
                **plain_environment(),
                "CDP_AMQP_URI": NOBODYS_PORT,
                "CDP_OFFERS_DATABASE_URI": f"sqlite:///{self._directory / 'offers.db'}",
                "CDP_OFFERS_SPOOL": str(self._directory / "spool"),
                "CDP_OFFERS_HTTP": self.address,
                "CDP_OFFERS_KEYS": KEY,
            },
            output=self._directory / f"{self.address}.log",
        )

    def wait(self) -> None:
        """Wait until it is ready."""
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://{self.address}/ready", timeout=5) as response:
                    assert response.status == 200
                    return
            except OSError:
                assert time.monotonic() < until, "the door does not open"
                time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[list[DoorProcess]]:
    upgrade("offers", f"sqlite:///{tmp_path / 'offers.db'}")
    made = [DoorProcess(tmp_path), DoorProcess(tmp_path)]
    with ExitStack() as stack:
        for each in made:
            stack.callback(each.kill)
            each.start()
        for each in made:
            each.wait()
        yield made


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "checkout"))
    for name in ("checkout", "errors"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import checkout  # type: ignore[import-not-found] # a file for shops to copy

    make: Callable[..., Any] = checkout.Checkout
    return make


def test_a_killed_door_costs_no_answer_and_no_report(
    doors: list[DoorProcess], client: Callable[..., Any], tmp_path: Path
) -> None:
    checkout = client([door.address for door in doors], KEY, tmp_path / "shop")
    reported = []

    def ask() -> list[dict[str, Any]]:
        answers = [checkout.decide({"placement": "checkout"}, SECONDS) for _ in range(REQUESTS)]
        for each in answers:
            if each["decision_id"] is not None:
                checkout.report(each, "shown", ["reassurance"])
                reported.append(each["decision_id"])
        return answers

    assert all(each["degraded"] == [] for each in ask())
    doors[0].kill()
    assert all(each["degraded"] == [] for each in ask())
    doors[1].kill()
    stored = ask()
    assert {each["decision_id"] for each in stored} == {None}
    assert all(each["degraded"][0].startswith("stored fallback: ") for each in stored)
    assert all(each["slots"]["reassurance"] for each in stored)
    assert checkout.send_reports() == 2 * REQUESTS

    doors[1].start()
    doors[1].wait()
    assert checkout.send_reports(SECONDS) == 0
    assert ask()[0]["degraded"] == []
    assert checkout.send_reports(SECONDS) == 0
    _assert_logged(tmp_path / "offers.db", reported)


def _assert_logged(database: Path, reported: list[str]) -> None:
    """Each decision that was answered, and each report of one, is in the log once."""
    engine = sa.create_engine(f"sqlite:///{database}")
    query = sa.text("SELECT count(*), count(DISTINCT stream_id) FROM events WHERE type = :type")
    until = time.monotonic() + 60
    while True:
        with engine.connect() as connection:
            counts = {
                kind: tuple(connection.execute(query, {"type": kind}).one())
                for kind in ("offer_decided", "offer_shown")
            }
        if counts["offer_decided"][0] == len(reported) or time.monotonic() > until:
            break
        time.sleep(0.1)
    engine.dispose()
    assert len(set(reported)) == len(reported) == 3 * REQUESTS
    assert counts["offer_decided"] == (len(reported), len(reported))
    assert counts["offer_shown"][0] == len(reported)
