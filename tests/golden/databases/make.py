"""Makes the golden databases of a release: what its four services leave in their databases.

    python -m tests.golden.databases.make

It is run once, at the release's last commit, and what it writes is never changed afterwards: later
releases must open these databases, migrate them and go on. In `<version>/` beside this file it puts

- `config/`: the configuration under which they ran, so that a later one changes no answer;
- `sqlite/<service>.sql` and `postgresql/<service>.sql`: the databases, as plain SQL;
- `sqlite/expected.json` and `postgresql/expected.json`: what the services answered on them.

The services run in this process, on the embedded broker, under a clock that is set. The history is
recorded by the public calls, and then taken apart on purpose: events wait for identity, a stream is
halted, others are behind, and some events were never published. Ids of facts and decisions are
new in every run, so each engine has answers of its own.

It moves with the tree: those of 0.1.0 were made by the same script at that release's last commit,
under the module names of that time.
"""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip - services import nameko

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg2

from cdp.demo.demo import EXAMPLES, SHOPPERS, read_events
from cdp.embedded import EMBEDDED_BROKER, EMBEDDED_KEY, EmbeddedSuite, embedded_settings
from chassis import Event, Refused, parse_instant
from chassis.config.settings import Role, Settings
from chassis.core.clock import FixedClock
from chassis.core.errors import ServiceError
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.messaging import embedded
from chassis.observability.logging import configure_logging
from chassis.projections.inbox import Inbox
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from identifiers import load_types
from services.profiles.commands import RecordHandler
from services.profiles.vault import open_vault
from tests.golden.databases import stories
from tests.golden.databases.answers import comparable, digest
from tests.support.servers import Databases

HERE = Path(__file__).parent
CONFIGURATIONS = ("identity", "segments", "offers")
_MOST = 1_000
_PATIENCE = 60.0
_DRY = {"dry_run": True, "deadline_ms": 10_000}
_LOGGED = 3  # decisions
# Of an answer, what nobody can foretell.
IGNORED = {"offers.decide": ["decision_id"]}
_KEYS = """
    SELECT conrelid::regclass, conname FROM pg_constraint
    WHERE contype = 'p' AND connamespace = 'public'::regnamespace
"""
# Of pg_dump's words, those of one server's version.
_OF_A_VERSION = re.compile(
    r"^(SET .*;|SELECT pg_catalog\.set_config\('search_path'.*;|\\(un)?restrict .*|--.*)\n",
    re.MULTILINE,
)


@dataclass(slots=True)
class Stage:
    """Empty databases of all services, and who is brought up on them, one cast after another."""

    uris: Mapping[str, str]
    owners: Mapping[str, str]
    config: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(0))

    def stand_at(self, instant: str) -> None:
        """Set the clock."""
        self.clock.at = parse_instant(instant)

    def settings(self, role: Role = "all") -> list[Settings]:
        """The settings of all services."""
        return [
            replace(
                settings,
                database_uri=self.uris[settings.service],
                identifier_key=EMBEDDED_KEY.encode(),
                config_dir=self.config,
                role=role,
            )
            for settings in embedded_settings(self.config, self.clock)
        ]

    @contextmanager
    def services(self, *names: str, role: Role = "all", patience: float = 30.0) -> Iterator[Cast]:
        """These services up on a broker that has forgotten all, and down at the end."""
        embedded.forget()
        settings = [each for each in self.settings(role) if each.service in names]
        with (
            EmbeddedSuite(settings).running() as suite,
            Client(EMBEDDED_BROKER, patience) as client,
        ):
            yield Cast(suite, client)

    @contextmanager
    def work(self, service: str) -> Iterator[UnitOfWorkRunner]:
        """Units of work of a process that publishes nothing, as one that dies after the commit."""
        with closing(Database(self.uris[service])) as database:
            yield UnitOfWorkRunner(database, service, self.clock)

    def rows(self, service: str, query: str) -> list[Any]:
        """What a query finds in a database."""
        with self.work(service) as work:
            return work.read(lambda unit: list(unit.connection.exec_driver_sql(query)))


