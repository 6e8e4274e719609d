"""What the log has of a batch that failed and is tried again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from chassis import Unavailable
from chassis.runtime.subscriber import Subscribe


def failing_once(error: Exception) -> Callable[[], None]:
    left = [error]

    def action() -> None:
        if left:
            raise left.pop()

    return action


@pytest.mark.parametrize(
    ("error", "level", "has_trace"),
    [
        (Unavailable("identity", "did not answer"), "warning", False),
        (ValueError("unexpected"), "error", True),
    ],
)
def test_an_unexpected_failure_is_an_error_with_its_trace(
    error: Exception, level: str, has_trace: bool
) -> None:
    with capture_logs() as entries:
        Subscribe("profiles")._try_until_done(failing_once(error))
    (entry,) = entries
    assert (entry["event"], entry["log_level"]) == ("batch_failed", level)
    assert entry["error"] == type(error).__name__
    assert entry.get("exc_info") is (error if has_trace else None)
