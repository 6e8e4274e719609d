"""Starts one service on an empty database, in this process: `python -m tests.recipes.start NAME`.

It uses what the base class gives every service, which needs the tables of the log and of the inbox.
"""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip - services import nameko

import sys
import tempfile
from pathlib import Path

from chassis.observability.gauges import DatabaseCollector
from chassis.testing import EmbeddedServices
from deploy.services import service_class, upgrade


def main(name: str) -> None:
    """Migrate and start the service, call it and collect its metrics; an error if any fails."""
    with tempfile.TemporaryDirectory() as folder:
        services = {service_class(name): lambda uri: upgrade(name, uri)}
        with EmbeddedServices(services, Path(folder)) as suite:
            suite.call(name, "ping")
            suite.call(name, "history", streams=[])
            suite.call(name, "behind", source=name, places={})
            suite.call(name, "dead_letters")
            list(DatabaseCollector(suite._runner.measured_services()).collect())


if __name__ == "__main__":
    main(sys.argv[1])
