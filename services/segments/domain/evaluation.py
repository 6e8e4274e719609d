"""Evaluation: which memberships of a profile have changed, by its summary and the definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import partial
from heapq import heapify, heappop, heappush

from rules import Summary
from services.segments.domain.definitions import ActiveDefinitions
from services.segments.domain.memberships import Membership, MembershipChange, change_to, ends_of
from services.segments.domain.news import ProfileNews

# A rule that has turned this often without an evaluation is then evaluated at `now`.
MOST_TURNS = 100
_NEVER = 1 << 63


@dataclass(frozen=True, slots=True)
class EvaluationState:
    """How a profile was evaluated last, and when it is due to be evaluated again.

    Generation 0 is a profile that was never evaluated. By `next_at` at the latest a rule may turn;
    `due` says of each when it does, and is None where that is not known. `members` are the
    memberships, None where only their own table has them. Nothing is evaluated at an instant before
    the `watermark`, up to which time was followed. `is_settled`: the memberships were published as
    a set.
    """

    next_at: int | None
    generation: int
    watermark: int = 0
    due: Mapping[str, int] | None = None
    members: Mapping[str, Membership] | None = None
    is_settled: bool = False

    def is_due(self, now: int, generation: int) -> bool:
        """Whether time or a new definition may have changed its memberships."""
        return self.generation < generation or (self.next_at is not None and self.next_at <= now)


UNEVALUATED = EvaluationState(None, 0)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The net changes against the stored memberships, and when to evaluate again."""

    changes: tuple[MembershipChange, ...]
    next_at: int | None
    due: Mapping[str, int] = field(default_factory=dict)


