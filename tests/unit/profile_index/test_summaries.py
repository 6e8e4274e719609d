from __future__ import annotations

import sqlalchemy as sa

from profile_index import load_summaries, save_summaries


def test_a_summary_comes_back_with_its_version(connection: sa.Connection) -> None:
    summary = {"orders": {"A-1": {"revenue": 950}}, "text": "Ω"}
    save_summaries(connection, {"s1": (3, summary), "s2": (1, {})})
    assert load_summaries(connection, ["s2", "s1", "s3"]) == {"s1": (3, summary), "s2": (1, {})}


def test_a_summary_is_replaced_by_a_later_one_alone(connection: sa.Connection) -> None:
    save_summaries(connection, {"s1": (3, {"n": 3})})
    save_summaries(connection, {"s1": (2, {"n": 2})})
    assert load_summaries(connection, ["s1"]) == {"s1": (3, {"n": 3})}
    save_summaries(connection, {"s1": (4, {"n": 4})})
    assert load_summaries(connection, ["s1"]) == {"s1": (4, {"n": 4})}


def test_nothing_is_saved_and_loaded_without_a_query_that_fails(connection: sa.Connection) -> None:
    save_summaries(connection, {})
    assert load_summaries(connection, []) == {}
