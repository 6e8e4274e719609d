"""Whatever has happened in whatever order: a rebuilt read model has the rows of the one in use."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rules.summary.archive as archive_module
from tests.conftest import FULL_SIZE
from tests.support.case_shop import CaseShop
from tests.support.read_models import rows
from tests.support.shop_histories import HISTORIES, HistoryCall
from tests.support.suite_without_broker import READ_MODELS, OpenSuite, SuiteWithoutBroker

pytestmark = pytest.mark.timeout(3_600 if FULL_SIZE else 300)

_EXAMPLES = itertools.count(1)


def tables(suite: SuiteWithoutBroker, name: str) -> Mapping[str, Any]:
    """All rows; of profiles the summaries as of now: the stored ones lag behind the log.

    That segments once evaluated a profile that has no streams any more depends on how events came
    together, and nothing depends on it. When a profile is looked at next is a lower bound, at most
    the earliest instant at which one of its rules is due.
    """
    contents = rows(suite.works[name], READ_MODELS[name], suite.settings[name])
    if name == "profiles":
        contents["summaries"] = [(s, summary.dump()) for s, summary in suite.summaries().items()]
    if name == "segments":
        in_use = {profile_id for _stream, profile_id, *_ in contents["labels"]}
        profiles = [row for row in contents["profiles"] if row[0] in in_use]
        for profile_id, next_at, _generation, _watermark, due, *_ in profiles:
            earliest = min(due.values(), default=None)
            assert earliest is None or next_at <= earliest, f"{profile_id} is looked at too late"
        contents["profiles"] = [(row[0], *row[2:]) for row in profiles]
    return contents


def happen(suite: SuiteWithoutBroker, history: list[HistoryCall], chance: random.Random) -> None:
    """Record a history; a desk repairs some of it, and services follow now and then."""
    shop = CaseShop(suite, suite.clock, next(_EXAMPLES), list)
    profiles: list[str] = []
    for call in history:
        receipts = call.send(shop)
        profiles += [r["profile_id"] for r in receipts if r.get("profile_id")]
        if profiles and chance.random() < 0.3:
            suite.repair(chance, profiles)
        if chance.random() < 0.3:
            suite.deliver(chance)
        if chance.random() < 0.3:
            suite.store_summaries()
    suite.deliver(chance)


def test_a_rebuilt_read_model_has_the_rows_of_the_one_in_use_whatever_has_happened(
    open_suite: OpenSuite, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "KEPT", 1)  # histories are short: most orders are archived

    @settings(
        max_examples=200 if FULL_SIZE else 6 if engine == "sqlite" else 3,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(history=HISTORIES, seed=st.integers(0, 2**32))
    def rebuild_all(history: list[HistoryCall], seed: int) -> None:
        # Not drawn from Hypothesis: how much is drawn depends on ids, which differ in each run.
        chance = random.Random(seed)
        with open_suite() as suite:
            happen(suite, history, chance)
            for name in READ_MODELS:
                before = tables(suite, name)
                result = suite.rebuild(name)
                after = tables(suite, name)
                for table, contents in before.items():
                    assert after[table] == contents, f"{table} of {name}"
                assert (result.changes, result.halted) == (0, 0), name

    rebuild_all()