class ProfileEvaluation:
    """The evaluation of one profile, step by step: as time passes, events and definitions come.

    Each step adds the net changes that it makes to `changes`, with the reason for them.
    """

    def __init__(
        self,
        definitions: ActiveDefinitions,
        state: EvaluationState,
        members: Mapping[str, Membership],
    ) -> None:
        self._definitions = definitions
        self._state = state
        self.before = members
        self.members = dict(members)
        self.watermark = state.watermark
        self._least_watermark = state.watermark
        self.changes: list[tuple[str, MembershipChange]] = []
        self.has_asked = False
        """Whether any rule was asked"""
        self._inside = set(members)
        self._flips: dict[str, tuple[int, str]] = {}  # when and why each segment changed last
        self._verdicts: dict[str, tuple[bool, int | None]] = {}
        self._due = _due(definitions, state)
        self._has_streams = True

    @property
    def due(self) -> Mapping[str, int]:
        """When each rule may turn, if it may."""
        return self._due

    @property
    def redefined(self) -> frozenset[str]:
        """The segments that have another definition than the profile was evaluated by."""
        return self._definitions.redefined_since(self._state.generation)

    @property
    def first_due(self) -> int:
        """When a rule may turn first; the end of time if none may."""
        versions = self._definitions.versions
        return min((at for s, at in self._due.items() if s in versions), default=_NEVER)

    def first_due_in(self, first: int, end: int) -> int | None:
        """When a rule may turn first from `first` on, but before `end`."""
        versions = self._definitions.versions
        return min(
            (at for s, at in self._due.items() if first <= at < end and s in versions), default=None
        )

    def is_due(self, until: int) -> bool:
        """Whether a rule may turn by `until`."""
        return self.first_due <= until

    def asked_first(self, news: ProfileNews | None, now: int, *, is_new: bool) -> dict[str, int]:
        """When `evaluate` with the same arguments asks each rule first that it may ask."""
        asked = self.due_by(now) | dict.fromkeys(self.redefined, now)
        return asked | dict.fromkeys(self._touched(news, is_new)[0], self._start(news, now))

    def due_by(self, until: int) -> dict[str, int]:
        """When each rule turns that may do so by `until`."""
        versions = self._definitions.versions
        return {s: at for s, at in self._due.items() if at <= until and s in versions}

    def ask(self, segment: str, at: int, summary: Summary) -> None:
        """Ask a segment's rule at an instant for nothing but what it reads."""
        rule = self._definitions.versions[segment].definition.rule
        self._read(summary)
        rule.evaluate(summary, max(at, summary.state.watermark), segment in self._inside)

    def pass_time(self, summary: Summary, until: int) -> None:
        """Follow the rules that are due by `until`: each change is dated to when its rule turned.

        A rule that has changed since it was evaluated is none of them.
        """
        self._read(summary)
        if self._advance(summary, until, self.redefined):
            self.keep_watermark(until)
        self._tell()

    def evaluate(
        self, summary: Summary, news: ProfileNews | None, now: int, *, is_new: bool
    ) -> None:
        """Evaluate at `now`: what news touch, what time changes, and what was redefined.

        Of a profile that `is_new`, nothing was known before these news.
        """
        self.end(now)
        self._read(summary)
        touched, reason = self._touched(news, is_new)
        redefined = frozenset() if is_new else self.redefined - touched
        if is_new:
            self._begin(touched, now)
        start = self._start(news, now)
        has_turned = self._advance(summary, start, touched | redefined)
        self._judge(touched, summary, start, now, reason)
        if self._advance(summary, now, redefined) or has_turned:
            self.keep_watermark(now)
        self._judge(redefined, summary, now, now, "definition")
        self._tell()

    def keep_watermark(self, watermark: int) -> None:
        """Store this watermark, or a later one, even if nothing else has changed in the end."""
        self._least_watermark = max(self._least_watermark, watermark)
        self.watermark = max(self.watermark, watermark)

    def leave_all(self, now: int, reason: str) -> None:
        """Leave every segment: nothing of the profile is left.

        If a stream is in it again, whatever that has been told concerns all rules.
        """
        left = self._inside & self._definitions.versions.keys()
        self._inside -= left
        self._flips = dict.fromkeys(left, (now, reason))
        self._due = {}
        self._has_streams = False
        self._tell()

    def end(self, now: int) -> None:
        """Leave the segments that have been deleted."""
        for change in ends_of(self._definitions, self.members, self._state.generation, now):
            self.changes.append(("definition", change))
            self._inside.discard(change.segment)
            del self.members[change.segment]

    def state(self, now: int, *, is_settled: bool) -> EvaluationState:
        """The state to be stored; the one before if nothing has changed.

        When to look again is a lower bound, written only if it gets earlier or has passed.
        """
        before = self._state
        turns = [at for segment, at in self._due.items() if segment in self._definitions.versions]
        next_at = min(turns, default=None)
        if before.next_at is not None and before.next_at > now:
            next_at = before.next_at if next_at is None else min(before.next_at, next_at)
        up_to = partial(
            EvaluationState,
            next_at,
            self._definitions.generation,
            due=self._due if self._has_streams else None,
            members=self.members,
            is_settled=is_settled,
        )
        is_changed = up_to(self._least_watermark) != before
        return up_to(max(self.watermark, now)) if is_changed else before

    def _start(self, news: ProfileNews | None, now: int) -> int:
        """The instant at which what news touch is evaluated."""
        return min(max(news.last_at, self.watermark), now) if news else now

    def _touched(self, news: ProfileNews | None, is_new: bool) -> tuple[set[str], str]:
        """The segments that news concern, and the reason for what changes by them."""
        if news is None:
            if self._state.generation == 0:
                return set(self._definitions.versions), "rebuild"
            return set(), "time"
        if news.moved or (self._state.due is None and not is_new):
            return set(self._definitions.versions), news.reason
        return self._definitions.index.touched_by(news.types), news.reason

    def _begin(self, but: set[str], now: int) -> None:
        """Take over what all rules `but` some say of a profile of which nothing is known."""
        for segment, (value, changes_at) in self._definitions.index.of_nothing(now).items():
            if segment not in but:
                self._note(segment, value, changes_at, now, "event")

    def _judge(
        self, segments: Set[str], summary: Summary, at: int, dated: int, reason: str
    ) -> None:
        """Evaluate rules at an instant; what changes is dated `dated`."""
        for segment in sorted(segments, key=self._definitions.index.place):
            self._turn(segment, summary, at, dated, reason)

    def _advance(self, summary: Summary, until: int, but: Set[str]) -> bool:
        """Follow all rules `but` some, turn by turn; whether any was due by `until`."""
        index, versions = self._definitions.index, self._definitions.versions
        queue = [
            (at, index.place(segment))
            for segment, at in self._due.items()
            if at <= until and segment in versions and segment not in but
        ]
        if not queue:
            return False
        heapify(queue)
        turns: Counter[str] = Counter()
        while queue:
            at, place = heappop(queue)
            segment = place[1]
            if self._due.get(segment) != at:
                continue
            turns[segment] += 1
            at = at if turns[segment] <= MOST_TURNS else until
            self._turn(segment, summary, at, at, "time")
            if (changes_at := self._due.get(segment)) is not None and changes_at <= until:
                heappush(queue, (changes_at, place))
        return True

    def _turn(self, segment: str, summary: Summary, at: int, dated: int, reason: str) -> None:
        """Evaluate one rule at an instant, or at the watermark if that is later."""
        rule = self._definitions.versions[segment].definition.rule
        at = max(at, summary.state.watermark)
        self.has_asked = True
        self._note(segment, *rule.evaluate(summary, at, segment in self._inside), dated, reason)

    def _note(
        self, segment: str, value: bool, changes_at: int | None, dated: int, reason: str
    ) -> None:
        if value is not (segment in self._inside):
            self._inside ^= {segment}
            self._flips[segment] = dated, reason
        if changes_at is not None:
            self._due[segment] = changes_at
        elif segment in self._due:
            del self._due[segment]
        if self._verdicts:
            self._verdicts[segment] = value, changes_at

    def _read(self, summary: Summary) -> None:
        """Let rules that ask for other segments read what these say."""
        if self._definitions.index.asks_for_segments:
            self._verdicts = {
                segment: (segment in self._inside, self._due.get(segment))
                for segment in self._definitions.versions
            }
            summary.memberships = self._verdicts

    def _tell(self) -> None:
        """Add what is another membership now than it was."""
        for segment, (at, reason) in sorted(self._flips.items()):
            inside = segment in self._inside
            if inside is not (segment in self.members):
                version = self._definitions.versions[segment]
                change = change_to(version, inside, at, self.before, self._state.generation)
                self.changes.append((reason, change))
                if inside:
                    since = change.at if change.since is None else change.since
                    self.members[segment] = Membership(since, version.number)
                else:
                    del self.members[segment]
        self._flips.clear()


