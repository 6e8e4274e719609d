"""Facts about the script of the shop's pages that need neither Node nor a browser."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

from services.gateway.scripts import SCRIPT

WEB = Path(__file__).parents[3] / "web"
MOST_BYTES = 5_120


def test_the_script_fits_into_five_kilobytes_gzipped() -> None:
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) <= MOST_BYTES


def test_what_is_served_was_built_from_the_sources_beside_it() -> None:
    digest = hashlib.sha256()
    for path in sorted((WEB / "src").iterdir()):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    head = SCRIPT.read_text().partition("\n")[0]
    assert digest.hexdigest()[:16] in head, "npm run build, in web/"


def test_the_script_writes_no_html_and_runs_no_text() -> None:
    text = SCRIPT.read_text()
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
    ):
        assert way not in text


def test_the_script_depends_on_nothing_and_its_tools_are_pinned() -> None:
    package = json.loads((WEB / "package.json").read_text())
    assert "dependencies" not in package
    assert all(re.fullmatch(r"[\d.]+", version) for version in package["devDependencies"].values())
    assert '"resolved"' not in (WEB / "package-lock.json").read_text()
