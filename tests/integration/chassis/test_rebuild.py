"""Rebuilding read models on both databases, without nameko: beside the old one, and exchanged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from chassis import DAY, Conflict, Event, FixedClock, Refused, Unavailable, new_id
from chassis.config.settings import Settings
from chassis.database.engine import EXCHANGE_LIMITS, Database
from chassis.database.tables import DEAD_LETTERS, POSITIONS
from chassis.eventlog.log import FIRST_HEADS
from chassis.eventlog.reader import RemoteLog
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.inbox import Inbox
from chassis.projections.rebuild import (
    Rebuild,
    RebuildProgress,
    RebuildResult,
    _reason,
    open_shadow,
)
from chassis.projections.shadow_postgresql import PostgresqlShadow
from clv import BuyingModel, Dropout, FittedModel, SpendModel, ValueModel
from clv.cutoffs import Cutoffs
from clv.fitting import BuyingFit, SpendFit
from contracts.value_model import VALUE_MODEL_FITTED
from deploy.services import upgrade
from profile_index.tables import LABELS, SUMMARIES
from services.offers import rebuild as offers_rebuild
from services.offers.projections import SegmentProjection
from services.offers.projections import ShopperProjection as OffersProfileEvents
from services.profiles import rebuild as profiles_rebuild
from services.profiles import store as profiles_store
from services.segments import rebuild as segments_rebuild
from services.segments.domain.value_model import VersionedModel, to_plain
from services.segments.projections import MembershipReplay, UnevaluatedProjection
from services.segments.store import MEMBERSHIPS, PROFILES, STAYS, ValueModelKey, add_value_model
from services.segments.value_fitting import mark_due
from tests.support.read_models import answer, rows
from tests.support.segments_service import NOW, ProfilesLog, SegmentsWithoutNameko

Log = Callable[..., Any]
blocking_sleep = eventlet.patcher.original("time").sleep
_STRAY = {"stream_id": "stray", "profile_id": "stray", "last_epoch": 1}


@pytest.fixture
def uris(
    engine: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    migrated_file: Callable[[str, Path], str],
) -> Iterator[Callable[[str], Any]]:
    """`uris("segments")`: a fresh database with that service's tables, as owner and as its user."""
    owners: list[str] = []

    def create(service: str) -> tuple[str, str]:
        if engine == "sqlite":
            uri = migrated_file(service, tmp_path / f"{service}.db")
            return uri, uri
        owner, user = request.getfixturevalue("databases").create(
            service, partial(upgrade, service)
        )
        owners.append(owner)
        return owner, user

    yield create
    for uri in owners:
        request.getfixturevalue("databases").drop(uri)


class ProfilesAndSegments:
    """Profiles' log, and segments following it; `rebuild()` rebuilds segments' read model."""

    def __init__(self, uris: Callable[[str], Any], log_uri: str) -> None:
        self.log = ProfilesLog(Database(log_uri))
        self.owner_uri, self.user_uri = uris("segments")
        self.segments = SegmentsWithoutNameko(Database(self.user_uri))
        self.owner = Database(self.owner_uri, by_key=False, limits=EXCHANGE_LIMITS)
        self.calls = 0
        self._followed = 0

    def close(self) -> None:
        self.log._work.database.close()
        self.segments.work.database.close()
        self.owner.close()

    def follow(self) -> None:
        """Let segments follow what the log has by now."""
        self.segments.follow(*self.log.events[self._followed :])
        self._followed = len(self.log.events)

    def answer(self, method: str, **arguments: Any) -> Any:
        """What profiles answers over RPC."""
        self.calls += 1
        return answer(self.log._work, method, **arguments)

    def rebuild(
        self,
        call: Log | None = None,
        report: Callable[[RebuildProgress], None] = lambda step: None,
        *,
        resume: bool = False,
        forget_lost: bool = False,
        uri: str = "",
        release: str = "1",
    ) -> RebuildResult:
        database = Database(uri) if uri else self.owner
        live = UnitOfWorkRunner(database, "segments", FixedClock(NOW), self.segments)
        settings = Settings("segments", self.user_uri, "", FixedClock(NOW), b"key")
        model = segments_rebuild.read_model(settings, live)
        shadow = open_shadow(database, uri or self.owner_uri, model.tables, release)
        logs = {"profiles": RemoteLog(call or self.answer)}
        try:
            rebuild = Rebuild(model, live, shadow, logs, report, forget_lost=forget_lost)
            return rebuild.resume() if resume else rebuild.run()
        finally:
            shadow.database.close()
            if uri:
                database.close()

    def compare(self) -> None:
        """Let segments walk all of its positions."""
        inbox = Inbox(self.segments.work, "profiles")
        inbox.reconcile(RemoteLog(self.answer))

    def tables(self) -> dict[str, list[Any]]:
        return rows(
            self.segments.work,
            segments_rebuild.read_model,
            Settings("segments", self.user_uri, "", FixedClock(NOW), b"key"),
        )

    def spoil(self, statement: sa.Executable) -> None:
        """Change the model in use, as no code of ours would."""
        self.segments.work.run(lambda unit: unit.connection.execute(statement))


