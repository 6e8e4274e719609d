"""Somebody with a browser of their own: what the console says is an error of the page."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

PHONE = {
    "user_agent": (
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/156.0.0.0 Mobile Safari/537.36"
    ),
    "viewport": {"width": 412, "height": 915},
    "has_touch": True,
}
# A gateway that is away is not reached, or a proxy says so of it.
_NOT_REACHED = (
    "Failed to load resource: net::",
    "Failed to load resource: the server responded with a status of 502",
)


class Visitor:
    """A profile of the browser, and what went on in it."""

    def __init__(self, browser: Browser, milliseconds: int) -> None:
        self._browser = browser
        self._milliseconds = milliseconds
        self._contexts: list[BrowserContext] = []
        self.requests: list[Request] = []
        self.errors: list[str] = []

    def open(self, **options: Any) -> Page:
        """A page in a fresh profile."""
        context = self._browser.new_context(
            **{"viewport": {"width": 1400, "height": 900}, **options}
        )
        context.set_default_timeout(self._milliseconds)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._note_request)
        return page

    def sent(self, path: str) -> list[str]:
        """The bodies of requests to a path of the gateway, in their order."""
        return [
            request.post_data or ""
            for request in self.requests
            if request.url.partition("?")[0].endswith(path)
        ]

    def ignore_unreached(self) -> None:
        """Forget that something could not be reached, as a story wanted it."""
        self.errors = [error for error in self.errors if not error.startswith(_NOT_REACHED)]

    def check(self) -> None:
        """No page has written an error."""
        if self.errors:
            raise AssertionError(f"the console has errors: {self.errors}")

    def notes(self) -> str:
        """What helps to understand a failure."""
        return f"console: {self.errors}\nrequests: {[each.url for each in self.requests][-15:]}"

    def close(self) -> None:
        """End it all."""
        for context in self._contexts:
            context.close()

    def _note_request(self, request: Request) -> None:
        self.requests.append(request)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)
