"""Work in threads beside a proof: its traffic, and its callers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self


class BackgroundWork:
    """Functions that run within `with`, each in a thread, until `ending` is set at its end.

    `check` raises the first error that has ended one of them, and so does the end of `with`.
    """

    def __init__(self, *functions: Callable[[], None]) -> None:
        self.ending = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(function,)) for function in functions
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.ending.set()
        for thread in self._threads:
            thread.join()
        self.check()

    def check(self) -> None:
        if self._errors:
            raise self._errors[0]

    def _guarded(self, function: Callable[[], None]) -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised where the work ends
            self._errors.append(error)