@pytest.fixture
def shop(
    uris: Callable[[str], Any], tmp_path: Path, migrated_file: Callable[[str, Path], str]
) -> Iterator[ProfilesAndSegments]:
    """A shop with ten shoppers: each a guest and an account, six of them merged."""
    both = ProfilesAndSegments(uris, migrated_file("profiles", tmp_path / "log-of-profiles.db"))
    for number in range(10):
        account, device = f"a{number}", f"d{number}"
        both.log.move(**{account: account})
        both.log.move(**{device: device})
        for order in range(number):
            both.log.order(account, order)
        both.log.cart(device)
        if number < 6:
            both.log.order(device, 100)
            both.log.move("merged", **{account: account, device: account})
    both.follow()
    both.segments.changes()
    yield both
    both.close()


def test_a_rebuild_of_a_sound_model_changes_no_row_and_tells_nothing(
    shop: ProfilesAndSegments,
) -> None:
    before = shop.tables()
    result = shop.rebuild()
    assert shop.tables() == before
    assert (result.changes, result.halted, shop.segments.changes()) == (0, 0, [])


def test_a_spoilt_model_is_mended_and_the_net_change_alone_is_told(
    shop: ProfilesAndSegments,
) -> None:
    sound = shop.tables()
    shop.spoil(sa.update(LABELS).where(LABELS.c.stream_id == "d0").values(profile_id="d0"))
    shop.spoil(sa.delete(SUMMARIES).where(SUMMARIES.c.stream_id == "a7"))
    shop.log.order("a7", 50)
    shop.follow()  # counts one order where there were seven
    wrong = shop.segments.changes()
    assert ("a7", "exited", "frequent_buyer", "event") in wrong
    result = shop.rebuild()
    changes = shop.segments.changes()
    assert result.changes == len(changes) == len(wrong)
    assert {(who, segment) for who, _, segment, _ in changes} == {("a7", s) for _, _, s, _ in wrong}
    assert shop.segments.of("a7") == {"frequent_buyer"} | (shop.segments.of("a8") & {"high_value"})
    assert shop.tables()["labels"] == sound["labels"]


def test_a_membership_that_was_never_told_is_forgotten_silently(shop: ProfilesAndSegments) -> None:
    sound = shop.tables()
    shop.spoil(sa.delete(MEMBERSHIPS).where(MEMBERSHIPS.c.profile_id == "a7"))
    shop.spoil(sa.update(MEMBERSHIPS).where(MEMBERSHIPS.c.profile_id == "a8").values(since=0))
    shop.rebuild()
    assert shop.tables() == sound
    assert shop.segments.changes() == []


