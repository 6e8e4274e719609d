"""What is written in two places says the same in both.

The rule language and the contracts name the same event types; a service's README has its calls; the
page of the rule language has its functions and no others; whoever names the services names the same
ones; the fields of an offer are read, and explained where they are written.
"""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip - services import nameko

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from contracts.event_types import EVENT_TYPES
from contracts.export.entries import EVERY
from contracts.export.inventory import CALLS
from contracts.topology import ALL_NAMES, SERVICE_NAMES
from deploy.services import MIGRATIONS, service_class
from rules import ELIGIBILITY_VOCABULARY, SEGMENT_VOCABULARY
from rules.vocabularies.event_data import DATA_VOCABULARY
from rules.vocabularies.segments import EVENT_TYPES as RULE_EVENT_TYPES
from services.offers.domain.catalogue import Offer
from tests.checks.tree import ROOT, Tree

_PAGE = "docs/reference/rules.md"
_CONFIGURATION = "services/offers/configuration/offers.py"
_OFFERS = "services/offers/offers.yaml"


def faults(tree: Tree) -> list[str]:
    """Where two places differ, a sentence for each."""
    folders = {path.split("/")[1] for path in tree.files if path.startswith("services/")}
    return [
        *differences("contracts/event_types.py", EVENT_TYPES, "the rules", RULE_EVENT_TYPES),
        *_services(folders - {"__init__.py"}),
        *undocumented_calls(ROOT),
        *functions_of_the_page((ROOT / _PAGE).read_text()),
        *offer_fields(ast.parse(tree.files[_CONFIGURATION]), (ROOT / _OFFERS).read_text()),
    ]


def differences(one: str, names: Iterable[str], other: str, others: Iterable[str]) -> Iterator[str]:
    """What one of two places names and the other does not."""
    for name in sorted(set(names) - set(others)):
        yield f"{one} has {name}, which is missing in {other}"
    for name in sorted(set(others) - set(names)):
        yield f"{other}: {name} is missing in {one}"


def _services(folders: Iterable[str]) -> Iterator[str]:
    topology = "contracts/topology.py"
    yield from differences(topology, ALL_NAMES, "services/", folders)
    yield from differences(topology, ALL_NAMES, "deploy/services.py", MIGRATIONS)
    for name in SERVICE_NAMES:
        if service_class(name).name != name:
            yield f"deploy/services.py: the class of {name} has another name"


def undocumented_calls(root: Path) -> Iterator[str]:
    """Calls of one service that its README does not have."""
    for call in CALLS:
        if call.service != EVERY:
            page = root / "services" / call.service / "README.md"
            if f"`{call.method}(" not in page.read_text():
                yield f"services/{call.service}/README.md: has no row for `{call.method}(…)`"


def functions_of_the_page(page: str) -> Iterator[str]:
    """Functions of the rule language that the page's tables do not have, and the reverse."""
    cells = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    explained = {name for cell in cells for name in re.findall(r"`(\w+)\(", cell)}
    vocabularies = (SEGMENT_VOCABULARY, DATA_VOCABULARY, ELIGIBILITY_VOCABULARY)
    functions = {name for words in vocabularies for name in words.functions}
    yield from differences("rules/vocabularies", functions, _PAGE, explained)


def offer_fields(configuration: ast.Module, catalogue: str) -> Iterator[str]:
    """Fields of an offer that are not read, not allowed, or not explained in offers.yaml."""
    offer = {
        "when" if field.name == "rule" else field.name for field in fields(Offer) if field.init
    }
    calls = [node for node in ast.walk(configuration) if isinstance(node, ast.Call)]
    allowed = {
        str(name.value)
        for call in calls
        for keyword in call.keywords
        if keyword.arg in ("required", "optional") and isinstance(keyword.value, ast.Tuple)
        for name in keyword.value.elts
        if isinstance(name, ast.Constant)
    }
    read = {
        "when" if keyword.arg == "rule" else str(keyword.arg)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "Offer"
        for keyword in call.keywords
    }
    comments = "".join(line for line in catalogue.splitlines() if line.startswith("#"))
    keys = re.findall(r"^ *(?:- )?(\w+):", catalogue, re.MULTILINE)
    explained = {*re.findall(r"`(\w+)", comments), *keys}
    yield from differences("an Offer of configuration/offers.py", read, "the class Offer", offer)
    for names, place in ((allowed, _CONFIGURATION), (explained, _OFFERS)):
        for name in sorted(offer - names):
            yield f"{place}: the field {name} of an offer is missing"
