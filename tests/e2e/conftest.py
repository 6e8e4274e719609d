"""Fixtures of the stories: a browser, for those that are seen in one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.machine import NoServer
from tests.support.browser.finding import find_chromium
from tests.support.browser.process import BrowserProcess


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserProcess]:
    """Chromium, for all tests of a module."""
    try:
        program = find_chromium()
    except NoServer as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    with BrowserProcess(program) as process:
        yield process