def test_a_rebuild_has_the_stays_that_have_ended_from_the_log(shop: ProfilesAndSegments) -> None:
    shop.log.order("d7")  # who is no first-time visitor any more
    shop.follow()
    (stay,) = stays = shop.tables()["stays"]
    assert stay[0] == "d7"
    shop.spoil(sa.delete(STAYS))
    shop.rebuild()
    assert shop.tables()["stays"] == stays


def test_a_rebuild_keeps_the_standing_that_was_told_inside_the_band_of_a_percentile(
    shop: ProfilesAndSegments,
) -> None:
    put_model(shop.segments, 1, percentile=80)
    shop.segments.define("best", 'percentile("clv") >= 75')
    shop.segments.reevaluate()
    inside = members_of(shop, "best")
    assert {profile for profile, _since in inside} == {f"a{number}" for number in range(10)}
    put_model(shop.segments, 2, percentile=72)  # inside the band
    shop.log.order("d6", at=NOW)  # who was never in does not enter there
    shop.follow()
    shop.segments.reevaluate()
    assert members_of(shop, "best") == inside
    shop.segments.changes()
    shop.rebuild()
    assert (members_of(shop, "best"), shop.segments.changes()) == (inside, [])
    shop.spoil(sa.delete(MEMBERSHIPS))
    shop.spoil(sa.update(PROFILES).values(generation=0, due=None, members=None, is_settled=False))
    shop.rebuild()
    assert (members_of(shop, "best"), shop.segments.changes()) == (inside, [])


def members_of(shop: ProfilesAndSegments, segment: str) -> list[tuple[str, int]]:
    """Who is in a segment, and since when, by the table and by what `memberships` says."""
    query = sa.select(MEMBERSHIPS).where(MEMBERSHIPS.c.segment == segment)
    found = sorted((row.profile_id, row.since) for row in shop.segments.rows(query))
    assert all(segment in shop.segments.of(profile_id) for profile_id, _since in found)
    return found


def put_model(segments: SegmentsWithoutNameko, version: int, percentile: int) -> None:
    """Put a model in force by which whoever has ordered is in this percentile."""
    cutoffs = Cutoffs([0.5] * percentile + [1e12] * (100 - percentile))
    fit = BuyingFit(BuyingModel(Dropout.AFTER_REPEATS, 0.5, 6, 0.9, 1.6), 0, 100, 100, False)
    spend = SpendFit(SpendModel(6.25, 3.74, 15.44), 0, 100, 0, False)
    values = ValueModel(fit.model, {"USD": spend.model}, 364 * DAY, "USD")
    cuts = {"clv": cutoffs, "alive": cutoffs}
    model = FittedModel(values, NOW, fit, {"USD": spend}, cuts, ())
    plain = VALUE_MODEL_FITTED.dump(to_plain(VersionedModel(version, "UTC", model)))
    key = ValueModelKey(version, new_id())
    segments.work.run(lambda unit: add_value_model(unit, key, plain))
    mark_due(segments.work, segments.registry)


def test_what_is_told_while_a_model_is_rebuilt_is_in_it(shop: ProfilesAndSegments) -> None:
    def call(method: str, **arguments: Any) -> Any:
        page = shop.answer(method, **arguments)
        if shop.calls < 12 and not exchanging:  # after the answer: the rebuild has not seen it
            shop.log.order("a1", 200 + shop.calls)
            shop.log.move("merged", a8="a8", d8="a8")
            shop.follow()
        return page

    exchanging: list[RebuildProgress] = []
    shop.rebuild(call, lambda step: exchanging.extend([step] if step.doing == "exchanging" else []))
    changes = shop.segments.changes()
    assert len(set(changes)) == len(changes)  # nobody enters or leaves twice
    before = shop.tables()
    shop.rebuild()
    assert shop.tables() == before
    assert shop.segments.memberships("a8")["versions"].keys() == {"a8", "d8"}


