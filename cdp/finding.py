"""Whom a command is about: by an id, a key or identifiers, as any command prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from cdp.commands.arguments import read_identifiers
from chassis.core.errors import Conflict, NotFound
from chassis.runtime.client import Client

_CUT = ("…", "...")


def read_shopper(words: Sequence[str]) -> dict[str, Any]:
    """The arguments of profiles.find that WHO stands for: one id or key, or type=value pairs."""
    if len(words) == 1 and "=" not in words[0]:
        return {"who": words[0]}
    if any(not kind or not value for kind, _, value in (word.partition("=") for word in words)):
        raise click.UsageError("WHO is one id or key, or identifiers such as user_id=omar")
    return {"identifiers": read_identifiers(words)}


def find_shopper(client: Client, shopper: Mapping[str, Any]) -> dict[str, Any]:
    """The response of profiles.find; NotFound says why it is nobody, and what to try."""
    found: dict[str, Any] = client.call("profiles", "find", **shopper)
    if found["profile_id"] is None:
        pairs = (f"{kind}={value}" for kind, value in shopper.get("identifiers", {}).items())
        raise NotFound(shopper.get("who") or " ".join(pairs), _nobody(found))
    return found


def find_profile_id(client: Client, shopper: Mapping[str, Any]) -> str:
    """The id of the profile that they stand for today."""
    return str(find_shopper(client, shopper)["profile_id"])


def whole_keys(client: Client, profile_id: str, keys: Sequence[str]) -> list[str]:
    """Keys of a profile's identifiers, each of which may be abbreviated as commands print it."""
    profile = client.call("identity", "describe", profile_id=profile_id)
    known = {
        identifier["key"] for stream in profile["streams"] for identifier in stream["identifiers"]
    }
    return [_whole_key(key, known) for key in keys]


def _whole_key(key: str, known: set[str]) -> str:
    start = key
    for cut in _CUT:
        start = start.removesuffix(cut)
    found = sorted(each for each in known if each.startswith(start)) if ":" in start else []
    if len(found) > 1 and start not in found:
        raise Conflict(key, f"is the beginning of several keys: {', '.join(found)}")
    if not found:
        raise NotFound(key, "is no identifier of this profile; `cdp identity show` lists its keys")
    return start if start in found else found[0]


def _nobody(found: Mapping[str, Any]) -> str:
    lines = ["; ".join(found["reasons"])]
    lines += [f"  try: {advice}" for advice in found["try"]]
    return "\n".join(lines)