@dataclass(frozen=True, slots=True)
class Cast:
    """Services that are up, and a client that calls them."""

    suite: EmbeddedSuite
    client: Client

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """What a service answers."""
        return self.client.call(service, method, **arguments)

    def record(self, *events: Mapping[str, Any], status: str = "appended") -> list[Any]:
        """Record events in one call, all with the same outcome; their receipts."""
        receipts = self.call("profiles", "record", events=list(events))["receipts"]
        _expect(status, receipts)
        return list(receipts)

    def profile(self, **identifiers: str) -> str:
        """The profile that identifiers lead to."""
        return str(self.call("profiles", "get", identifiers=identifiers)["profile_id"])

    def follow(self) -> None:
        """Wait until every service has applied all that the others told, and time has told."""
        for _ in range(2):  # what segments tells when it is asked is to be followed as well
            _wait(lambda: all(lag.applied == lag.total for lag in self.suite.lags()))
            for profile_id in self.profile_ids():
                self.call("segments", "memberships", profile_id=profile_id)

    def streams(self, service: str) -> list[str]:
        """All streams of a service's log."""
        found = self.call(service, "streams", limit=_MOST)["streams"]
        return sorted(head["stream"] for head in found)

    def history(self, service: str, *streams: str) -> list[Any]:
        """All events of streams, as on the wire."""
        places = [{"stream": stream, "after": 0} for stream in streams]
        found: list[Any] = self.call(service, "history", streams=places, limit=_MOST)["events"]
        return found

    def profile_ids(self) -> list[str]:
        """Every id that was ever a profile's."""
        events = self.history("profiles", *self.streams("profiles"))
        entries = (entry for event in events for entry in event["data"].get("streams", ()))
        return sorted({str(entry["profile_id"]) for entry in entries})


class _Remote:
    """A service as another one calls it: a method for each call."""

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._service = service

    def __getattr__(self, method: str) -> Any:
        return partial(self._client.call, self._service, method)


