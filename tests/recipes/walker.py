"""Runs commands on copies of the tree, each in a process forked from one that has the libraries.

`python -m tests.recipes.walker` reads a JSON list of walks, each {root, commands}, from standard
input; a command is the words after `python -m`. It writes the exit status of each command.
Forking saves the seconds that every Python process takes to import the libraries.
"""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip - services import nameko

import gc
import importlib
import json
import os
import runpy
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
_LIBRARIES = (
    "alembic.command", "hypothesis", "jsonschema", "kombu", "marshmallow", "nameko.containers",
    "nameko.standalone.rpc", "nameko.timer", "prometheus_client", "pytest", "sqlalchemy",
    "structlog", "yaml",
)  # fmt: skip
# pytest cannot rewrite the asserts of what is imported already, and our settings forbid warnings.
_OPTIONS = {"pytest": ("-x", "--assert=plain", "-p", "no:cacheprovider")}


def main() -> None:
    """Run every walk, one after the other; each command ends in a process of its own."""
    warnings.simplefilter("ignore")
    for library in _LIBRARIES:
        importlib.import_module(library)
    gc.disable()  # the children live for a moment, and looking for garbage copies what they share
    walks = json.load(sys.stdin)
    ours = {path.name for path in HOME.iterdir()}
    for name in [name for name in sys.modules if name.partition(".")[0] in ours]:
        del sys.modules[name]
    json.dump(
        [[_run(walk["root"], words) for words in walk["commands"]] for walk in walks], sys.stdout
    )


def _run(root: str, words: Sequence[str]) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        with open(os.devnull, "w") as nowhere:
            for stream in (1, 2):
                os.dup2(nowhere.fileno(), stream)
        os.chdir(root)
        sys.path[:] = [root, *(path for path in sys.path if Path(path).resolve() != HOME)]
        sys.argv = [*words, *_OPTIONS.get(words[0], ())]
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
