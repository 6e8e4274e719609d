"""Definitions: put in force, described, unreadable, deleted and renamed, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta, timezone
from functools import partial
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import HOUR, Conflict, InvalidInput, NotFound
from chassis.core.applied_files import FileStanding
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.validation import load
from contracts.segments import MEMBERS_RESPONSE, STANDSTILLS_RESPONSE
from rules import Summary
from services.segments import commands, queries, registry, store
from services.segments.domain.definitions import (
    Change,
    DefinitionFile,
    segments_asked,
)
from services.segments.store import StoredDefinition
from tests.support.segments_service import FEW, ProfilesLog, SegmentsWithoutNameko, shop_file

BUYERS = "buyer: {rule: orders() >= 1, description: Has bought.}"
OLD = shop_file(BUYERS)
NEW = shop_file("buyer: {rule: orders() >= 2, description: Has bought.}")
WORDS = shop_file("buyer: {rule: orders() >= 1, description: Has bought something.}")


def versions(segments: SegmentsWithoutNameko) -> dict[str, int]:
    return {name: one["version"] for name, one in segments.by_name().items()}


def apply(segments: SegmentsWithoutNameko, file: DefinitionFile) -> dict[str, Change]:
    return dict(segments.work.run(partial(commands.apply, file=file)))


def shoppers(log: ProfilesLog, segments: SegmentsWithoutNameko, count: int = 3) -> None:
    """p0 has no order, p1 has one, and so on."""
    for number in range(count):
        log.move(**{f"p{number}": f"p{number}"})
        for order in range(number):
            log.order(f"p{number}", order)
    segments.follow(*log.events)
    segments.changes()


def test_two_releases_with_two_files_side_by_side_make_one_version_each(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    database = service_database("segments")
    old = SegmentsWithoutNameko(database, OLD)
    shoppers(log, old)
    new = SegmentsWithoutNameko(database, NEW)
    new.published = old.published
    for number in range(60):
        for replica in (old, new):
            replica.clock.at += 1_000_000
            replica.reevaluate()
            log.append("p1", "product_viewed", {}, replica.clock.at)
            replica.follow(*log.events[-1:])
            replica.by_name()
        if number == 30:
            old = SegmentsWithoutNameko(database, OLD)
            old.published = new.published
    assert versions(new) == versions(old) == {"buyer": 2}
    assert new.changes() == [("p1", "exited", "buyer", "definition")]


def test_a_file_is_put_in_force_once_by_whoever_starts_with_it_first(
    service_database: Callable[[str], Database],
) -> None:
    database = service_database("segments")

    def start(file: DefinitionFile) -> FileStanding:
        return SegmentsWithoutNameko(database, file).started

    assert [start(OLD), start(OLD)] == [FileStanding.NEW, FileStanding.IN_FORCE]
    assert [start(NEW), start(OLD), start(NEW)] == [
        FileStanding.NEW,
        FileStanding.REPLACED,
        FileStanding.IN_FORCE,
    ]
    segments = SegmentsWithoutNameko(database, NEW)
    assert segments.by_name()["buyer"]["rule"] == "orders() >= 2"
    assert apply(segments, OLD) == {"buyer": Change.CHANGED}
    assert segments.by_name()["buyer"]["rule"] == "orders() >= 1"
    assert [start(OLD), start(NEW)] == [FileStanding.IN_FORCE, FileStanding.REPLACED]


def test_what_a_release_ships_never_replaces_a_file_of_the_shops_own(
    service_database: Callable[[str], Database],
) -> None:
    database = service_database("segments")
    SegmentsWithoutNameko(database, OLD)
    elsewhere = SegmentsWithoutNameko(database, FEW)
    assert elsewhere.started is FileStanding.LEFT_OUT
    assert versions(elsewhere) == {"buyer": 1}


def test_a_file_of_the_shops_own_replaces_what_a_release_ships(
    segments: SegmentsWithoutNameko,
) -> None:
    assert segments.work.run(partial(commands.start_with, file=OLD)) is FileStanding.NEW
    assert versions(segments).keys() == {"buyer", *(d.segment for d in FEW.definitions)}


def test_reading_writes_nothing(segments: SegmentsWithoutNameko) -> None:
    delete = sa.delete(store.DEFINITIONS)
    segments.work.run(lambda unit: unit.connection.execute(delete))
    assert segments.by_name() == {}
    segments.reevaluate()
    assert segments.work.read(store.load_definitions) == []


def test_other_words_are_no_version_and_evaluate_nobody(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments)
    states = segments.rows(sa.select(store.PROFILES))
    assert segments.define("buyer", "orders() >= 1", "Is a customer.")["version"] == 1
    assert segments.by_name()["buyer"]["description"] == "Is a customer."
    assert apply(segments, WORDS) == {"buyer": Change.DESCRIBED}
    listed = segments.by_name()["buyer"]
    assert (listed["description"], listed["status"]) == ("Has bought something.", "live")
    assert segments.tick() == 0
    assert segments.rows(sa.select(store.PROFILES)) == states
    assert segments.changes() == []


class CountedCondition:
    """A condition that notes each evaluation of its rule."""

    def __init__(self, rule: Any, calls: list[str]) -> None:
        self._rule = rule
        self._condition = rule.condition
        self._calls = calls
        self.reads = rule.condition.reads

    def evaluate(self, facts: Any, now: int) -> Any:
        self._calls.append(self._rule.text)
        return self._condition.evaluate(facts, now)


def test_a_new_definition_leaves_the_other_segments_alone(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments)
    segments.define("keen", "orders() >= 2")
    calls: list[str] = []
    for version in segments.work.read(segments.registry.current).versions.values():
        rule = version.definition.rule
        object.__setattr__(rule, "condition", CountedCondition(rule, calls))
    while segments.tick():
        pass
    assert calls == ["orders() >= 2"] * 3
    assert segments.changes() == [("p2", "entered", "keen", "definition")]


def test_a_status_says_how_far_a_definition_has_come(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments, 4)
    listed = segments.define("buyer", "orders() >= 2")
    assert (listed["status"], listed["done"], listed["total"]) == ("backfilling", 0, 4)
    segments.tick(limit=3)
    listed = segments.by_name()["buyer"]
    assert (listed["status"], listed["done"], listed["total"]) == ("backfilling", 3, 4)
    segments.tick()
    listed = segments.by_name()["buyer"]
    assert (listed["status"], listed.get("done")) == ("live", None)


def test_a_member_names_the_version_that_judged_it(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments)
    segments.define("buyer", "orders() > 0")
    (member,) = segments.memberships("p1")["segments"]
    assert (member["segment"], member["version"]) == ("buyer", 2)
    assert segments.changes() == []


def newer_rule(segments: SegmentsWithoutNameko, rule: str = "tomorrow() > 1") -> None:
    """Another release gives the buyers a rule in words of its own."""
    row = StoredDefinition("buyer", 2, 0, rule, "x", "defined")

    def add(unit: Any) -> None:
        store.lock_definitions(unit)
        store.add_definitions(unit, [row])

    segments.work.run(add)


def test_a_rule_that_a_release_cannot_read_stops_that_segment_alone(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    file = shop_file(f"{BUYERS}\nnewcomer: {{rule: orders() == 0, description: x}}")
    segments = SegmentsWithoutNameko(service_database("segments"), file)
    shoppers(log, segments)
    newer_rule(segments)
    log.order("p0", 9)
    segments.follow(*log.events[-1:])
    assert segments.changes() == [("p0", "exited", "newcomer", "event")]
    assert segments.of("p1") == {"buyer"}
    listed = segments.by_name()
    assert (listed["buyer"]["status"], listed["newcomer"]["status"]) == ("unreadable", "live")
    assert "nothing is called tomorrow" in listed["buyer"]["message"]


def test_whoever_asks_about_an_unreadable_segment_is_told_since_when_it_stands_still(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments)
    newer_rule(segments)
    (unnoted,) = segments.memberships("p1")["unreadable"]
    assert (unnoted["segment"], unnoted["since"], unnoted["by"]) == ("buyer", None, "this release")
    segments.reevaluate()
    (standstill,) = segments.memberships("p0")["unreadable"]
    assert standstill.pop("segment") == "buyer"
    since, before = standstill["since"], segments.work.read(store.list_unreadable)["buyer"].since
    segments.reevaluate()
    assert segments.work.read(store.list_unreadable)["buyer"].since == before, "not renewed"
    assert segments.by_name()["buyer"]["unreadable"] == standstill
    assert standing_still(segments) == [{"segment": "buyer", **standstill}]
    why = segments.explain("p1", "buyer")
    assert (why["member"], why["unreadable"], why["conditions"]) == (True, standstill, [])
    assert why["why"][0].startswith(f"unreadable since {since}, by this release: line 1, column 1")
    assert not segments.explain("p0", "buyer")["member"]
    page = members(segments, "buyer")
    assert (len(page["members"]), page["unreadable"]) == (2, standstill)


def test_a_release_that_can_read_a_rule_says_that_another_cannot(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments)
    note = partial(store.note_unreadable, segment="buyer", version=1, message="no word")
    segments.work.run(note)
    (standstill,) = segments.memberships("p1")["unreadable"]
    assert (standstill["by"], standstill["message"]) == ("another release", "no word")
    assert segments.explain("p1", "buyer")["unreadable"]["by"] == "another release"
    assert segments.by_name()["buyer"]["status"] == "unreadable"
    segments.define("buyer", "orders() >= 3")
    assert "unreadable" not in segments.memberships("p1"), "another version is"


def standing_still(segments: SegmentsWithoutNameko) -> list[dict[str, Any]]:
    def respond(unit: UnitOfWork) -> dict[str, Any]:
        return queries.list_standstills(unit, segments.registry.current(unit))

    response = segments.work.read(respond)
    load(STANDSTILLS_RESPONSE, response)
    found: list[dict[str, Any]] = response["segments"]
    return found


def members(segments: SegmentsWithoutNameko, segment: str, **page: Any) -> dict[str, Any]:
    def respond(unit: UnitOfWork) -> dict[str, Any]:
        request = {"segment": segment, **page}
        return queries.members(unit, segments.registry.current(unit), request)

    response = segments.work.read(respond)
    load(MEMBERS_RESPONSE, response)
    return response


def age_notes(segments: SegmentsWithoutNameko) -> None:
    statement = sa.update(store.UNREADABLE).values(noted_at=0)
    segments.work.run(lambda unit: unit.connection.execute(statement))


def test_whom_a_release_could_not_judge_is_judged_once_all_can(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    database = service_database("segments")
    old, new = SegmentsWithoutNameko(database, OLD), SegmentsWithoutNameko(database, OLD)
    shoppers(log, old)
    newer_rule(old)
    old.define("newcomer", "orders() == 0")
    old.reevaluate()
    assert old.changes() == [("p0", "entered", "newcomer", "definition")]
    assert old.work.read(store.list_unreadable)["buyer"].version == 2
    row = sa.update(store.DEFINITIONS).where(store.DEFINITIONS.c.version == 2)
    readable = row.values(rule="orders() >= 2")  # as the newer release reads it
    new.work.run(lambda unit: unit.connection.execute(readable))
    new.reevaluate()
    assert new.changes() == [], "a process that cannot read it still runs"
    age_notes(new)
    new.reevaluate()
    new.reevaluate()
    assert new.changes() == [("p1", "exited", "buyer", "definition")]
    assert versions(new)["buyer"] == 2


def test_members_leave_a_segment_that_is_deleted(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments)
    segments.work.run(partial(commands.delete, segment="buyer"))
    assert segments.by_name() == {}
    segments.reevaluate()
    assert sorted(segments.changes()) == [
        ("p1", "exited", "buyer", "definition"),
        ("p2", "exited", "buyer", "definition"),
    ]
    assert segments.of("p1") == set()
    with pytest.raises(NotFound, match="segment: buyer is not defined"):
        segments.work.run(partial(commands.delete, segment="buyer"))


def test_a_deleted_segment_stays_so_until_the_file_changes_it_or_is_applied(
    service_database: Callable[[str], Database],
) -> None:
    database = service_database("segments")
    segments = SegmentsWithoutNameko(database, OLD)
    segments.work.run(partial(commands.delete, segment="buyer"))
    commented = shop_file(f"# The same.\n{BUYERS}")
    assert SegmentsWithoutNameko(database, commented).by_name() == {}
    assert apply(segments, OLD) == {"buyer": Change.ADDED}
    assert versions(segments) == {"buyer": 3}


def test_a_segment_that_was_renamed_twice_and_changed_meanwhile_keeps_its_members(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments, 2)
    since = segments.memberships("p1")["segments"][0]["since"]
    rename = partial(commands.rename, segment="buyer", name="customer")
    segments.work.run(rename)
    segments.work.run(partial(commands.rename, segment="customer", name="client"))
    segments.define("client", "orders() >= 1 or orders() > 100")
    segments.define("buyer", "orders() >= 1")  # another segment by the first name
    segments.work.run(partial(commands.delete, segment="buyer"))
    segments.clock.at += 1_000_000
    segments.reevaluate()
    exited, entered = segments.published
    assert (exited.data["segment"], exited.data["renamed_to"]) == ("buyer", "client")
    assert (entered.data["segment"], entered.data["renamed_from"]) == ("client", "buyer")
    assert entered.data["member_since"] == since
    with pytest.raises(NotFound, match="it is called client now"):
        segments.explain("p1", "customer")


def test_who_leaves_a_segment_of_a_name_that_another_one_had_before_only_leaves(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments, 2)
    segments.work.run(partial(commands.rename, segment="buyer", name="customer"))
    segments.define("buyer", "orders() >= 1")
    segments.reevaluate()
    segments.published.clear()
    segments.work.run(partial(commands.delete, segment="buyer"))
    segments.reevaluate()
    (exited,) = segments.published
    assert exited.data["segment"] == "buyer"
    assert "renamed_to" not in exited.data


def test_a_segment_is_renamed_and_its_members_stay(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments, 2)
    since = segments.memberships("p1")["segments"][0]["since"]
    segments.clock.at += 1_000_000
    segments.work.run(partial(commands.rename, segment="buyer", name="customer"))
    segments.reevaluate()
    exited, entered = segments.published
    assert (exited.data["segment"], exited.data["renamed_to"]) == ("buyer", "customer")
    assert (entered.data["segment"], entered.data["renamed_from"]) == ("customer", "buyer")
    assert entered.data["member_since"] == since
    assert segments.memberships("p1")["segments"] == [
        {"segment": "customer", "since": since, "version": 1}
    ]


def test_whoever_pages_through_members_meanwhile_is_told_the_new_name(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"), OLD)
    shoppers(log, segments, 4)
    first = members(segments, "buyer", limit=2)
    assert [each["profile_id"] for each in first["members"]] == ["p1", "p2"]
    segments.work.run(partial(commands.rename, segment="buyer", name="customer"))
    with pytest.raises(NotFound, match="buyer has been renamed: it is called customer now"):
        members(segments, "buyer", limit=2, after=first["next"])
    with pytest.raises(NotFound, match="buyer has been renamed: it is called customer now"):
        queries.backtest(segments.work, segments.registry, {"segment": "buyer"})
    with pytest.raises(NotFound, match="buyer has been renamed: it is called customer now"):
        queries.stability(segments.work, segments.registry, {"segment": "buyer"})
    with pytest.raises(NotFound, match=r"custmer is not defined; did you mean customer\?"):
        members(segments, "custmer")
    segments.reevaluate()
    rest = members(segments, "customer", limit=2, after=first["next"])
    assert [each["profile_id"] for each in rest["members"]] == ["p3"]
    segments.work.run(partial(commands.delete, segment="customer"))
    with pytest.raises(NotFound, match="customer is not defined"):
        members(segments, "customer", after="p1")


def test_of_two_who_define_at_the_same_time_the_later_one_is_in_force_everywhere(
    log: ProfilesLog, service_database: Callable[[str], Database]
) -> None:
    database = service_database("segments")
    shop, other = SegmentsWithoutNameko(database, OLD), SegmentsWithoutNameko(database, OLD)
    shoppers(log, shop, 5)
    together = Barrier(2)

    def define(person: SegmentsWithoutNameko, rules: Sequence[str]) -> list[int]:
        found = []
        for rule in rules:
            together.wait(30)
            found.append(int(person.define("buyer", rule)["version"]))
        return found

    with ThreadPoolExecutor(2) as pool:
        ours = pool.submit(define, shop, ["orders() >= 2", "orders() >= 3"])
        theirs = pool.submit(define, other, ["orders() <= 2", "orders() <= 1"])
        versions_of = [*ours.result(60), *theirs.result(60)]
    assert sorted(versions_of) == [2, 3, 4, 5], "nobody's is lost, each has a version of its own"
    (in_force,) = {shop.by_name()["buyer"]["rule"], other.by_name()["buyer"]["rule"]}
    assert in_force in ("orders() >= 3", "orders() <= 1")
    other.reevaluate()
    expected = {"p3", "p4"} if in_force == "orders() >= 3" else {"p0", "p1"}
    assert {f"p{number}" for number in range(5) if shop.of(f"p{number}")} == expected


def test_a_wrong_renaming_is_refused(service_database: Callable[[str], Database]) -> None:
    segments = SegmentsWithoutNameko(service_database("segments"))
    with pytest.raises(Conflict, match="name: there is a segment high_value already"):
        segments.work.run(partial(commands.rename, segment="frequent_buyer", name="high_value"))
    with pytest.raises(NotFound, match="segment: vip is not defined; there are abandoned_cart,"):
        segments.work.run(partial(commands.rename, segment="vip", name="best"))
    with pytest.raises(NotFound, match=r"high_valu is not defined; did you mean high_value\?"):
        segments.work.run(partial(commands.delete, segment="high_valu"))


def test_a_definition_that_is_rolled_back_leaves_nothing(
    segments: SegmentsWithoutNameko,
) -> None:
    def fail(unit: Any) -> None:
        commands.delete(unit, "high_value")
        raise InvalidInput("test", "rolls back")

    before = segments.by_name()
    with pytest.raises(InvalidInput):
        segments.work.run(fail)
    assert segments.by_name() == before


def test_a_rule_asks_only_for_segments_that_are_in_force(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("buyer", "orders() >= 1")
    segments.define("keen", '"buyer" in segments and orders() >= 2')
    with pytest.raises(InvalidInput, match=r'fan asks for "buyers", which is no segment: did you'):
        segments.define("fan", '"buyers" in segments')
    with pytest.raises(InvalidInput, match='this asks for "buyers", which is no segment: did you'):
        queries.preview(segments.work, '"buyers" in segments')
    file = shop_file("fan: {rule: \"'buyers' in segments\", description: Comes back.}")
    for step in (partial(queries.compare_file, file=file), partial(commands.apply, file=file)):
        with pytest.raises(InvalidInput, match='fan asks for "buyers", which is no segment: did'):
            segments.work.run(step)
    with pytest.raises(InvalidInput, match='in a circle: "buyer" asks for "keen", which asks for'):
        segments.define("buyer", '"keen" in segments')
    with pytest.raises(InvalidInput, match='in a circle: "new" asks for "new"'):
        apply(segments, shop_file('new: {rule: not "new" in segments, description: Is new.}'))
    with pytest.raises(Conflict, match="the rules of keen ask for buyer: change them first"):
        segments.work.run(partial(commands.delete, segment="buyer"))
    segments.work.run(partial(commands.delete, segment="keen"))
    segments.work.run(partial(commands.delete, segment="buyer"))


def test_the_rules_that_ask_for_a_renamed_segment_ask_for_its_new_name(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("buyer", "orders() >= 1")
    segments.define("keen", '"buyer" in segments and traits.note != "buyer"')
    segments.define("new", "'buyer' not in segments")
    log.move(p="p", q="q")
    log.order("p")
    segments.follow(*log.events)
    segments.reevaluate()
    segments.changes()
    segments.work.run(partial(commands.rename, segment="buyer", name="customer"))
    segments.reevaluate()
    assert segments.by_name()["keen"]["rule"] == (
        '"customer" in segments and traits.note != "buyer"'
    )
    assert segments.changes() == [
        ("p", "exited", "buyer", "definition"),
        ("p", "entered", "customer", "definition"),
    ]
    assert segments.of("p") >= {"customer", "keen"}
    assert segments.of("q") >= {"new"}
    segments.define("odd", '("customer") in segments')
    with pytest.raises(Conflict, match="the rule of odd asks for customer: change it first"):
        segments.work.run(partial(commands.rename, segment="customer", name="buyer"))


def test_an_unreadable_rule_asks_for_no_segment(segments: SegmentsWithoutNameko) -> None:
    assert segments_asked('"buyer" in segments and orders( > 1') == frozenset()
    assert segments_asked('"buyer" in segments') == {"buyer"}


def test_the_days_of_a_rule_begin_in_the_zone_of_the_shop(
    log: ProfilesLog, segments: SegmentsWithoutNameko
) -> None:
    segments.define("early", "hour < 6")
    versions = [
        registry.DefinitionRegistry(zone)
        for zone in (UTC, timezone(timedelta(hours=5)), timezone(timedelta(hours=-5)))
    ]
    rules = [segments.work.read(one.current).versions["early"].definition.rule for one in versions]
    assert [rule.evaluate(Summary(), 3 * HOUR).value for rule in rules] == [True, False, False]
    assert [rule.evaluate(Summary(), 7 * HOUR).value for rule in rules] == [False, False, True]