def _due(definitions: ActiveDefinitions, state: EvaluationState) -> dict[str, int]:
    """When each rule may turn that is not deleted, also one that cannot be read for now."""
    versions, unreadable = definitions.versions, definitions.unreadable
    if state.due is not None:
        return {s: at for s, at in state.due.items() if s in versions or s in unreadable}
    if state.next_at is None:
        return {}
    # Whatever may turn, may turn at the earliest instant.
    return dict.fromkeys((*versions, *unreadable), state.next_at)


def stored_verdicts(
    definitions: ActiveDefinitions, state: EvaluationState, members: Mapping[str, Membership]
) -> Mapping[str, tuple[bool, int | None]]:
    """By segment, whether a profile is in it, and when that may change by itself."""
    due = _due(definitions, state)
    return {s: (s in members, due.get(s)) for s in definitions.versions.keys() | members.keys()}


def evaluate(
    summary: Summary | None,
    definitions: ActiveDefinitions,
    members: Mapping[str, Membership],
    now: int,
    due_at: int | None = None,
) -> Evaluation:
    """The changes from `members`, the stored memberships, to what all rules say at `now`.

    `summary` is None for a profile without streams, which is in no segment. With `due_at`, an
    instant before `now` at which the profile was due, each change is dated exactly: to the instant
    at which its rule turned.
    """
    state = EvaluationState(due_at, definitions.generation)
    evaluation = ProfileEvaluation(definitions, state, members)
    evaluation.end(now)
    if summary is None:
        evaluation.leave_all(now, "event")
    elif due_at is not None and due_at <= now:
        evaluation.pass_time(summary, now)
    else:
        news = ProfileNews(now, now, moved=True)
        evaluation.evaluate(summary, news, now, is_new=False)
    changes = tuple(change for _reason, change in evaluation.changes)
    return Evaluation(changes, min(evaluation.due.values(), default=None), evaluation.due)
