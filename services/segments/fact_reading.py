"""Reading the single events that rules ask for: no more of them, and for a batch together."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chassis.eventlog.unit_of_work import UnitOfWork
from rules import Summary
from services.segments import store
from services.segments.domain.dependencies import RuleIndex
from services.segments.domain.evaluation import ProfileEvaluation


class FactReader:
    """Lets the summaries of a batch have the single events that rules ask for, as they ask.

    A rule may say no before it comes to them: most who order have no cart, so nothing is read.
    """

    def __init__(self, unit: UnitOfWork, index: RuleIndex) -> None:
        self._unit = unit
        self._index = index
        self._pending: list[_PendingRules] = []

    def add(
        self,
        evaluation: ProfileEvaluation,
        summary: Summary,
        streams: Collection[str],
        asked: Mapping[str, int],
        first: int,
    ) -> None:
        """A profile whose rules will be asked from the instant `first` on.

        `asked` says when each of its rules is asked first.
        """
        rules = sorted(asked.keys() & self._index.read_facts)
        if rules:
            since = store.facts_since(self._index.facts_of(rules), first)
            facts = store.StoredFacts(self._unit, sorted(streams), since)
            summary.facts = facts
            pending = [(segment, asked[segment]) for segment in rules]
            self._pending.append(_PendingRules(evaluation, summary, facts, pending))

    def read_ahead(self) -> None:
        """Read what the rules will ask for first, in one statement for all profiles.

        What they ask for later, as time passes, is read then.
        """
        pending = self._pending
        while pending:
            unread = [(each.facts, error) for each in pending if (error := each.find_unread())]
            pending = [each for each in pending if each.rules]
            store.read_facts(self._unit, unread)


class _PendingRules:
    """The rules of a profile of which it is not known yet what they ask for, the last one first."""

    __slots__ = ("_evaluation", "_summary", "facts", "rules")

    def __init__(
        self,
        evaluation: ProfileEvaluation,
        summary: Summary,
        facts: store.StoredFacts,
        rules: list[tuple[str, int]],
    ) -> None:
        self._evaluation = evaluation
        self._summary = summary
        self.facts = facts
        self.rules = rules

    def find_unread(self) -> store.UnreadFactsError | None:
        """Ask the rules until one of them needs what is not read; None if no rule does."""
        self.facts.reads = False
        try:
            while self.rules:
                self._evaluation.ask(*self.rules[-1], self._summary)
                self.rules.pop()
        except store.UnreadFactsError as unread:
            return unread
        finally:
            self.facts.reads = True
        return None