class _Failing:
    """A projection that can apply nothing."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        del unit, events
        raise Refused("order_completed", "cannot be applied by the release that made this database")


def play(stage: Stage) -> dict[str, Any]:
    """Record the history; what of it was left open."""
    stage.stand_at(stories.JUNE)
    with stage.services(*SERVICE_NAMES) as cast:
        _june(cast)
        stage.stand_at(stories.MIDNIGHT)
        _midnight(cast)
        stage.stand_at(stories.NIGHT)
        _night(cast)
    with stage.services("identity", "profiles") as cast:
        ahead = cast.record(stories.HEARD_OF, stories.POISON, *stories.UNHEARD_OF)
        streams = [receipt["stream_id"] for receipt in ahead]
        heard_of, poison = (
            next(event for event in cast.history("profiles", stream) if event["id"] == sent["id"])
            for stream, sent in zip(streams, (stories.HEARD_OF, stories.POISON), strict=False)
        )
        uma = [cast.profile(anonymous_id=device) for device in ("uma-phone", "uma-tv")]
    with stage.services("identity") as cast:
        cast.call("identity", "merge", a=uma[0], b=uma[1], reason="one phone, one television set")
        _record_silently(stage, cast, stories.UNPUBLISHED, "appended")
    with stage.services(patience=0.5) as cast:  # nobody is up
        _record_silently(stage, cast, stories.WAITING, "accepted")
    with stage.work("segments") as work:
        inbox = Inbox(work, "profiles")
        inbox.note({heard_of["subject"]: heard_of["sequence"]})
        inbox.process([Event.from_wire(poison)], _Failing())
    with stage.work("offers") as work:
        Inbox(work, "segments").dead_letter("undecodable: JSONDecodeError")
    _check(stage)
    return {
        "heard_of": _place(heard_of),
        "halted": _place(poison),
        "unheard_of": [{"stream": r["stream_id"], "version": r["version"]} for r in ahead[2:]],
        "unpublished": [event["id"] for event in stories.UNPUBLISHED],
        "waiting": stories.WAITING,
        "merged_by_identity_alone": uma,
    }


def _june(cast: Cast) -> None:
    """Shoppers come, one event at a time; the desk repairs; a definition is changed."""
    for event in stories.JUNE_EVENTS:
        cast.record(event)
    cast.record(stories.TWICE[0], stories.TWICE[1], status="duplicate")
    receipts = cast.call("profiles", "record", events=stories.TWICE[2:])["receipts"]
    if [receipt["status"] for receipt in receipts] != ["appended", "duplicate"]:
        raise AssertionError(receipts)
    cast.follow()
    mia, tess = cast.profile(user_id="mia"), cast.profile(user_id="tess")
    split = partial(cast.call, "identity", "split")
    split(profile_id=mia, identifiers={"device_id": "lou-phone"}, reason="it is her sister's")
    split(profile_id=tess, identifiers={"email": "tess@example.com"}, reason="not hers, she says")
    ivo = [cast.profile(anonymous_id=device) for device in ("ivo-phone", "ivo-tv")]
    cast.call("identity", "merge", a=ivo[0], b=ivo[1], reason="he told us so")
    for definition in stories.DEFINITIONS:
        cast.call("segments", "define", definition=definition)
    cast.follow()
    limit = cast.call("identity", "review", kind="at_a_limit")
    cast.call("identity", "review", done=limit[0]["id"])


def _midnight(cast: Cast) -> None:
    """The five shoppers of the examples, all at once; those whom the desk has parted, together."""
    cast.record(*read_events(EXAMPLES / "shoppers.ndjson"))
    cast.record(*stories.AFTER_THE_SPLITS)
    tess = cast.profile(user_id="tess")
    apart = cast.profile(email="tess@example.com")
    cast.follow()
    cast.call("identity", "merge", a=tess, b=apart, reason="hers after all")
    cast.follow()


def _night(cast: Cast) -> None:
    """A cart is left, and the checkout asks."""
    cast.record(*stories.NIGHT_EVENTS)
    cast.follow()
    for request in _requests()[:_LOGGED]:
        cast.call("offers", "decide", request=request)


def _record_silently(
    stage: Stage, cast: Cast, events: Sequence[Mapping[str, Any]], status: str
) -> None:
    """Record as profiles does, in a process that ends before it has published anything."""
    vault = open_vault(load_types(stage.config), EMBEDDED_KEY.encode())
    with stage.work("profiles") as work:
        identity = _Remote(cast.client, "identity")
        _expect(status, RecordHandler(vault).record(list(events), identity, work)["receipts"])


def _expect(status: str, receipts: Sequence[Mapping[str, Any]]) -> None:
    if unlike := [receipt for receipt in receipts if receipt["status"] != status]:
        raise AssertionError(f"not {status}: {unlike}")


def _check(stage: Stage) -> None:
    """AssertionError if the databases are not as they should have been left."""
    unpublished = {name: stage.rows(name, "SELECT refs FROM outbox") for name in SERVICE_NAMES}
    if [name for name, rows in unpublished.items() if rows] != ["profiles"]:
        raise AssertionError(f"the outboxes hold {unpublished}")
    (sealed,) = stage.rows("profiles", "SELECT count(*) FROM sealed_values")[0]
    (waiting,) = stage.rows("profiles", "SELECT count(*) FROM waiting WHERE refused IS NULL")[0]
    if not sealed or waiting != len(stories.WAITING):
        raise AssertionError(f"{sealed} values are sealed, {waiting} events wait")


def _place(wire: Mapping[str, Any]) -> dict[str, Any]:
    return {"stream": wire["subject"], "version": wire["sequence"], "event_id": wire["id"]}


def _requests() -> list[dict[str, Any]]:
    """The requests of examples/requests, and some more."""
    folder = EXAMPLES / "requests"
    examples = [json.loads((folder / name).read_text()) for _, name in SHOPPERS]
    return [
        {**request, "deadline_ms": _DRY["deadline_ms"]}
        for request in (*examples, *stories.REQUESTS.values())
    ]


def _identifiers() -> list[tuple[str, str]]:
    """Every identifier of the stories: its type and value."""
    events = [
        *read_events(EXAMPLES / "shoppers.ndjson"),
        *stories.JUNE_EVENTS,
        *stories.UNHEARD_OF,
        *stories.WAITING,
    ]
    return sorted({pair for event in events for pair in event["identifiers"].items()})


def in_brief(asked: dict[str, Any]) -> dict[str, Any]:
    """The same with a digest of the answer in its place."""
    answer = asked.pop("answer", None)
    return asked if "refused" in asked else {**asked, "digest": digest(answer)}


def ask(cast: Cast) -> Iterator[dict[str, Any]]:
    """Ask the services everything; each call with its arguments and its answer."""

    def asked(service: str, method: str, /, **arguments: Any) -> dict[str, Any]:
        question: dict[str, Any] = {"call": f"{service}.{method}", "arguments": arguments}
        try:
            answer = cast.call(service, method, **arguments)
        except ServiceError as error:
            return {**question, "refused": [type(error).__name__, error.subject]}
        return {**question, "answer": comparable(question["call"], answer, IGNORED)}

    yield asked("profiles", "statistics")
    for who in stories.KNOWN_BY:
        yield asked("profiles", "get", identifiers=who, reveal=True)
        yield asked("identity", "lookup", identifiers=who, authenticated=True)
        yield asked("segments", "memberships", identifiers=who)
    in_full = {cast.profile(**who) for who in stories.EXPLAINED}
    for profile_id in cast.profile_ids():
        yield asked("profiles", "get", profile_id=profile_id)
        yield asked("segments", "memberships", profile_id=profile_id)
        for method in ("describe", "explain"):
            answer = asked("identity", method, profile_id=profile_id)
            yield answer if profile_id in in_full else in_brief(answer)
    yield asked("identity", "review")
    segments = asked("segments", "list")
    yield segments
    grace = cast.profile(user_id="grace")
    for segment in segments["answer"]:
        yield asked("segments", "explain", profile_id=grace, segment=segment["segment"])
    for number, request in enumerate(_requests()):
        dry = {**request, **_DRY, "explain": number < len(SHOPPERS)}
        yield asked("offers", "decide", request=dry)
    for kind, value in _identifiers():
        who = {kind: value}
        yield in_brief(asked("identity", "lookup", identifiers=who, authenticated=False))
        is_account = kind in ("user_id", "loyalty_id")
        dry = {"placement": "checkout", "identifiers": who, "authenticated": is_account, **_DRY}
        yield in_brief(asked("offers", "decide", request=dry))
    for decision_id in cast.streams("offers"):
        yield in_brief(asked("offers", "explain", decision_id=decision_id))
    for service in SERVICE_NAMES:
        yield asked(service, "dead_letters")
        yield in_brief(asked(service, "streams", limit=_MOST))
        places = [{"stream": stream, "after": 0} for stream in cast.streams(service)]
        yield asked(service, "history", streams=places, limit=_MOST)


def dump_sqlite(uri: str) -> str:
    """A SQLite database as SQL."""
    with closing(sqlite3.connect(uri.removeprefix("sqlite:///"))) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def dump_postgresql(owner_uri: str) -> str:
    """A PostgreSQL database as SQL, its rows in the order of their keys."""
    with closing(psycopg2.connect(owner_uri)) as connection, connection.cursor() as cursor:
        cursor.execute(_KEYS)
        for table, key in cursor.fetchall():
            cursor.execute(f"CLUSTER {table} USING {key}")
        connection.commit()
    dumped = subprocess.run(
        ["pg_dump", "--no-owner", "--no-privileges", "--inserts", f"--dbname={owner_uri}"],
        check=True,
        capture_output=True,
        text=True,
    )
    # CLUSTER is remembered; nobody else's databases have it.
    plain = re.sub(r"^ALTER TABLE .* CLUSTER ON .*;\n", "", dumped.stdout, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", _OF_A_VERSION.sub("", plain)).lstrip("\n")


def write_expected(
    path: Path, left: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]
) -> None:
    """Write what the services answered, an answer a line."""
    head = {"clock": stories.NIGHT, "ignored": IGNORED, "left": left}
    lines = [f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}," for k, v in head.items()]
    texts = ",\n".join(
        "    " + json.dumps(answer, ensure_ascii=False, separators=(",", ":")) for answer in answers
    )
    path.write_text("\n".join(["{", *lines, '  "answers": [', texts, "  ]", "}", ""]))


def make(stage: Stage, folder: Path, dump: Callable[[str], str]) -> None:
    """Play the history on a stage, and write into `folder` what is left, and what it answers."""
    folder.mkdir(parents=True, exist_ok=True)
    left = play(stage)
    for service, owner_uri in stage.owners.items():
        (folder / f"{service}.sql").write_text(dump(owner_uri))
    # Only now, as even those who only answer publish what was left.
    with stage.services(*SERVICE_NAMES, role="rpc") as cast:
        write_expected(folder / "expected.json", left, list(ask(cast)))


def make_on_sqlite(folder: Path, config: Path) -> None:
    """The golden databases on SQLite."""
    with tempfile.TemporaryDirectory() as directory:
        uris = {name: f"sqlite:///{directory}/{name}.db" for name in SERVICE_NAMES}
        for name, uri in uris.items():
            upgrade(name, uri)
        make(Stage(uris, uris, config), folder, dump_sqlite)


def make_on_postgresql(folder: Path, config: Path) -> None:
    """The golden databases on PostgreSQL."""
    with closing(Databases()) as databases:
        made = {name: databases.create(name, partial(upgrade, name)) for name in SERVICE_NAMES}
        owners = {name: owner for name, (owner, _) in made.items()}
        uris = {name: user for name, (_, user) in made.items()}
        make(Stage(uris, owners, config), folder, dump_postgresql)


def _live_in_the_past() -> None:
    """Set the machine's clock, as this process sees it, to the time of the stories.

    What is stored by it must lie in the past wherever, and whenever, these databases are opened.
    """
    began, instant = time.monotonic_ns(), parse_instant(stories.NIGHT) * 1_000
    time.time_ns = lambda: instant + time.monotonic_ns() - began


def main() -> None:
    """Make all of it anew."""
    folder = HERE / version("checkout-cdp")
    if folder.exists():
        sys.exit(f"{folder} is there: what a release has left is not made again")
    configure_logging("text", "CRITICAL")
    _live_in_the_past()
    config = folder / "config"
    config.mkdir(parents=True)
    for name in CONFIGURATIONS:
        shutil.copy(str(files(f"services.{name}") / f"{name}.yaml"), config)
    make_on_sqlite(folder / "sqlite", config)
    make_on_postgresql(folder / "postgresql", config)


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("the services do not come to rest")
        time.sleep(0.05)


if __name__ == "__main__":
    main()
