"""The floor plan: every service has the same files, and each file one role.

A file that has grown too long becomes a package of the same name. The list is closed. A new role is
a decision about all services; docs/adr/ has the reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.checks.tree import Tree

_REVISION = re.compile(r"migrations/\d+_\w+\.py")
REQUIRED = (
    "README.md",
    "__init__.py",
    "domain/__init__.py",
    "migrations",
    "service.py",
    "store.py",
)
ROLES = (
    *REQUIRED,
    "commands.py",
    "configuration.py",
    "domain",
    "projections.py",
    "queries.py",
    "rebuild.py",
    "registry.py",
)
ADDITIONS = {  # what one service has beside the plan
    "gateway": ("handlers", "scripts", "server"),
    "offers": ("decision_log.py", "offers.yaml"),
    "profiles": ("deferred.py", "vault.py"),
    "segments": (
        "clv.yaml",
        "evaluator.py",
        "fact_reading.py",
        "segments.yaml",
        "value_fitting.py",
        "value_settings.py",
    ),
}


def faults(tree: Tree) -> list[str]:
    """Where a service departs from the plan, a sentence for each."""
    services = sorted(
        {
            path.split("/")[1]
            for path in tree.files
            if path.count("/") > 1 and path.startswith("services/")
        }
    )
    return [fault for service in services for fault in _faults(service, tree)]


def _faults(service: str, tree: Tree) -> Iterator[str]:
    prefix = f"services/{service}/"
    inside = [path.removeprefix(prefix) for path in tree.files if path.startswith(prefix)]
    for path in REQUIRED:
        if not any(path in (name, name.split("/")[0], _role(name)) for name in inside):
            yield f"{prefix}{path}: is missing; every service has it"
    yield from _numbers(prefix, inside)
    allowed = {*ROLES, *ADDITIONS.get(service, ())}
    for entry in sorted({_role(name) for name in inside} - allowed):
        yield f"{prefix}{entry}: is not a role of the floor plan: {', '.join(sorted(ROLES))}"


def _numbers(prefix: str, inside: list[str]) -> Iterator[str]:
    """Revisions that do not follow one another: two people have made the next one."""
    names = sorted(n.removeprefix("migrations/") for n in inside if _REVISION.fullmatch(n))
    for expected, name in enumerate(names, start=1):
        if int(name.partition("_")[0]) != expected:
            yield (
                f"{prefix}migrations/{name}: should be number {expected:04}; if another has its"
                " number, give the later one the next, and its `revision` too"
            )
            return


def _role(name: str) -> str:
    """The role of a file: that of the package which it is in, if any."""
    entry, _, inside = name.partition("/")
    return f"{entry}.py" if inside and f"{entry}.py" in ROLES else entry
