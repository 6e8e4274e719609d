"""A browser in another process, which runs stories: functions that are given a `Visitor`.

The process that runs the tests is green, and Playwright's event loop would not get on with that.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

Story = Callable[..., Any]


class StoryFailed(AssertionError):
    """A story went another way; the message is its traceback."""


class BrowserProcess:
    """Runs stories one after the other, each in a fresh profile of the browser."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.support.browser.worker", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=30)

    def run(
        self,
        story: Story,
        *,
        at: Mapping[str, Callable[[], object]] | None = None,
        **arguments: Any,
    ) -> Any:
        """What the story returns, as JSON has it; StoryFailed if it does not hold.

        A story that yields the names of points stops at each, for what is to be done `at` it.
        """
        answer = self._ask(
            {"module": story.__module__, "name": story.__name__, "arguments": arguments}
        )
        while "point" in answer:
            try:
                (at or {})[answer["point"]]()
            except BaseException:
                self._ask({"goes_on": False})
                raise
            answer = self._ask({"goes_on": True})
        if "failure" in answer:
            raise StoryFailed(answer["failure"])
        return answer["result"]

    def _ask(self, words: Mapping[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise StoryFailed("the browser's process has no pipes")
        print(json.dumps(words), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise StoryFailed("the browser's process has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer
