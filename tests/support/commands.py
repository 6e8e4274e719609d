"""Commands of `cdp`, run in this process: one of its own takes a second to import all of it."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path

import structlog
from click.testing import CliRunner

from cdp.commands.root import cli
from chassis.messaging import embedded
from tests.support.system import plain_environment


def run_cdp(
    *words: str | Path, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`cdp`, run to its end in `folder`, with no other settings of ours than in `environment`.

    What a command does not catch is raised.
    """
    settings = dict.fromkeys(os.environ.keys() - plain_environment().keys()) | dict(
        environment or {}
    )
    command = [str(word) for word in words]
    with chdir(folder), _logging_restored():
        result = CliRunner().invoke(cli, command, prog_name="cdp", env=settings)
    embedded.forget()
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return subprocess.CompletedProcess(command, result.exit_code, result.stdout, result.stderr)


@contextmanager
def _logging_restored() -> Iterator[None]:
    """A command configures logging for its process, to a standard error that ends with it."""
    root = logging.getLogger()
    handlers, level, configuration = root.handlers[:], root.level, structlog.get_config()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**configuration)
