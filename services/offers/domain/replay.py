"""Replays: decisions of the log made again, by their own catalogue or by another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.offers.domain.catalogue import Catalogue
from services.offers.domain.log_entry import EVALUATOR, replay

NO_SLOT = "no such slot"


@dataclass(frozen=True, slots=True)
class BlockChange:
    """A slot of a decision that shows another block when it is decided again.

    `before` and `after` are its offers as `id v1`, with commas; null for the fallback block, and
    NO_SLOT where there was no such slot, or is none.
    """

    decision_id: str
    slot: str
    before: str | None
    after: str | None


@dataclass(slots=True)
class ReplayCount:
    """What has come of a number of decisions.

    `same` show the same blocks. `stored` are of version 1: they keep their trace, and their inputs
    were not logged. `other_evaluator` were decided by another release from the same inputs and show
    other blocks. `unplaced` are of a placement that the other catalogue does not have, and of
    `unlogged` it asks what no offer asked then. `unreadable` are by a catalogue that this release
    cannot read.
    """

    decisions: int = 0
    same: int = 0
    stored: int = 0
    other_evaluator: int = 0
    unplaced: int = 0
    unlogged: int = 0
    unreadable: int = 0
    changes: list[BlockChange] = field(default_factory=list)

    def add(
        self,
        decision_id: str,
        entry: Mapping[str, Any],
        own: Catalogue | None,
        other: Catalogue | None = None,
    ) -> None:
        """Decide one of them again by its own catalogue, None if it cannot be read; or by `other`.

        What offers of its own catalogue did not read of the shopper was not logged.
        """
        self.decisions += 1
        placement, catalogue = entry["placement"], other or own
        if "shopper" not in entry:
            self.stored += 1
        elif own is None or catalogue is None:
            self.unreadable += 1
        elif placement not in catalogue.placements:
            self.unplaced += 1
        elif not own.reads[placement].includes(catalogue.reads[placement]):
            self.unlogged += 1
        elif not (changes := list(_changes(decision_id, entry, catalogue))):
            self.same += 1
        elif entry["evaluator"] != EVALUATOR:
            self.other_evaluator += 1
        else:
            self.changes += changes


def _changes(
    decision_id: str, entry: Mapping[str, Any], catalogue: Catalogue
) -> Iterator[BlockChange]:
    again = replay(entry, catalogue)
    for slot in sorted(entry["slots"].keys() | again.keys()):
        before = _offers_of(entry["slots"].get(slot))
        blocks = again.get(slot)
        after = _offers_of(None if blocks is None else [block.to_log() for block in blocks])
        if before != after:
            yield BlockChange(decision_id, slot, _names(before), _names(after))


def _offers_of(blocks: Sequence[Mapping[str, Any]] | None) -> list[str | None]:
    return [NO_SLOT] if blocks is None else [_name(block) for block in blocks]


def _names(blocks: Sequence[str | None]) -> str | None:
    return ", ".join(name for name in blocks if name is not None) or None


def _name(block: Mapping[str, Any]) -> str | None:
    offer_id = block["offer_id"]
    return None if offer_id is None else f"{offer_id} v{block['offer_version']}"
