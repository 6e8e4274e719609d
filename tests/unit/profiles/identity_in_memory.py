"""Identity's contract in a few lines, for tests: no limits and no tenures, its log in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from chassis import Event, JointDraft, Unavailable, copy_id, new_id

_STRONGEST_FIRST = ("user_id", "loyalty_id", "email", "phone", "anonymous_id", "device_id")
_REFUSED = "undefined"


class IdentityInMemory:
    """Everything that shares an identifier is one profile, labelled after the oldest stream.

    The identifier value `undefined` is a placeholder. `down` makes every call fail, `mute` its
    history empty.
    """

    def __init__(self, ids: Callable[[], str] = new_id) -> None:
        self.down = False
        self.mute = False
        self.calls = 0
        self.log: dict[str, list[Event]] = {}
        self._ids = ids
        self._ages = count()
        self._born: dict[str, int] = {}
        self._streams: dict[str, str] = {}
        self._profiles: dict[str, str] = {}

    def resolve(self, *, observations: list[dict[str, Any]]) -> dict[str, Any]:
        self._check_up()
        facts: list[Event] = []
        return {
            "resolutions": [self._resolve(one, facts) for one in observations],
            "facts": [fact.to_wire() for fact in facts],
        }

    def history(self, *, streams: list[dict[str, Any]], limit: int) -> dict[str, Any]:
        self._check_up()
        events = [
            event
            for place in sorted(streams, key=lambda place: place["stream"])
            for event in self.log.get(place["stream"], [])
            if event.version > place["after"]
        ]
        return {"events": [] if self.mute else [event.to_wire() for event in events[:limit]]}

    def lookup(self, *, identifiers: Mapping[str, str], authenticated: bool) -> dict[str, Any]:
        self._check_up()
        streams = [self._streams[key] for key in _keys(identifiers) if key in self._streams]
        return {
            "profile_id": self._profiles[streams[0]] if streams else None,
            "stream_id": streams[0] if streams else None,
            "ignored_identifiers": _ignored(identifiers),
        }

    def holders(self, *, keys: list[str]) -> dict[str, Any]:
        """Nobody has proven anything."""
        self._check_up()
        return {"holders": []}

    def facts(self) -> list[Event]:
        """One copy of every fact, oldest first."""
        copies = [event for events in self.log.values() for event in events]
        first = {event.data["fact_id"]: event for event in sorted(copies, key=lambda e: e.stream)}
        return sorted(first.values(), key=lambda event: event.recorded_at)

    def _check_up(self) -> None:
        self.calls += 1
        if self.down:
            raise Unavailable("identity", "did not answer in 2 s; try again")

    def _resolve(self, observation: dict[str, Any], facts: list[Event]) -> dict[str, Any]:
        event_id, identifiers = observation["event_id"], observation["identifiers"]
        ignored = _ignored(identifiers)
        keys = _keys({n: value for n, value in identifiers.items() if value != _REFUSED})
        if not keys:
            error = {"field": "identifiers", "message": "has no identifier that can be used"}
            return {"event_id": event_id, "error": error, "ignored_identifiers": ignored}
        if fact := self._join(keys, observation):
            facts.append(fact)
        stream = self._streams[keys[0]]
        return {
            "event_id": event_id,
            "stream_id": stream,
            "profile_id": self._profiles[stream],
            "epoch": len(self.log[stream]),
            "assurance": "verified" if observation["authenticated"] else "device",
            "ignored_identifiers": ignored,
        }

    def _join(self, keys: list[str], observation: dict[str, Any]) -> Event | None:
        new = [key for key in keys if key not in self._streams]
        for key in new:
            self._streams[key] = self._ids()
            self._born[self._streams[key]] = next(self._ages)
        labels = {self._profiles[self._streams[key]] for key in keys if key not in new}
        label = min(labels or {self._streams[keys[0]]}, key=self._born.__getitem__)
        streams = [s for s, profile in self._profiles.items() if profile in labels - {label}]
        streams += [self._streams[key] for key in new]
        if not streams:
            return None
        for stream in streams:
            self._profiles[stream] = label
        return self._append(label, streams, len(labels) > 1, observation)

    def _append(self, label: str, streams: list[str], merged: bool, observation: Any) -> Event:
        owners = {stream: key for key, stream in self._streams.items()}
        fact = JointDraft(
            id=self._ids(),
            type="identity_changed",
            entries={
                stream: {
                    "profile_id": label,
                    "epoch": len(self.log.get(stream, [])) + 1,
                    "identifiers": [
                        {
                            "key": owners[stream],
                            "type": owners[stream].partition(":")[0],
                            "tenure": 1,
                            "assurance": "device",
                        }
                    ],
                }
                for stream in streams
            },
            data={"reason": "merged" if merged else "linked"},
            occurred_at=0,
        )
        at = next(self._ages)
        entries = [
            {"stream": stream, "version": entry["epoch"], **entry}
            for stream, entry in sorted(fact.entries.items())
        ]
        for entry in entries:
            event = Event(
                id=copy_id(fact.id, entry["stream"]),
                source="identity",
                type=fact.type,
                stream=entry["stream"],
                version=entry["version"],
                data={**fact.data, "fact_id": fact.id, "streams": entries},
                occurred_at=at,
                recorded_at=at,
                metadata={"joint": True},
            )
            self.log.setdefault(event.stream, []).append(event)
        return self.log[entries[0]["stream"]][-1]


def _keys(identifiers: Mapping[str, str]) -> list[str]:
    """Strongest first; a hash of the value stands for it, as in the real one."""
    return [f"{n}:{hash(identifiers[n]):x}" for n in _STRONGEST_FIRST if n in identifiers]


def _ignored(identifiers: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"type": name, "reason": "placeholder"}
        for name, value in identifiers.items()
        if value == _REFUSED
    ]
