"""How many conflicts a process lists in a minute."""

from __future__ import annotations

from services.profiles.commands import Quota


def test_no_more_is_granted_in_a_minute_than_the_quota_and_the_next_minute_has_its_own() -> None:
    now = [30.0]
    quota = Quota(10, lambda: now[0])
    assert [quota.take(4), quota.take(4), quota.take(4), quota.take(4)] == [4, 4, 2, 0]
    now[0] = 59.9
    assert quota.take(1) == 0
    now[0] = 60.0
    assert quota.take(20) == 10
