"""Finding a shopper, pure: what a word may be, and why nobody was found."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from identifiers import Identifier, IdentifierTypes, Ignored

_KEY = re.compile(r"([a-z][a-z0-9_]*):([0-9a-f]{4,32})(?:…|\.\.\.)?")
_PAIR = re.compile(r"[a-z][a-z0-9_]*=.+")
_E_MAIL = re.compile(r"[^\s@]+@[^\s@]+")
_PHONE = re.compile(r"\+[0-9 ()./-]{6,}")
_LISTED = 5
_ADDRESS_ALONE = (
    "has been told, and no account has proven it; such an address alone leads to nobody, as anybody"
    " can type anybody's"
)


@dataclass(frozen=True, slots=True)
class Nobody:
    """Why nothing was found, and what to try."""

    reasons: list[str]
    advice: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The reasons, and then the advice."""
        return [*self.reasons, *self.advice]


def start_of_key(word: str) -> str | None:
    """The beginning of a key that a word is, whole or abbreviated as it is printed, or None."""
    match = _KEY.fullmatch(word.strip())
    return f"{match[1]}:{match[2]}" if match else None


def nobody_by_word(word: str, types: IdentifierTypes) -> Nobody:
    """Of a word that is no id and no key that we know."""
    word = word.strip()
    if (start := start_of_key(word)) is not None:
        name = start.partition(":")[0]
        if name not in types.by_name:
            return Nobody([f"is a key of the unknown type {name}"], [_known(types)])
        return Nobody(
            ["is the key of no identifier that we know"],
            ["keys depend on CDP_IDENTIFIER_KEY: those of another installation are others"],
        )
    reasons = ["is neither a profile, a stream, an event nor a key that we know"]
    if _PAIR.fullmatch(word):
        return Nobody(["is an identifier and no id"], ["give it alone, or with other identifiers"])
    if _E_MAIL.fullmatch(word) and "email" in types.by_name:
        return Nobody(reasons, [f"as an e-mail address, write email={word}"])
    if _PHONE.fullmatch(word) and "phone" in types.by_name:
        return Nobody(reasons, [f"as a telephone number, write phone={word}"])
    return Nobody(reasons, [f"an identifier is written TYPE=VALUE; {_known(types)}"])


def ambiguous(keys: Collection[str]) -> Nobody:
    """Of an abbreviated key with which several begin."""
    listed = ", ".join(sorted(keys)[:_LISTED])
    return Nobody(["is the beginning of several keys"], [f"give more of it: {listed}"])


def deferred(reason: str | None) -> Nobody:
    """Of an event that is not in the log, and not recorded for a reason, or not yet."""
    if reason is None:
        return Nobody(["is an event that waits for identity"], ["try again in a moment"])
    return Nobody(
        [f"is an event that could not be recorded: {reason}"], ["`cdp unrecordable list`"]
    )


def address_alone(name: str) -> Nobody:
    """Of an address that was told and that no account holds."""
    return Nobody(
        [f"{name} {_ADDRESS_ALONE}"],
        [
            f"`cdp profile address {name}=…` says where it was told, and what was ordered",
            "look by the id of an event, by a device, by user_id, or by the id of a profile",
        ],
    )


def no_address(word: str, types: IdentifierTypes) -> Nobody:
    """Of a word that is the key of no address that we know."""
    start = start_of_key(word)
    kind = types.by_name.get(start.partition(":")[0]) if start else None
    if start is None:
        return Nobody(["is no key"], ["a key is printed as email:3b1f09aa…"])
    if kind is not None and kind.assurance != "claimed":
        return Nobody([f"is the key of a {kind.name}, which is no address"], ["`cdp profile show`"])
    return nobody_by_word(start, types)


def nobody_by_identifiers(
    usable: Iterable[Identifier], ignored: Iterable[Ignored], seen: Mapping[str, bool]
) -> Nobody:
    """Of identifiers that lead to no profile; `seen` has keys whose values are in the vault."""
    reasons = [f"{each.type} {each.reason}" for each in ignored]
    advice: list[str] = []
    for identifier in usable:
        name, kind = identifier.type.name, identifier.type
        if not seen.get(identifier.key):
            kept = kind.keep_days
            since = "" if kept is None else f" within {kept:,} days"
            reasons.append(f"{name} has never been seen{since}, spelt like this")
            advice.append("compare it with what the shop sends, letter by letter")
        elif kind.assurance == "claimed":
            nobody = address_alone(name)
            reasons += nobody.reasons
            advice += nobody.advice
        else:
            reasons.append(f"{name} has been told, and leads to nobody: no sign-in has proven it")
            advice.append("look by the id of the event that told it")
    return Nobody(reasons, list(dict.fromkeys(advice)))


def _known(types: IdentifierTypes) -> str:
    return f"known types are {', '.join(types.by_name)}"
