"""Whether a read model is to be rebuilt: it is after an upgrade, and not on a new database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from chassis import FixedClock
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.observability.broker_state import BrokerState
from chassis.observability.gauges import MeasuredService
from chassis.observability.monitoring import Monitor
from deploy.services import upgrade
from profile_index import is_rebuild_due, note_form, rebuild_note
from profile_index.forms import FORM, FORM_GAUGE
from tests.support.servers import Databases

CLAIMS = Path(__file__).parents[1] / "golden" / "databases" / "0.1.0-claims"
MODELS = ("profiles", "segments", "offers")
Make = Callable[[str, str], UnitOfWorkRunner]


@pytest.fixture
def make(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes the database of a service, perhaps from a dump, and upgrades it."""

    def made(service: str, dump: str = "") -> UnitOfWorkRunner:
        if engine == "sqlite":
            owner = user = f"sqlite:///{tmp_path / service}.db"
            with closing(sqlite3.connect(tmp_path / f"{service}.db")) as database:
                database.executescript(dump)
            upgrade(service, owner)
        else:
            databases: Databases = request.getfixturevalue("databases")
            owner, user = databases.create(service)
            with closing(psycopg2.connect(owner)) as connection:
                if dump:
                    connection.cursor().execute(dump)
                    connection.commit()
            upgrade(service, owner, databases.user(service))
        return UnitOfWorkRunner(Database(user), service, FixedClock(0))

    return made


@pytest.mark.parametrize("service", MODELS)
def test_on_a_new_database_nothing_is_due(service: str, make: Make) -> None:
    work = make(service, "")
    assert not work.read(is_rebuild_due)
    assert work.read(rebuild_note) is None


@pytest.mark.parametrize("service", MODELS)
def test_after_an_upgrade_it_is_due_where_summaries_are_those_of_the_release_before(
    service: str, engine: str, make: Make
) -> None:
    work = make(service, (CLAIMS / engine / f"{service}.sql").read_text())
    is_due = service != "profiles"  # whose summaries the migration empties, to be folded anew
    assert work.read(is_rebuild_due) is is_due
    assert work.read(lambda unit: list(FORM_GAUGE.measure(unit))) == [
        ("cdp_rebuild_due", [], float(is_due))
    ]
    note = work.read(rebuild_note)
    assert (note is not None and "`cdp rebuild` it" in note) is is_due
    work.run(note_form)  # as the exchange of a rebuild does
    assert not work.read(is_rebuild_due)


def test_a_form_of_a_later_release_is_not_due(make: Make) -> None:
    work = make("offers", "")
    work.run(note_form)
    with work.database.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE index_forms SET form = {FORM + 1}")
    assert not work.read(is_rebuild_due)


class SoundBroker(BrokerState):
    """A broker of which nothing is to be said."""

    def __init__(self) -> None:
        pass

    def problem(self) -> None:
        """Nothing is wrong."""


@pytest.mark.parametrize(
    ("dump", "text"),
    [
        (False, "ready"),
        (True, "ready; its read model was folded by an earlier release; `cdp rebuild` it"),
    ],
)
def test_a_service_is_ready_all_the_same_and_says_that_a_rebuild_is_due(
    engine: str, make: Make, dump: bool, text: str
) -> None:
    work = make("offers", (CLAIMS / engine / "offers.sql").read_text() if dump else "")
    started: list[str] = []
    monitor = Monitor([MeasuredService(work, notes=[rebuild_note])], {"offers": SoundBroker()})
    (body,) = monitor({"PATH_INFO": "/ready"}, lambda status, _headers: started.append(status))
    assert (started, json.loads(body)) == (["200 OK"], {"offers": text})
