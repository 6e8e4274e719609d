"""A stranger's walk: the recipes of CONTRIBUTING.md work, and a forgotten step is found.

Each recipe is followed on a copy of the tree, once whole and once without each of its edits (in
`make test` the first one for each check, in whatever recipe). Whole, all its checks pass; without
an edit, the check that its step names fails, run alone.
"""

from __future__ import annotations

import compileall
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import FULL_SIZE
from tests.recipes.recipe import Edit, Step, read_recipes

pytestmark = pytest.mark.timeout(1_800)  # one fixture has it all

ROOT = Path(__file__).parents[2]
RECIPES = read_recipes((ROOT / "CONTRIBUTING.md").read_text())
_COPIED = (
    "chassis", "clv", "contracts", "deploy", "docs/contracts", "docs/reference", "experimentation",
    "identifiers", "mappings", "profile_index", "rules", "services", "tests/checks", "tests/golden",
    "tests/recipes", "tests/support", "tests/unit/contracts", "tests/conftest.py",
    "docker-compose.yml",
    "pyproject.toml",
)  # fmt: skip
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Walk:
    """A recipe, followed on the copy at `root`, without the edit `forgotten` if there is one."""

    root: Path
    steps: list[Step]
    forgotten: Edit | None = None
    check: str = ""

    def prepare(self) -> dict[str, object]:
        """Make the copy and its edits; the commands that are left to run on it."""
        for name in _COPIED:
            _copy(ROOT / name, self.root / name)
        commands = []
        for edit in (edit for step in self.steps for edit in step.edits if edit != self.forgotten):
            if edit.command:
                commands.append(edit.command.split()[2:])
            else:
                edit.apply(self.root)
        checks = {step.check: step.module for step in self.steps}
        checks = {self.check: checks[self.check]} if self.forgotten else checks
        return {"root": str(self.root), "commands": [*commands, *checks.values()]}


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_file():
        shutil.copyfile(source, target)
    else:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"))


def _compile() -> None:
    """Compile the tree: a copy has the compiled modules of all that it does not change."""
    for name in _COPIED:
        if (ROOT / name).is_dir():
            compileall.compile_dir(ROOT / name, quiet=2)


def _walks(folder: Path) -> list[Walk]:
    _compile()
    walks = []
    tried: set[str] = set()
    for number, steps in enumerate(RECIPES.values()):
        walks.append(Walk(folder / f"{number}-whole", steps))
        for check, edit in ((step.check, edit) for step in steps for edit in step.edits):
            if FULL_SIZE or check not in tried:
                tried.add(check)
                walks.append(Walk(folder / f"{number}-{len(walks)}", steps, edit, check))
    return walks


def _run(walks: list[dict[str, object]]) -> list[list[int]]:
    """The exit status of every command, from several walkers at once."""
    parts = [walks[start::_PROCESSES] for start in range(_PROCESSES)]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "ignore", "-m", "tests.recipes.walker"]
    walkers = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in parts
    ]
    for walker, part in zip(walkers, parts, strict=True):
        assert walker.stdin is not None
        walker.stdin.write(json.dumps(part))
        walker.stdin.close()
        walker.stdin = None
    answers = [json.loads(walker.communicate()[0]) for walker in walkers]
    statuses: list[list[int]] = [[] for _ in walks]
    for start, answer in enumerate(answers):
        statuses[start::_PROCESSES] = answer
    return statuses


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Walk, list[int]]]:
    walks = _walks(tmp_path_factory.mktemp("recipes"))
    return list(zip(walks, _run([walk.prepare() for walk in walks]), strict=True))


def test_there_is_a_recipe_for_each_thing_that_is_added_often() -> None:
    assert list(RECIPES) == [
        "a new event type",
        "a new call",
        "a new rule function",
        "a new offer field",
        "a new service",
    ]


def test_who_follows_a_recipe_passes_its_checks(walked: list[tuple[Walk, list[int]]]) -> None:
    failed = [
        (walk.root.name, [step.check for step in walk.steps], statuses)
        for walk, statuses in walked
        if walk.forgotten is None and any(statuses)
    ]
    assert failed == []


@pytest.mark.proofs
def test_the_named_check_fails_where_an_edit_is_forgotten(
    walked: list[tuple[Walk, list[int]]],
) -> None:
    unnoticed = [
        (str(walk.forgotten), walk.check)
        for walk, statuses in walked
        if walk.forgotten is not None and statuses[-1] == 0
    ]
    assert unnoticed == []


@pytest.mark.parametrize(("migration", "works"), [("create_inbox(op)", True), ("pass", False)])
def test_a_new_service_starts_and_has_what_every_service_has(
    tmp_path: Path, migration: str, works: bool
) -> None:
    walk = Walk(tmp_path / "service", RECIPES["a new service"]).prepare()
    revision = tmp_path / "service" / "services" / "ratings" / "migrations" / "0001_initial.py"
    revision.write_text(revision.read_text().replace("create_inbox(op)", migration))
    (statuses,) = _run([walk | {"commands": [["tests.recipes.start", "ratings"]]}])
    assert (statuses == [0]) is works


def test_the_checks_pass_before_a_recipe_is_followed(tmp_path: Path) -> None:
    checks = [step.module for steps in RECIPES.values() for step in steps]
    modules = [list(words) for words in dict.fromkeys(map(tuple, checks))]
    walk = Walk(tmp_path / "untouched", []).prepare() | {"commands": modules}
    assert _run([walk]) == [[0] * len(modules)]