def test_what_the_old_model_comes_to_at_the_last_moment_is_fetched_while_writers_are_held(
    shop: ProfilesAndSegments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def catch_up_and_go_on(self: Rebuild) -> None:
        catch_up(self)
        if not late:
            late.append(shop.log.order("a9", 99))
            shop.follow()
            changes.extend(shop.segments.changes())

    def call(method: str, **arguments: Any) -> Any:
        page = shop.answer(method, **arguments)
        requests.extend((bool(late), event["subject"]) for event in page.get("events", ()))
        return page

    late: list[Event] = []
    changes: list[Any] = []
    requests: list[tuple[bool, str]] = []
    catch_up = Rebuild._catch_up
    monkeypatch.setattr(Rebuild, "_catch_up", catch_up_and_go_on)
    shop.rebuild(call)
    assert [stream for after, stream in requests if after] == ["a9"]
    assert shop.segments.memberships("a9")["versions"]["a9"] == late[0].version
    assert changes == [("a9", "entered", "high_value", "event")]
    assert shop.segments.changes() == []  # nothing to tell again


def test_what_the_old_model_has_heard_of_is_fetched_though_its_source_does_not_list_it(
    shop: ProfilesAndSegments,
) -> None:
    def call(method: str, **arguments: Any) -> Any:
        page = shop.answer(method, **arguments)
        if method == "heads":
            page["streams"] = [head for head in page["streams"] if head["stream"] != "a9"]
        return page

    before = shop.tables()
    shop.rebuild(call)
    assert shop.tables() == before


def test_an_exchange_is_put_off_while_the_old_model_has_what_its_source_does_not_answer(
    shop: ProfilesAndSegments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def call(method: str, **arguments: Any) -> Any:
        page = shop.answer(method, **arguments)
        kept = [each for each in page.get("streams", ()) if each["stream"] != "a9"]
        events = [each for each in page.get("events", ()) if each["subject"] != "a9"]
        return {**page, "streams": kept, "events": events}

    monkeypatch.setattr("chassis.projections.rebuild._PATIENCE", 0.0)
    before = shop.tables()
    with pytest.raises(Unavailable, match="--resume"):
        shop.rebuild(call)
    assert shop.tables() == before
    shop.rebuild(resume=True)
    assert shop.tables() == before


def test_an_interrupted_rebuild_leaves_the_old_model_and_goes_on_where_it_stood(
    shop: ProfilesAndSegments,
) -> None:
    class Killed(BaseException):
        pass

    def call(method: str, **arguments: Any) -> Any:
        if method == "history" and len(read) == 2:
            raise Killed
        page = shop.answer(method, **arguments)
        # Two events a call, so that there is much to interrupt.
        if method == "history":
            page["events"] = page["events"][:2]
            read.append(page)
        return page

    before = shop.tables()
    read: list[Any] = []
    with pytest.raises(Killed):
        shop.rebuild(call)
    assert shop.tables() == before
    shop.log.order("a1", 300)
    shop.follow()
    changes = shop.segments.changes()
    requests: list[Mapping[str, Any]] = []

    def listen(method: str, **arguments: Any) -> Any:
        if method == "history":
            requests.extend(arguments["streams"])
        return shop.answer(method, **arguments)

    shop.rebuild(listen, resume=True)
    assert any(place["after"] > 0 for place in requests[:20])
    assert (shop.segments.changes(), len(changes)) == ([], 0 if not changes else len(changes))
    resumed = shop.tables()
    shop.rebuild()
    assert shop.tables() == resumed


def test_what_another_release_has_begun_is_not_gone_on_with(shop: ProfilesAndSegments) -> None:
    def call(method: str, **arguments: Any) -> Any:
        if method == "history":
            raise Unavailable("profiles", "did not answer")
        return shop.answer(method, **arguments)

    before = shop.tables()
    with pytest.raises(Unavailable):
        shop.rebuild(call, release="1")
    with pytest.raises(Refused, match="begun by another release; start it again"):
        shop.rebuild(resume=True, release="2")
    shop.rebuild(resume=True, release="1")
    assert shop.tables() == before
    shop.rebuild(resume=True, release="2")  # nothing is left to go on with
    assert shop.tables() == before


def test_a_halted_stream_is_tried_again(shop: ProfilesAndSegments) -> None:
    class Poisoned:
        def apply(self, unit: Any, events: Sequence[Event]) -> None:
            raise ValueError

    shop.log.order("a2", 77)
    shop.segments.inbox.process(shop.log.events[-1:], Poisoned())
    assert _halted(shop) == ["a2"]
    shop.rebuild()
    assert _halted(shop) == []
    assert _open_letters(shop) == []
    assert shop.segments.memberships("a2")["versions"]["a2"] == shop.log.events[-1].version


def test_a_model_that_cannot_come_as_far_as_the_old_one_is_refused(
    shop: ProfilesAndSegments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, unit: Any, events: Sequence[Event]) -> None:
        if any(event.stream == "a3" and event.version == 3 for event in events):
            raise ValueError
        apply(self, unit, events)

    before = shop.tables()
    apply = UnevaluatedProjection.apply
    monkeypatch.setattr(UnevaluatedProjection, "apply", refuse)
    with pytest.raises(Refused, match="order_completed of stream a3, version 3: ValueError"):
        shop.rebuild()
    assert shop.tables() == before
    assert _open_letters(shop) == []


def test_a_halted_stream_whose_letter_is_gone_is_still_named(shop: ProfilesAndSegments) -> None:
    reason = shop.segments.work.read(lambda unit: _reason(unit, "a2"))
    assert reason == "stream a2"


def test_a_stream_that_is_halted_in_both_models_stays_so_with_a_new_letter(
    shop: ProfilesAndSegments, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Poisoned:
        def apply(self, unit: Any, events: Sequence[Event]) -> None:
            refuse(self, unit, events)

    def refuse(self: Any, unit: Any, events: Sequence[Event]) -> None:
        if any(event.id == poison.id for event in events):
            raise ValueError
        apply(self, unit, events)

    poison = shop.log.order("a2", 77)
    shop.segments.inbox.process([poison], Poisoned())
    [old] = _open_letters(shop)
    apply = UnevaluatedProjection.apply
    monkeypatch.setattr(UnevaluatedProjection, "apply", refuse)
    assert shop.rebuild().halted == 1
    [new] = _open_letters(shop)
    assert new != old
    assert _halted(shop) == ["a2"]


def test_a_stream_of_its_own_log_that_cannot_be_applied_refuses_the_rebuild(
    shop: ProfilesAndSegments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, unit: Any, events: Sequence[Event]) -> None:
        raise ValueError

    before = shop.tables()
    monkeypatch.setattr(MembershipReplay, "apply", refuse)
    with pytest.raises(Refused, match=r"cannot apply events of segments: ValueError in refuse"):
        shop.rebuild()
    assert shop.tables() == before


def test_a_few_streams_of_its_own_log_that_cannot_be_applied_refuse_the_rebuild(
    shop: ProfilesAndSegments, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply = MembershipReplay.apply
    heads = shop.segments.work.read(lambda unit: unit.heads(FIRST_HEADS, 1)).heads
    profile_id = heads[0].stream

    def refuse(self: Any, unit: Any, events: Sequence[Event]) -> None:
        if any(event.stream == profile_id for event in events):
            raise ValueError
        apply(self, unit, events)

    before = shop.tables()
    monkeypatch.setattr(MembershipReplay, "apply", refuse)
    with pytest.raises(Refused, match=r"cannot apply a stream .* ValueError"):
        shop.rebuild()
    assert shop.tables() == before


def test_a_rebuild_that_never_catches_up_comes_to_the_exchange_all_the_same(
    shop: ProfilesAndSegments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.projections.rebuild._FEW_EVENTS", 0)
    before = shop.tables()
    steps: list[RebuildProgress] = []
    shop.rebuild(report=steps.append)
    listings = [step for step in steps if step.doing == "listing streams of profiles"]
    assert len(listings) > 1
    assert steps[-1].doing == "recording changes"
    assert shop.tables() == before


@pytest.mark.parametrize("sleep", [eventlet.sleep, blocking_sleep], ids=["yielding", "blocking"])
def test_a_source_that_is_slow_while_writers_wait_puts_the_exchange_off(
    shop: ProfilesAndSegments, monkeypatch: pytest.MonkeyPatch, sleep: Callable[[float], None]
) -> None:
    def catch_up_and_go_on(self: Rebuild) -> None:
        catch_up(self)
        attempts.append(self)
        if len(attempts) == 1:
            shop.log.order("a9", 98)
            shop.log.order("a9", 99)
            shop.follow()

    def call(method: str, **arguments: Any) -> Any:
        page = shop.answer(method, **arguments)
        if method == "history" and len(attempts) == 1:
            sleep(0.3)
            page["events"] = page["events"][:1]
        return page

    attempts: list[Rebuild] = []
    catch_up = Rebuild._catch_up
    monkeypatch.setattr(Rebuild, "_catch_up", catch_up_and_go_on)
    monkeypatch.setattr("chassis.projections.rebuild._FIRST_LOCK_SECONDS", 0.1)
    shop.rebuild(call)
    assert len(attempts) == 2
    assert shop.segments.memberships("a9")["versions"]["a9"] == shop.log.events[-1].version


def test_an_exchange_waits_for_a_moment_in_which_nobody_keeps_the_tables(
    shop: ProfilesAndSegments, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "sqlite":
        return  # there a transaction has the file to itself

    def lock(self: PostgresqlShadow, *arguments: Any) -> None:
        attempts.append(self)
        if len(attempts) == 2:
            writing.rollback()
        lock_tables(self, *arguments)

    attempts: list[PostgresqlShadow] = []
    lock_tables = PostgresqlShadow.lock
    monkeypatch.setattr(PostgresqlShadow, "lock", lock)
    before = shop.tables()
    with shop.owner.engine.connect() as writing:
        writing.exec_driver_sql("LOCK TABLE positions IN ROW EXCLUSIVE MODE")
        shop.rebuild()
    assert len(attempts) == 2
    assert shop.tables() == before


def test_a_rebuild_that_freezes_with_the_tables_locked_holds_nobody_and_tries_again(
    shop: ProfilesAndSegments, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "sqlite":
        return  # its transactions have no time limit

    def lock_and_freeze(self: PostgresqlShadow, *arguments: Any) -> None:
        lock_tables(self, *arguments)
        attempts.append(self)
        if len(attempts) == 1:
            waits = sa.text("SET LOCAL lock_timeout = 0")
            with shop.segments.work.database.transaction() as connection:
                connection.execute(waits)
                connection.execute(sa.update(POSITIONS).values(halted=POSITIONS.c.halted))

    attempts: list[PostgresqlShadow] = []
    lock_tables = PostgresqlShadow.lock
    monkeypatch.setattr(PostgresqlShadow, "lock", lock_and_freeze)
    before = shop.tables()
    shop.rebuild()
    assert len(attempts) == 2
    assert shop.tables() == before


def test_a_rebuild_whose_session_was_ended_for_another_one_exchanges_nothing(
    shop: ProfilesAndSegments, engine: str
) -> None:
    if engine == "sqlite":
        return  # its lock is a file's

    def report(step: RebuildProgress) -> None:
        if step.doing == "exchanging" and not ended:
            with pytest.raises(Conflict, match="pg_terminate_backend") as refused:
                shop.rebuild()
            pid = int(re.findall(r"pg_terminate_backend.(\d+)", str(refused.value))[0])
            with shop.owner.autocommit() as connection:
                ended.append(connection.execute(sa.select(sa.func.pg_terminate_backend(pid))))

    ended: list[Any] = []
    before = shop.tables()
    with pytest.raises(Conflict, match="lost its session"):
        shop.rebuild(report=report)
    assert shop.tables() == before
    shop.rebuild(resume=True)
    assert shop.tables() == before


def test_a_table_that_is_gone_ends_a_rebuild_which_is_resumed_once_it_is_back(
    shop: ProfilesAndSegments,
) -> None:
    def rename(old: str, new: str) -> None:
        with shop.owner.transaction() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    def report(step: RebuildProgress) -> None:
        if step.doing == "evaluating" and not renamed:
            renamed.append(step)
            rename("summaries", "put_away")

    renamed: list[RebuildProgress] = []
    before = shop.tables()
    with pytest.raises(DBAPIError, match="summaries"):
        shop.rebuild(report=report)
    rename("put_away", "summaries")
    assert shop.tables() == before
    shop.rebuild(resume=True)
    assert shop.tables() == before


def test_tables_of_another_form_are_not_exchanged(shop: ProfilesAndSegments) -> None:
    with shop.owner.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE labels ADD COLUMN other text")
    with pytest.raises(Conflict, match="table labels: is not as this release makes it"):
        shop.rebuild()


def test_two_rebuilds_at_once_are_refused(shop: ProfilesAndSegments) -> None:
    def call(method: str, **arguments: Any) -> Any:
        with pytest.raises(Conflict, match="under way already"):
            shop.rebuild()
        return shop.answer(method, **arguments)

    shop.rebuild(call)


def test_the_services_own_user_cannot_rebuild(shop: ProfilesAndSegments, engine: str) -> None:
    if engine == "sqlite":
        return  # it has one user
    with pytest.raises(Refused, match="OWNER_DATABASE_URI"):
        shop.rebuild(uri=shop.user_uri)


def test_the_exchanged_tables_are_made_and_granted_as_before(
    shop: ProfilesAndSegments, engine: str
) -> None:
    before = _forms(shop, engine)
    shop.rebuild()
    assert _forms(shop, engine) == before


def test_offers_is_rebuilt_from_both_its_sources(
    shop: ProfilesAndSegments, uris: Callable[[str], Any], tmp_path: Path
) -> None:
    owner_uri, user_uri = uris("offers")
    work = UnitOfWorkRunner(Database(user_uri), "offers", FixedClock(NOW))
    memberships = shop.segments.work.read(
        lambda unit: unit.raw_history(
            {h.stream: 0 for h in unit.heads(FIRST_HEADS, 1000).heads}, 1000
        )
    )
    Inbox(work, "profiles").process(shop.log.events, OffersProfileEvents())
    Inbox(work, "segments").process(memberships, SegmentProjection())
    settings = Settings("offers", user_uri, "", FixedClock(NOW), b"key")
    sound = rows(work, offers_rebuild.read_model, settings)
    assert len(sound["memberships"]) > 5
    for statement in (sa.delete(LABELS).where(LABELS.c.stream_id > "a5"), sa.delete(SUMMARIES)):
        with work.database.transaction() as connection:
            connection.execute(statement)
    owner = Database(owner_uri)
    live = UnitOfWorkRunner(owner, "offers", FixedClock(NOW))
    model = offers_rebuild.read_model(settings, live)
    logs = {
        "profiles": RemoteLog(shop.answer),
        "segments": RemoteLog(partial(answer, shop.segments.work)),
    }
    shadow = open_shadow(owner, owner_uri, model.tables, "1")
    Rebuild(model, live, shadow, logs, lambda step: None).run()
    assert rows(work, offers_rebuild.read_model, settings) == sound
    shadow.database.close()
    owner.close()
    work.database.close()


def test_profiles_is_rebuilt_from_its_own_log(uris: Callable[[str], Any], tmp_path: Path) -> None:
    owner_uri, user_uri = uris("profiles")
    log = ProfilesLog(Database(user_uri))
    for number in range(5):
        log.move(**{f"a{number}": f"a{number}", f"d{number}": f"d{number}"})
        log.order(f"a{number}")
        log.move("merged", **{f"a{number}": f"a{number}", f"d{number}": f"a{number}"})
    settings = Settings("profiles", user_uri, "", FixedClock(NOW), b"key")
    work = UnitOfWorkRunner(Database(user_uri), "profiles", FixedClock(NOW))
    work.run(lambda unit: unit.connection.execute(sa.insert(LABELS), [_STRAY]))
    owner = Database(owner_uri)
    live = UnitOfWorkRunner(owner, "profiles", FixedClock(NOW))
    model = profiles_rebuild.read_model(settings, live)
    shadow = open_shadow(owner, owner_uri, model.tables, "1")
    Rebuild(model, live, shadow, {}, lambda step: None).run()
    tables = rows(work, profiles_rebuild.read_model, settings)
    assert tables["labels"] == sorted(
        [(f"a{n}", f"a{n}", 2) for n in range(5)] + [(f"d{n}", f"a{n}", 2) for n in range(5)],
        key=repr,
    )
    assert {row[0] for row in tables["summaries"]} == {f"a{n}" for n in range(5)}
    assert work.read(lambda unit: profiles_store.epochs(unit, ["d1"])) == {"d1": 2}
    shadow.database.close()
    log._work.database.close()
    owner.close()
    work.database.close()


def _halted(shop: ProfilesAndSegments) -> list[str]:
    query = sa.select(POSITIONS.c.stream_id).where(POSITIONS.c.halted)
    return shop.segments.work.read(lambda unit: list(unit.connection.execute(query).scalars()))


def _open_letters(shop: ProfilesAndSegments) -> list[str]:
    query = sa.select(DEAD_LETTERS.c.id).where(DEAD_LETTERS.c.redriven_at.is_(None))
    return shop.segments.work.read(lambda unit: list(unit.connection.execute(query).scalars()))


def _forms(shop: ProfilesAndSegments, engine: str) -> list[Any]:
    """Every index, constraint and privilege of the database, and every schema."""
    if engine == "sqlite":
        queries = ["SELECT name, sql FROM sqlite_master ORDER BY name"]
    else:
        queries = [
            (
                "SELECT schemaname, tablename, indexname, indexdef FROM pg_indexes"
                " WHERE schemaname NOT LIKE 'pg_%' ORDER BY 1, 2, 3"
            ),
            "SELECT conname, contype::text FROM pg_constraint ORDER BY 1, 2",
            (
                "SELECT table_name, grantee, privilege_type"
                " FROM information_schema.table_privileges"
                " WHERE table_schema = 'public' ORDER BY 1, 2, 3"
            ),
            "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' ORDER BY 1",
        ]
    with shop.owner.transaction() as connection:
        return [list(map(tuple, connection.execute(sa.text(query)))) for query in queries]


def test_what_a_restored_source_has_lost_is_forgotten_if_that_is_allowed(
    shop: ProfilesAndSegments,
) -> None:
    before = shop.tables()
    further = {name: POSITIONS.c[name] + 2 for name in ("version", "seen")}
    shop.spoil(sa.update(POSITIONS).where(POSITIONS.c.stream_id == "a9").values(**further))
    shop.compare()
    with pytest.raises(Refused, match="check consistency --repair"):
        shop.rebuild()
    result = shop.rebuild(forget_lost=True)
    assert (result.forgotten_streams, result.forgotten_events) == (1, 2)
    assert shop.tables() == before


def test_a_rebuild_that_may_forget_compares_first(shop: ProfilesAndSegments) -> None:
    before = shop.tables()
    further = {name: POSITIONS.c[name] + 1 for name in ("version", "seen")}
    shop.spoil(sa.update(POSITIONS).where(POSITIONS.c.stream_id == "a9").values(**further))
    assert shop.rebuild(forget_lost=True).forgotten_events == 1
    assert shop.tables() == before
