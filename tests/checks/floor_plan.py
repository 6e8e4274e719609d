"""The floor plan: every service has the same files, and each file one role.

A file that has grown too long becomes a package of the same name. The list is closed. A new role is
a decision about all services; docs/adr/ has the reasons.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.checks.tree import Tree

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
)
ADDITIONS = {  # what one service has beside the plan
    "offers": ("offers.yaml",),
    "profiles": ("deferred.py", "vault.py"),
    "segments": (
        "clv.yaml",
        "evaluator.py",
        "registry.py",
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
    allowed = {*ROLES, *ADDITIONS.get(service, ())}
    for entry in sorted({_role(name) for name in inside} - allowed):
        yield f"{prefix}{entry}: is not a role of the floor plan: {', '.join(sorted(ROLES))}"


def _role(name: str) -> str:
    """The role of a file: that of the package which it is in, if any."""
    entry, _, inside = name.partition("/")
    return f"{entry}.py" if inside and f"{entry}.py" in ROLES else entry
