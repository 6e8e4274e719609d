"""Facts about the script of the shop's pages and the examples, in Chromium and in Node."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy.machine import NoServer
from tests.support.browser import page_stories as stories
from tests.support.browser.finding import WEB, install_packages
from tests.support.browser.process import BrowserProcess


@pytest.fixture(scope="module")
def packages() -> Path:
    """The packages of web/."""
    try:
        return install_packages()
    except NoServer as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


def test_the_script_is_what_its_sources_make_and_all_types_hold(packages: Path) -> None:
    run_npm(packages, "check")


def test_the_parts_without_a_page_do_what_they_say(packages: Path) -> None:
    run_npm(packages, "test")


@pytest.mark.parametrize("name", ["plain", "react", "vue"])
def test_an_example_shows_blocks_by_one_request_acts_and_reports(
    browser: BrowserProcess, packages: Path, name: str
) -> None:
    if name != "plain":
        subprocess.run(["node", "build.mjs", "--examples"], cwd=packages.parent, check=True)
    browser.run(stories.run_example, name=name)


def test_markup_in_contents_is_text_and_addresses_that_run_lead_nowhere(
    browser: BrowserProcess,
) -> None:
    browser.run(stories.show_markup)


def test_without_an_answer_in_time_the_shops_own_words_show(browser: BrowserProcess) -> None:
    browser.run(stories.decide_late)


def test_consent_mode_calls_from_before_and_privacy_control_count(browser: BrowserProcess) -> None:
    browser.run(stories.follow_banners)


@pytest.mark.parametrize("way", list(stories.CONSENTS))
def test_consent_that_is_there_before_the_script_counts_at_once(
    browser: BrowserProcess, way: str
) -> None:
    browser.run(stories.track_at_once, way=way)


def test_what_nobody_has_taken_is_sent_again_under_its_id(browser: BrowserProcess) -> None:
    browser.run(stories.keep_until_it_arrives)


def test_a_page_that_has_the_script_twice_tells_everything_once(browser: BrowserProcess) -> None:
    browser.run(stories.load_twice)


def test_a_full_storage_costs_neither_events_nor_blocks(browser: BrowserProcess) -> None:
    browser.run(stories.fill_storage)


def test_a_request_has_the_context_of_the_slots_that_are_in_the_page_now(
    browser: BrowserProcess,
) -> None:
    browser.run(stories.change_context)


@pytest.mark.parametrize("purpose", ["analytics", "preferences"])
def test_blocks_are_decided_anew_where_consent_is_withdrawn(
    browser: BrowserProcess, purpose: str
) -> None:
    browser.run(stories.withdraw_consent, purpose=purpose)


def test_a_sign_in_is_told_again_once_it_is_proven(browser: BrowserProcess) -> None:
    browser.run(stories.prove_later)


def run_npm(packages: Path, script: str) -> None:
    """Run a script of package.json; its output tells what is wrong."""
    ran = subprocess.run(
        ["npm", "run", "--silent", script],
        cwd=packages.parent,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, f"{WEB.name}: npm run {script}\n{ran.stdout}\n{ran.stderr}"
