"""Chaos: one fault after another under traffic, and what each of them does to a suite.

`make test` takes a few faults, for a few seconds each; `make prove` takes all of them and ten
random pairs, and holds them to the limits of time that we promise. The figures of every fault are
printed at the end, and kept in build/chaos.json and build/chaos.txt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from deploy.machine import NoServer
from tests.conftest import FULL_SIZE
from tests.proofs.chaos import REFERENCE_ECHO_MS, Campaign, Outcome
from tests.proofs.faults import FAULTS, Fault, pairs
from tests.proofs.shops import Rates

pytestmark = pytest.mark.timeout(600)

_SEED = 7
_PAIRS = 10
_FEW = (
    "kill one of each",
    "the RPC exchange deleted",
)
_BRIEF_SECONDS = 3.0
_RATES = Rates(events=50, decisions=20) if FULL_SIZE else Rates(events=20, decisions=8)
_REPORT = Path(__file__).parents[2] / "build" / "chaos.txt"

CHOSEN = (
    [*FAULTS.values(), *pairs(_PAIRS, _SEED)]
    if FULL_SIZE
    else [replace(FAULTS[name], seconds=_BRIEF_SECONDS) for name in _FEW]
)


@pytest.fixture(scope="module")
def campaign(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Campaign]:
    """Servers and a suite of their own for all faults; at the end the report."""
    try:
        made = Campaign(tmp_path_factory.mktemp("chaos"), _RATES, _SEED)
    except NoServer as error:
        pytest.fail(str(error), pytrace=False)  # a proof that did not run proves nothing
    with made:
        yield made
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(_REPORT.read_text())


@pytest.mark.parametrize("fault", CHOSEN, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_fault_leaves_no_flaw_and_heals(campaign: Campaign, fault: Fault) -> None:
    outcome = campaign.run(fault)
    keep(campaign.outcomes)
    assert not outcome.flaws, "\n".join(["", *outcome.flaws])
    assert not outcome.stuck, "\n".join(["", *outcome.stuck])
    if FULL_SIZE:
        assert not outcome.too_slow(fault), "\n".join(["", *outcome.too_slow(fault)])


def test_after_all_faults_every_table_equals_the_fold_of_the_logs(campaign: Campaign) -> None:
    flaws = campaign.final_flaws()
    assert not flaws, "\n".join(["", *flaws])


def keep(outcomes: list[Outcome]) -> None:
    """Write what every fault did to build/chaos.json, and as a table to build/chaos.txt."""
    _REPORT.parent.mkdir(exist_ok=True)
    rows = [asdict(outcome) for outcome in outcomes]
    _REPORT.with_suffix(".json").write_text(json.dumps(rows, indent=2) + "\n")
    with _REPORT.open("w") as file:
        Console(file=file, width=160).print(table(outcomes))


def table(outcomes: list[Outcome]) -> Table:
    """The outcomes as a table, a line for each fault."""
    title = f"Chaos: seconds, in brackets for a machine with an echo of {REFERENCE_ECHO_MS} ms"
    made = Table(title=title)
    made.add_column("fault")
    for name in (
        "flaws",
        "healed after",
        "decided in time",
        "and in full",
        "others held",
        "following stood",
        "calls failed after",
        "unseen",
        "dead letters",
        "echo ms",
    ):
        made.add_column("\n".join(name.rsplit(" ", 1)), justify="right", no_wrap=True)
    for each in outcomes:
        made.add_row(
            each.fault,
            str(len(each.flaws)),
            "never" if each.healed is None else f"{each.healed:.1f}",
            f"{each.decisions_in_time:.1%}",
            f"{each.decisions_whole:.1%}",
            _both(each.longest_gap, each),
            _both(each.standstill, each),
            _both(each.failing, each),
            str(each.unseen),
            str(each.dead_letters),
            f"{each.echo_ms:.1f}",
        )
    return made


def _both(seconds: float, outcome: Outcome) -> str:
    return f"{seconds:.1f} ({seconds / outcome.scale:.1f})"
