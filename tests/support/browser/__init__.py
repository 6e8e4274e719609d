"""Chromium for tests: in a process of its own, as Playwright waits in another way than we do."""
