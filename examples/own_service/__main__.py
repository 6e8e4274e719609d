"""Run the service: `python -m examples.own_service`."""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip - before anything else

import sys

from chassis.config.settings import read_settings
from chassis.observability.logging import configure_logging
from chassis.runtime.runner import Runner, exit_on_signals
from examples.own_service.migrations import migrate
from examples.own_service.service import CategoriesService


def main() -> None:
    """Bring the tables up to date, then serve until SIGTERM or Ctrl-C."""
    configure_logging("text")
    settings = read_settings(CategoriesService.name)
    migrate(settings.database_uri)
    exit_on_signals()
    runner = Runner([(CategoriesService, settings)])
    runner.start()
    print(f"serving {settings.service}, until Ctrl-C", file=sys.stderr, flush=True)
    runner.run_until_stopped()


if __name__ == "__main__":
    main()
