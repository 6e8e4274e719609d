"""The process with the browser: reads a story a line, writes what became of it."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.browser import page_stories, shop_stories
from tests.support.browser.visitor import Visitor

_STORIES = {module.__name__: module for module in (page_stories, shop_stories)}
_MILLISECONDS = 20_000  # a busy machine is slow, not wrong


def main(program: str) -> None:
    """Run stories until the pipe closes."""
    expect.set_options(timeout=_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for line in sys.stdin:
            print(json.dumps(_outcome(browser, json.loads(line))), flush=True)
        browser.close()


def _outcome(browser: Browser, asked: dict[str, Any]) -> dict[str, Any]:
    story = getattr(_STORIES[asked["module"]], asked["name"])
    visitor = Visitor(browser, _MILLISECONDS)
    try:
        result = story(visitor, **asked["arguments"])
        visitor.check()
    except Exception:  # noqa: BLE001 - it is told to the test that has asked
        return {"failure": f"{traceback.format_exc()}\n{visitor.notes()}"}
    finally:
        visitor.close()
    return {"result": result}


if __name__ == "__main__":
    main(sys.argv[1])
