"""An independent record of every grant, made by the database itself, and what it has to show.

On PostgreSQL deferred triggers note every change of a grant and of a label as its transaction
commits, with the instants at which it began and committed. On SQLite one transaction runs at a
time: there a trigger counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

import sqlalchemy as sa

from chassis import SECOND
from services.offers.domain.caps import GRACE
from tests.proofs.cap_racers import MOST

LIVE = ("reserved", "confirmed")
_VISIBLE = 0.25  # seconds from the trigger of a commit until everybody sees it, at the most
_POSTGRESQL = """
CREATE TABLE audit (at double precision, begun double precision, kind text, id text,
                    cap_id text, stream_id text, state text, expires_at double precision);
CREATE FUNCTION audit_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO audit SELECT extract(epoch FROM clock_timestamp()),
        extract(epoch FROM transaction_timestamp()), TG_TABLE_NAME, row->>TG_ARGV[0],
        row->>'cap_id', row->>'stream_id', row->>TG_ARGV[1],
        CAST(row->>'expires_at' AS double precision) / 1000000
    FROM to_jsonb(NEW) AS row;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_grants AFTER INSERT OR UPDATE ON grants
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_it('grant_id', 'state');
CREATE CONSTRAINT TRIGGER audit_labels AFTER INSERT OR UPDATE ON labels
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_it('stream_id', 'profile_id');
"""
# What is reserved counts at least until then, by the clock as the trigger runs.
_COUNTS = f"""(grants.state = 'confirmed' OR (grants.state = 'reserved' AND grants.expires_at
    > (julianday('now') - 2440587.5) * 86400 * {SECOND} - {GRACE}))"""
_SQLITE = (
    "CREATE TABLE audit (cap_id text, by_shopper integer, in_all integer)",
    f"""
    CREATE TRIGGER audit_keys AFTER INSERT ON grant_keys WHEN NEW.key <> '*' BEGIN
        INSERT INTO audit SELECT NEW.cap_id,
            (SELECT count(DISTINCT grants.grant_id) FROM labels AS own
             JOIN labels ON labels.profile_id = own.profile_id
             JOIN grant_keys AS found ON found.key = labels.stream_id
                  AND found.cap_id = NEW.cap_id
             JOIN grants ON grants.grant_id = found.grant_id
             WHERE own.stream_id = NEW.key AND {_COUNTS}),
            (SELECT count(*) FROM grants
             WHERE cap_id = NEW.cap_id AND {_COUNTS})
        WHERE (SELECT state FROM grants WHERE grant_id = NEW.grant_id) = 'reserved';
    END
    """,
)


def install(connection: sa.Connection) -> None:
    """Have the database note what happens from now on; the connection is its owner's."""
    statements = _SQLITE if connection.dialect.name == "sqlite" else (_POSTGRESQL,)
    for statement in statements:
        connection.exec_driver_sql(statement)


@dataclass(slots=True)
class _Change:
    """A change, in seconds since the epoch: when its transaction began, and when it committed."""

    begun: float
    at: float
    value: str
    stream: str = ""
    cap_id: str = ""
    expires_at: float = 0.0


@dataclass(slots=True)
class Findings:
    """How many grants could be counted without doubt, how many not, and what was wrong."""

    counted: int = 0
    doubtful: int = 0
    wrong: list[str] = field(default_factory=list)


class AuditTrail:
    """What the triggers on PostgreSQL have noted."""

    def __init__(self, connection: sa.Connection) -> None:
        self._labels: dict[str, list[_Change]] = defaultdict(list)
        self._grants: dict[str, list[_Change]] = defaultdict(list)
        for row in connection.execute(sa.text("SELECT * FROM audit ORDER BY at")):
            change = _Change(
                row.begun,
                row.at,
                row.state,
                row.stream_id or "",
                row.cap_id or "",
                row.expires_at or 0.0,
            )
            (self._labels if row.kind == "labels" else self._grants)[row.id].append(change)
        self._by_stream: dict[tuple[str, str], list[str]] = defaultdict(list)
        for grant_id, changes in self._grants.items():
            self._by_stream[changes[0].cap_id, changes[0].stream].append(grant_id)

    def check(self) -> Findings:
        """Count at every grant by whom it was, wherever no merge or split was under way."""
        findings = Findings()
        for grant_id, changes in self._grants.items():
            made = changes[0]
            if made.cap_id != "personal":
                continue
            streams = self._streams(made)
            if streams is None:
                findings.doubtful += 1
                continue
            others = {each for s in streams for each in self._by_stream[made.cap_id, s]}
            live = [each for each in others if each != grant_id and self._was_live(each, made)]
            findings.counted += 1
            if len(live) >= MOST:
                findings.wrong.append(f"{grant_id}: {len(live)} before it in {sorted(streams)}")
        return findings

    def _streams(self, made: _Change) -> set[str] | None:
        """The streams of the profile of a grant; None if these changed while it was made."""
        shopper = made.stream.partition("-")[2]
        related = [f"{kind}-{shopper}" for kind in ("guest", "account")]
        profiles = {}
        for stream in related:
            for change in self._labels[stream]:
                if made.begun - _VISIBLE < change.at < made.at:
                    return None
                if change.at <= made.begun:
                    profiles[stream] = change.value
        return {each for each in related if profiles[each] == profiles[made.stream]}

    def _was_live(self, grant_id: str, made: _Change) -> bool:
        """Whether another grant surely counted when one was made."""
        begins, ends = self._surely_live(self._grants[grant_id])
        return begins < made.at < ends

    @staticmethod
    def _surely_live(changes: Sequence[_Change]) -> tuple[float, float]:
        """From when until when a grant surely counted."""
        ended = min((each.begun for each in changes if each.value not in LIVE), default=inf)
        if not any(each.value == "confirmed" for each in changes):
            ended = min(ended, changes[0].expires_at + GRACE / SECOND - _VISIBLE)
        return changes[0].at, ended

    def most_at_once(self, cap_id: str) -> int:
        """The most grants of an offer that surely counted at one time."""
        steps: list[tuple[float, int]] = []
        for changes in self._grants.values():
            if changes[0].cap_id == cap_id:
                begins, ends = self._surely_live(changes)
                steps += [(begins, 1), (max(begins, ends), -1)]
        return _highest(steps)


def _highest(steps: Iterable[tuple[float, int]]) -> int:
    level = highest = 0
    for _, step in sorted(steps, key=lambda each: (each[0], each[1])):
        level += step
        highest = max(highest, level)
    return highest
