"""The checks of the tree hold here, and each of them can fail."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.checks import agreement, computed_imports, exclusions, floor_plan, names, walls
from tests.checks.tree import ROOT, Tree

LISTS: dict[str, Any] = {
    "shared_classes": {},
    "retired_names": {
        "Foundation": {"use": "SharedResources", "reason": "says nothing"},
        "look": {"use": "check_duplicates", "reason": "says nothing", "kinds": ["parameter"]},
        "tell": {"use": "apply", "reason": "says nothing", "in": ["rules/"]},
        "*Contract": {"use": "XRequest", "reason": "says nothing"},
        "told": {"use": "events", "reason": "a participle", "except": ["chassis/old/"]},
    },
    "retired_modules": {"chassis/work.py": "chassis/eventlog/unit_of_work.py"},
}
SERVICE = dict.fromkeys(
    [
        "services/a/README.md",
        "services/a/__init__.py",
        "services/a/domain/__init__.py",
        "services/a/migrations/0001_a.py",
        "services/a/service.py",
        "services/a/store.py",
    ],
    "",
)


def test_every_retired_name_has_a_reason_and_a_successor() -> None:
    for name, rule in names._LISTS["retired_names"].items():
        assert rule["use"], name
        assert rule["reason"], name


def test_a_class_name_in_two_modules_is_found() -> None:
    tree = Tree({"a.py": "class Place: ...", "b.py": "class Place: ..."})
    assert names.faults(tree, LISTS) == ["a.py and b.py: a class name with two meanings: Place"]
    allowed = LISTS | {"shared_classes": {"Place": "a reason"}}
    assert names.faults(tree, allowed) == []
    assert "one module only" in names.faults(Tree({}), allowed)[0]


def test_the_list_of_shared_class_names_is_short() -> None:
    shared = {f"C{number}": "a reason" for number in range(6)}
    source = "\n".join(f"class {name}: ..." for name in shared)
    tree = Tree({"a.py": source, "b.py": source})
    assert "at most 5" in names.faults(tree, LISTS | {"shared_classes": shared})[0]


@pytest.mark.parametrize(
    "source",
    [
        "class Foundation: ...",
        "from chassis import Foundation",
        "x: Foundation",
        "import a\na.Foundation()",
        "class EventContract: ...",
        "def append(look): ...",
        "append(look=True)",
        "told = 1",
        "match x:\n    case Foundation(): ...",
    ],
)
def test_a_retired_name_is_found_wherever_it_stands(source: str) -> None:
    (fault,) = names.faults(Tree({"chassis/a.py": source}), LISTS)
    assert "is retired" in fault


@pytest.mark.parametrize(
    "source",
    [
        'x = "Foundation"',
        "# Foundation",
        "Foundations = 1",
        "x.look()",
        "def tell(): ...",
    ],
)
def test_text_other_kinds_and_other_folders_are_free(source: str) -> None:
    assert names.faults(Tree({"chassis/a.py": source}), LISTS) == []


def test_a_name_may_be_retired_in_one_folder() -> None:
    assert names.faults(Tree({"rules/a.py": "def tell(): ..."}), LISTS)


def test_a_retired_name_may_stand_where_it_is_excepted_and_nowhere_else() -> None:
    assert names.faults(Tree({"chassis/old/a.py": "told = 1"}), LISTS) == []
    assert names.faults(Tree({"chassis/new/a.py": "told = 1"}), LISTS)


@pytest.mark.parametrize("path", ["chassis/work.py", "chassis/work.py/x"])
def test_a_retired_module_is_found(path: str) -> None:
    assert "unit_of_work.py" in names.faults(Tree({path: ""}), LISTS)[0]


def test_the_floor_plan_is_closed() -> None:
    assert floor_plan.faults(Tree(SERVICE)) == []
    helpers = SERVICE | {"services/a/helpers.py": ""}
    assert "services/a/helpers.py: is not a role" in floor_plan.faults(Tree(helpers))[0]
    vault = SERVICE | {"services/a/vault.py": ""}
    assert floor_plan.faults(Tree(vault))  # it is profiles' alone


def test_a_file_of_the_floor_plan_may_be_a_package() -> None:
    files = {path: text for path, text in SERVICE.items() if path != "services/a/store.py"}
    assert floor_plan.faults(Tree({**files, "services/a/store/orders.py": ""})) == []
    assert floor_plan.faults(Tree({**files, "services/a/stores/orders.py": ""}))


def test_two_revisions_of_one_number_and_a_gap_are_found() -> None:
    for name in ("0001_b.py", "0003_c.py"):
        (fault,) = floor_plan.faults(Tree({**SERVICE, f"services/a/migrations/{name}": ""}))
        assert f"services/a/migrations/{name}: should be number 0002" in fault
    assert floor_plan.faults(Tree({**SERVICE, "services/a/migrations/0002_b.py": ""})) == []


@pytest.mark.parametrize("path", sorted(SERVICE))
def test_no_part_of_a_service_may_be_missing(path: str) -> None:
    files = {name: text for name, text in SERVICE.items() if name != path}
    (fault,) = floor_plan.faults(Tree(files))
    assert "is missing" in fault


@pytest.mark.parametrize(
    "source",
    ['import_module(f"services.{name}")', '__import__("services.a")', "resources.files(package)"],
)
def test_an_import_by_text_is_found(source: str) -> None:
    (fault,) = computed_imports.faults(Tree({"a.py": source}), {})
    assert fault.startswith("a.py:1: imports by text")
    text = source.partition("(")[2][:-1].replace('"', "'")
    assert computed_imports.faults(Tree({"a.py": source}), {("a.py", text): "a reason"}) == []


def test_the_layers_of_the_chassis_name_every_part_of_it(tmp_path: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = (each for each in settings["contracts"] if each.get("containers") == ["chassis"])

    def lint(names: list[str]) -> int:
        contract = layers | {"containers": "chassis", "layers": "\n    ".join(["", *names])}
        lines = ["[importlinter]", "root_package = chassis", "[importlinter:contract:layers]"]
        lines += [f"{key} = {value}" for key, value in contract.items()]
        file = tmp_path / "settings.ini"
        file.write_text("\n".join(lines))
        linter = Path(sys.executable).with_name("lint-imports")
        command = [str(linter), "--no-cache", "--config", str(file)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode

    assert lint(layers["layers"]) == 0
    assert lint([name for name in layers["layers"] if name != "testing"]) == 1


def test_an_entry_without_an_import_is_found() -> None:
    assert "take it off" in computed_imports.faults(Tree({}), {("a.py", "x"): "a reason"})[0]


@pytest.mark.parametrize(
    "source",
    [
        "import structlog",
        "import phonenumbers.util",
        "from services.a import store",
        "from services.b.domain import c",
        "from . import c",
        "from chassis import database",
        "from chassis.coreless import c",
        "from chassis.database.engine import Database",
        "def f():\n    import yaml",
        "open(name)",
        "Path(__file__)",
    ],
)
def test_a_domain_imports_what_is_pure_and_nothing_else(source: str) -> None:
    (fault,) = walls.faults(Tree({"services/a/domain/c.py": source}), {})
    assert fault.startswith("services/a/domain/c.py:")
    assert walls.faults(Tree({"services/a/store.py": source}), {}) == []
    pure = "import re, rules\nfrom chassis import Event\nfrom services.a.domain.b import B"
    assert walls.faults(Tree({"services/a/domain/c.py": pure}), {}) == []


@pytest.mark.parametrize(
    "source",
    [
        'Path(__file__).parent.parent / "offers"',
        'Path(__file__).resolve().parents[2] / "services" / "offers"',
        "HERE.parents[up]",
        'HERE / ".." / "offers"',
        'open("../offers/offers.yaml")',
        'open("services/offers/offers.yaml")',
        'ROOT / "services" / "offers"',
    ],
)
def test_a_path_out_of_a_package_is_found(source: str) -> None:
    (fault,) = walls.faults(Tree({"services/a/store.py": source}), {})
    assert fault.startswith("services/a/store.py:1: a path out of its folder")
    assert walls.faults(Tree({"tests/a.py": source}), {}) == []
    allowed = {"services/a/store.py": "a reason"}
    assert walls.faults(Tree({"services/a/store.py": source}), allowed) == []
    near = 'Path(__file__).parent / "a.yaml"\nPath(__file__).parents[0]'
    assert walls.faults(Tree({"services/a/store.py": near}), {}) == []
    assert "take it off the list" in walls.faults(Tree({}), allowed)[0]


@pytest.mark.parametrize("end", ["", " because", " -"])
def test_an_exclusion_from_coverage_needs_a_reason(end: str) -> None:
    text = "raise  # pragma: no cover"
    assert exclusions.faults(Tree({"a.py": f"{text} - cannot happen\n"})) == []
    assert exclusions.faults(Tree({"a.py": f"{text}{end}\n"}))


def test_a_name_in_one_of_two_places_is_found() -> None:
    assert list(agreement.differences("a", ["x", "y"], "b", ["y"])) == [
        "a has x, which is missing in b"
    ]
    assert list(agreement.differences("a", [], "b", ["y"])) == ["b: y is missing in a"]


def test_a_function_that_the_page_lacks_is_found_and_one_that_does_not_exist() -> None:
    page = (ROOT / "docs" / "reference" / "rules.md").read_text()
    assert list(agreement.functions_of_the_page(page)) == []
    assert list(agreement.functions_of_the_page(page.replace("`cart_items(", "`cart_size(")))


def test_a_call_that_its_page_lacks_is_found(tmp_path: Path) -> None:
    for service in ("identity", "profiles", "segments", "offers"):
        (tmp_path / "services" / service).mkdir(parents=True)
        (tmp_path / "services" / service / "README.md").write_text("| `get(` |")
    found = list(agreement.undocumented_calls(tmp_path))
    assert any("`resolve(…)`" in fault for fault in found)
    assert not any("`get(…)`" in fault for fault in found)


def test_a_field_of_an_offer_that_is_not_read_or_not_explained_is_found() -> None:
    module = ast.parse('Offer(id=1, rule=2)\nrecord(optional=("id", "when"))')
    found = list(agreement.offer_fields(module, "# `when`\n  - id: welcome\n"))
    assert any("sku" in fault for fault in found)
    assert not any(name in fault for fault in found for name in (" id ", " when "))
