"""What becomes of an event in which there is a card number: nobody ever records one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from chassis.core.field_message import FieldMessage
from chassis.validation.plain import join
from chassis.validation.schema import MAX_MESSAGES, InvalidFields, Parts
from contracts.card_numbers import card_fields, may_hold_cards, without_card_numbers
from contracts.event_types import ORDER_FOLLOW_UPS

REFUSED_CARD = (
    "looks like a card number, which is never taken: leave it out, or send the token that your"
    " payment provider has for it; a number that is none goes into a field named as what it is,"
    " such as order_id"
)
MASKED_CARD = (
    "looks like a card number, and was recorded with its last four digits alone; leave it out"
)
_CHECKED = ("data", "context")
_KEPT = ORDER_FOLLOW_UPS | {"order_completed"}


def settle_cards(event: dict[str, Any], path: str) -> tuple[dict[str, Any], list[FieldMessage]]:
    """An event as it may be recorded, and warnings of what was masked; else InvalidFields.

    What tells of an order is kept with its card numbers masked: no order is lost for a note.
    """
    found = list(islice(_card_paths(event), MAX_MESSAGES))
    if not found:
        return event, []
    if event["type"] not in _KEPT:
        raise InvalidFields(_messages(found, path, REFUSED_CARD))
    return without_cards(event), _messages(found, path, MASKED_CARD)


def card_errors(event: Any, path: str) -> list[FieldMessage]:
    """What is to be said of the card numbers in an event that is rejected for something else."""
    if type(event) is not dict:
        return []
    return _messages(list(islice(_card_paths(event), MAX_MESSAGES)), path, REFUSED_CARD)


def without_cards(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with every card number of its data and context masked."""
    objects = {name: event[name] for name in _CHECKED if type(event.get(name)) is dict}
    return {**event, **{name: without_card_numbers(part) for name, part in objects.items()}}


def _card_paths(event: Mapping[str, Any]) -> Iterator[Parts]:
    for name in _CHECKED:
        part = event.get(name)
        if part and may_hold_cards(part):
            yield from card_fields(part, (name,))


def _messages(found: list[Parts], path: str, message: str) -> list[FieldMessage]:
    return [FieldMessage(join(path, parts), message) for parts in found]
