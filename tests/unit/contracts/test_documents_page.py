"""docs/reference/contracts.md: its example works, and its commands do what it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chassis.core.upcasting import Upcasters
from chassis.validation import fields
from chassis.validation.schema import StrictSchema
from contracts import fields as contract_fields
from contracts.export import EVENTS, Document, EventKind
from contracts.export.files import broken
from contracts.export.generation import event_document, event_path
from tests.golden.check import Folders, faults

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "contracts.md").read_text()
DOCUMENTS = ROOT / "docs" / "contracts"
GOLDEN = ROOT / "tests" / "golden"
TYPES = ("segment_entered", "segment_exited")


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    names: dict[str, Any] = {**vars(fields), **vars(contract_fields), "StrictSchema": StrictSchema}
    exec("\n".join(textwrap.dedent(block) for block in blocks), names)
    return names


@pytest.fixture
def folders(example: dict[str, Any], tmp_path: Path) -> Folders:
    """Our samples and documents of the two events, and those of the example's version 2."""
    folders = Folders(tmp_path / "golden", tmp_path / "events")
    for source, target in (
        (GOLDEN / "segments", folders.samples / "segments"),
        (DOCUMENTS / "events" / "segments", folders.documents / "segments"),
    ):
        target.mkdir(parents=True)
        for name in TYPES:
            for file in source.glob(f"{name}.*"):
                shutil.copy(file, target)
    for kind in second_version(example):
        for form in ("", ".least"):
            wire = json.loads((GOLDEN / "segments" / f"{kind.type}.v1{form}.json").read_text())
            data = example["name_the_definition"](wire["data"])
            (folders.samples / "segments" / f"{kind.type}.v2{form}.json").write_text(
                json.dumps({**wire, "schemaversion": 2, "data": data})
            )
        document = folders.documents / "segments" / f"{kind.type}.v2.json"
        document.write_text(json.dumps(event_document(kind)))
    return folders


def second_version(example: dict[str, Any]) -> list[EventKind]:
    data = example["MembershipChanged"]()
    return [replace(kind, data=data, version=2) for kind in EVENTS if kind.type in TYPES]


def test_the_example_of_a_new_version_passes_the_golden_check(
    example: dict[str, Any], folders: Folders
) -> None:
    upcasters = Upcasters(example["SEGMENT_STEPS"])
    readers = {"segments": {"segments": upcasters, "offers": upcasters}}
    assert faults(folders, second_version(example), readers) == []


def test_the_example_without_its_upcaster_does_not_pass(
    example: dict[str, Any], folders: Folders
) -> None:
    upcasters = Upcasters(example["SEGMENT_STEPS"])
    readers = {"segments": {"segments": upcasters, "offers": Upcasters()}}
    messages = faults(folders, second_version(example), readers)
    assert any(fault.startswith("offers reads segment_entered of segments") for fault in messages)


def test_the_example_is_refused_as_the_page_says_without_a_new_version(
    example: dict[str, Any],
) -> None:
    (kind, _) = second_version(example)
    document = Document(
        event_path(kind.source, kind.type, 1), event_document(replace(kind, version=1))
    )
    first = broken(DOCUMENTS, [document])[0]
    assert first in " ".join(PAGE.split())


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", *map(str, words)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_command_writes_every_document_and_then_finds_no_fault(tmp_path: Path) -> None:
    process = run("contracts.export", "--folder", tmp_path)
    assert process.returncode == 0
    assert (tmp_path / "asyncapi.yaml").is_file()
    assert run("contracts.export", "--folder", tmp_path).stdout == ""
    assert run("contracts.export", "--check", "--folder", tmp_path).returncode == 0


def test_the_command_writes_nothing_when_a_promise_would_be_broken(tmp_path: Path) -> None:
    shutil.copytree(DOCUMENTS, tmp_path / "contracts")
    file = tmp_path / "contracts" / "events" / "segments" / "segment_entered.v1.json"
    promised = json.loads(file.read_text())
    promised["properties"]["data"]["properties"]["since"] = {"type": "string"}
    file.write_text(json.dumps(promised))
    for more in ([], ["--check"]):
        refused = run("contracts.export", "--folder", tmp_path / "contracts", *more)
        assert refused.returncode == 1
        assert refused.stderr.startswith(
            "events/segments/segment_entered.v1.json: event: data.since: is removed; give the event"
        )
        assert json.loads(file.read_text()) == promised


def test_the_command_says_which_document_has_drifted(tmp_path: Path) -> None:
    shutil.copytree(DOCUMENTS, tmp_path / "contracts")
    file = tmp_path / "contracts" / "calls" / "every" / "ping.json"
    file.write_text(file.read_text().replace("its clock says", "its watch says"))
    drifted = run("contracts.export", "--check", "--folder", tmp_path / "contracts")
    assert drifted.returncode == 1
    assert drifted.stderr == (
        "calls/every/ping.json: is not what the schemas say; run: python -m contracts.export\n"
    )


def test_the_golden_check_is_a_command_and_silent_when_all_is_well() -> None:
    checked = run("tests.golden")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
