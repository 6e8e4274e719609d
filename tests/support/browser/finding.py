"""Finding what tests of web pages need: a browser, and Node's packages of web/."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from deploy.machine import NoServer, ensure_package

WEB = Path(__file__).parents[3] / "web"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_NO_BROWSER = (
    "The tests of web pages need Chromium, and there is none: install it (apt-get install"
    " chromium), or set CDP_CHROMIUM to the program."
)
_NO_NODE = (
    "The tests of web pages need Node 20 with npm, and there is none: install nodejs and npm."
)


def find_chromium() -> str:
    """The program, installed where that is possible; NoServer says what to install."""
    wanted = os.environ.get("CDP_CHROMIUM")
    names = (wanted,) if wanted else _NAMES
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None and not wanted and ensure_package("chromium", "chromium"):
        found = shutil.which("chromium")
    if found is None:
        raise NoServer(_NO_BROWSER)
    return found


def install_packages(folder: Path = WEB) -> Path:
    """The directory `node_modules` of a folder, as its lock file has it; NoServer without npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise NoServer(_NO_NODE)
    modules, lock = folder / "node_modules", folder / "package-lock.json"
    mark = modules / ".installed"
    if not mark.exists() or mark.read_text() != lock.read_text():
        quiet = ("--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts")
        subprocess.run([npm, "ci", *quiet], cwd=folder, check=True, stdin=subprocess.DEVNULL)
        mark.write_text(lock.read_text())
    return modules
