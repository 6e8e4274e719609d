"""The process with the browser: reads a story a line, writes what became of it."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Generator
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.browser import gateway_stories, page_stories, shop_stories
from tests.support.browser.visitor import Visitor

_STORIES = {module.__name__: module for module in (gateway_stories, page_stories, shop_stories)}
_MILLISECONDS = 20_000  # a busy machine is slow, not wrong


def main(program: str) -> None:
    """Run stories until the pipe closes."""
    expect.set_options(timeout=_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for line in sys.stdin:
            _say(_outcome(browser, json.loads(line)))
        browser.close()


def _outcome(browser: Browser, asked: dict[str, Any]) -> dict[str, Any]:
    story = getattr(_STORIES[asked["module"]], asked["name"])
    visitor = Visitor(browser, _MILLISECONDS)
    try:
        result = story(visitor, **asked["arguments"])
        if isinstance(result, Generator):
            result = _stop_at_points(result)
        visitor.check()
    except Exception:  # noqa: BLE001 - it is told to the test that has asked
        return {"failure": f"{traceback.format_exc()}\n{visitor.notes()}"}
    finally:
        visitor.close()
    return {"result": result}


def _stop_at_points(story: Generator[str, None, Any]) -> Any:
    """What the story returns; at each point the test goes first."""
    try:
        while True:
            _say({"point": next(story)})
            if not json.loads(sys.stdin.readline())["goes_on"]:
                story.close()
                return None
    except StopIteration as end:
        return end.value


def _say(words: dict[str, Any]) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
