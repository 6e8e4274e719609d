"""The fields that a slot declares: what the contents of its blocks have, and of which types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from chassis.config.yaml_document import Entry
from chassis.core.suggest import suggest
from chassis.validation.fields import MAX_AMOUNT
from contracts.currencies import CURRENCIES
from services.offers.domain.content import FieldType
from services.offers.domain.messages import MessageError, parse_message
from services.offers.domain.variables import VARIABLES, VariableKind

_URL = re.compile(r"(https://[^\s{}/?#]+(?:[/?#][^\s{}]*)?|/(?!/)[^\s{}]*)")
_OPTIONAL = re.compile(r"(?:(optional) )?([a-z]+)")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """The type of a field, and whether a content may do without it."""

    type: FieldType
    is_optional: bool = False


FieldSpecs = Mapping[str, FieldSpec]


def read_fields(entry: Entry) -> FieldSpecs:
    """The fields that a slot declares, such as `{title: text, points: optional number}`."""
    types = {each.value: each for each in FieldType}
    specs: dict[str, FieldSpec] = {}
    for name, item in entry.named().items():
        match = _OPTIONAL.fullmatch(item.text(64))
        if match is None or match[2] not in types:
            word = item.text(64).removeprefix("optional ")
            item.refuse(
                f"`{item.text(64)}` is no type of a field, {suggest(word, types)}; "
                "before it, `optional` may stand"
            )
        specs[name] = FieldSpec(types[match[2]], match[1] is not None)
    if not specs:
        entry.refuse("must name at least one field, such as `title: text`; else remove it")
    return specs


def common_fields(content: Entry, declared: Iterable[tuple[str, FieldSpecs]]) -> FieldSpecs | None:
    """What a content must have that stands in all these slots; None if none of them says it."""
    specs: dict[str, FieldSpec] = {}
    names: dict[str, str] = {}
    allowed: set[str] | None = None
    for slot, fields in declared:
        allowed = set(fields) if allowed is None else allowed & set(fields)
        for name, spec in fields.items():
            other = specs.get(name, spec)
            if other.type is not spec.type:
                content.refuse(
                    f"stands in {names[name]} and {slot}, whose field `{name}` is "
                    f"{other.type.value} in the one and {spec.type.value} in the other"
                )
            names[name] = slot
            specs[name] = FieldSpec(spec.type, other.is_optional and spec.is_optional)
    if allowed is None:
        return None
    for name, spec in specs.items():
        if name not in allowed and not spec.is_optional:
            content.refuse(f"stands in slots of which only some have the field `{name}`")
    return {name: spec for name, spec in specs.items() if name in allowed}


def check_fields(entry: Entry, specs: FieldSpecs, *, is_whole: bool = True) -> None:
    """Refuse a content whose fields are not those; a part of one may lack some."""
    parts = entry.fields()
    for name, part in parts.items():
        if name not in specs:
            part.refuse(f"`{name}` is no field of this slot; {suggest(name, specs)}")
        _CHECKS[specs[name].type](part)
    for name, spec in specs.items():
        if is_whole and not spec.is_optional and name not in parts:
            entry.refuse(f"has no `{name}`, which this slot declares; add it")


def _check_flag(entry: Entry) -> None:
    entry.flag()


def _check_text(entry: Entry) -> None:
    entry.text()


def _check_texts(entry: Entry) -> None:
    for item in entry.items():
        item.text()


def _check_number(entry: Entry) -> None:
    if not _is_variable(entry, VariableKind.NUMBER):
        entry.whole(-MAX_AMOUNT, MAX_AMOUNT)


def _check_url(entry: Entry) -> None:
    if not _URL.fullmatch(entry.text()):
        entry.refuse("must be an address: https://… or /…, without spaces and placeholders")


def _check_image(entry: Entry) -> None:
    fields = entry.record(required=("url", "alt"))
    _check_url(fields["url"])
    _check_text(fields["alt"])


def _check_money(entry: Entry) -> None:
    if _is_variable(entry, VariableKind.MONEY):
        return
    fields = entry.record(required=("amount", "currency"))
    fields["amount"].whole(0, MAX_AMOUNT)
    if fields["currency"].text(64) not in CURRENCIES:
        fields["currency"].refuse("must be an ISO 4217 code in capitals, such as EUR")


def _is_variable(entry: Entry, kind: VariableKind) -> bool:
    """Whether the value is one placeholder of that kind and nothing else."""
    if entry.is_mapping() or entry.is_list():
        return False
    try:
        whole = parse_message(entry.literal()).whole
    except MessageError:
        return False
    return whole is not None and whole in VARIABLES and VARIABLES[whole].kind is kind


_CHECKS: Mapping[FieldType, Callable[[Entry], None]] = {
    FieldType.TEXT: _check_text,
    FieldType.NUMBER: _check_number,
    FieldType.FLAG: _check_flag,
    FieldType.URL: _check_url,
    FieldType.IMAGE: _check_image,
    FieldType.MONEY: _check_money,
    FieldType.TEXTS: _check_texts,
    FieldType.JSON: lambda _: None,
}
