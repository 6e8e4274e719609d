"""Requests and responses of offers, and the event of a decision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from math import ceil, inf
from typing import Any, cast
from urllib.parse import urlsplit

from marshmallow import ValidationError

from chassis.core.errors import InvalidInput
from chassis.validation.fields import (
    Amount,
    Boolean,
    Choice,
    Instant,
    Integer,
    JsonObject,
    ListOf,
    MapOf,
    Name,
    Nested,
    Number,
    Text,
    check_length,
    check_text,
)
from chassis.validation.plain import faults, join, kind, measure, pruned
from chassis.validation.schema import (
    MAX_MESSAGES,
    Mending,
    Parts,
    StrictSchema,
    flat_errors,
    load_checked,
)
from chassis.validation.slips import meant_round
from contracts.common import IgnoredIdentifierSchema
from contracts.event_fields import Quantity
from contracts.fields import Country, Currency, OptionalIdentifiers, Versions

MAX_REQUEST_BYTES = 64 * 1024
MAX_ITEMS = 200
MAX_STREAMS = 100
MAX_DEADLINE_MS = 60_000
MAX_RATING = 5
MAX_REVIEWS = 1_000_000_000
ASSURANCES = ("none", "claimed", "device", "verified")
_TOO_MANY = f"of {{}} entries the first {MAX_ITEMS} are read"
_PLACEMENT = "is missing: name a placement of offers.yaml, such as checkout"

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}")


class Token(Versions):
    """A receipt's token, of at most 100 streams."""

    def read(self, value: Any) -> dict[str, int]:
        versions = super().read(value)
        check_length(versions, 0, MAX_STREAMS)
        return versions


class Referrer(Text):
    """A page's address, of which only the host is kept, without `www.`: paths tell on people.

    What has no host is read as None, since browsers send all kinds of things.
    """

    def read(self, value: Any) -> Any:
        text = check_text(value).strip().lower()
        try:
            host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        except ValueError:
            return None
        host = host.removeprefix("www.")
        return host if len(host) <= 253 and _HOST.fullmatch(host) else None


class LowercaseText(Text):
    """Text that is compared without regard to capitals."""

    def read(self, value: Any) -> str:
        return super().read(value).strip().lower()


class RequestedLanguage(Text):
    """A tag such as `de-AT`; of a header such as `de-AT,de;q=0.9` the first language."""

    def read(self, value: Any) -> str:
        return super().read(check_text(value).partition(",")[0].partition(";")[0].strip())


class Rating(Number):
    """Stars, from 0 to 5."""

    def read(self, value: Any) -> float:
        stars = super().read(value)
        if not 0 <= stars <= MAX_RATING:
            raise ValidationError(f"must be stars from 0 to {MAX_RATING}")
        return stars


class Stock(JsonObject):
    """`{sku: pieces}`."""

    def read(self, value: Any) -> dict[str, int]:
        stock = super().read(value)
        check_length(stock, 0, MAX_ITEMS)
        errors = {
            sku: ["must be how many there are: a whole number"]
            for sku, pieces in stock.items()
            if type(pieces) is not int or pieces < 0
        }
        if errors:
            raise ValidationError(errors)
        return stock

    def mend(self, value: Any, mending: Mending, parts: Parts) -> Any:
        """Numbers in texts, and of articles that were sold more often than they were there."""
        stock = super().mend(value, mending, parts)
        if type(stock) is not dict:
            return stock
        return {
            sku: _mended_pieces(pieces, mending, (*parts, sku))
            for sku, pieces in stock.items()
            if pieces is not None
        }


def _mended_pieces(pieces: Any, mending: Mending, parts: Parts) -> Any:
    """How many there are, if it can mean one thing only."""
    meant = pieces if type(pieces) is int else meant_round(pieces)
    if meant is None:
        return pieces
    if meant < 0:
        mending.warn(parts, "is below 0, and was read as 0: nothing is left")
    elif type(pieces) is not int:
        mending.warn(parts, f"was read as the whole number {meant}; send it so")
    return max(meant, 0)


class Pieces(Quantity):
    """How many pieces a line has: what is sold by weight counts as the next whole number."""

    def read(self, value: Any) -> int:
        return ceil(super().read(value))


class ItemSchema(StrictSchema):
    """A line of the basket; `price` is that of one piece, in minor units.

    A quantity of 0 is a line that was removed. `name` is what shoppers call the article.
    """

    sku = Text(longest=200, required=True)
    name = Text(longest=200)
    category = Text(longest=200)
    quantity = Pieces(load_default=1)
    price = Amount()


class ContextSchema(StrictSchema):
    """The transaction: `value` in minor units of `currency`, and where it takes place.

    `rating` (0 to 5) and `review_count` are those that the page may show beside the order.
    """

    items = ListOf(Nested(ItemSchema()), most=MAX_ITEMS)
    value = Amount()
    currency = Currency()
    device = LowercaseText(longest=64)
    referrer = Referrer()
    language = RequestedLanguage(longest=35)
    country = Country()
    store = Text(longest=200)
    stock = Stock()
    rating = Rating()
    review_count = Integer(least=0, most=MAX_REVIEWS)


class DecideRequest(StrictSchema):
    """The argument of `offers.decide`; null is as good as absent."""

    placement = Name(required=True, error_messages={"required": _PLACEMENT})
    identifiers = OptionalIdentifiers(load_default=dict)
    authenticated = Boolean(load_default=False)
    context = Nested(ContextSchema(), load_default=dict)
    at_least = Token(load_default=dict)
    sent_at = Instant()
    deadline_ms = Integer(least=1, most=MAX_DEADLINE_MS)
    explain = Boolean(load_default=False)
    dry_run = Boolean(load_default=False)
    reserve = Boolean(load_default=False)


class BlockSchema(StrictSchema):
    """What one slot shows; a fallback block has no offer."""

    offer_id = Text(allow_none=True, required=True)
    offer_version = Integer(allow_none=True, required=True)
    variant = Text(required=True)
    content = JsonObject(required=True)


class ConsideredOfferSchema(StrictSchema):
    """An offer that was looked at, and why it was eligible or not."""

    offer_id = Text(required=True)
    offer_version = Integer(required=True)
    eligible = Boolean(required=True)
    chosen = Boolean(required=True)
    why = ListOf(Text(longest=5_000), required=True)


class UnusedIdentifierSchema(IgnoredIdentifierSchema):
    """An identifier that was not used, and the reason."""


class DecisionInputsSchema(StrictSchema):
    """What the decision was made from: the catalogue's fingerprint and the versions held."""

    catalogue = Text(required=True)
    streams = Versions(required=True)
    segments = Versions(required=True)
    ignored_identifiers = ListOf(Nested(UnusedIdentifierSchema()), required=True)


class ReservedSchema(StrictSchema):
    """What a decision has reserved: `offers.confirm` takes its key, before it expires.

    The key is that of an earlier decision if that has reserved it for the same shopper.
    """

    key = Text(required=True)
    expires_at = Instant(required=True)


class ExperimentPartSchema(StrictSchema):
    """The shopper's variant in an experiment or a holdout.

    `hash_attribute` is the identifier by whose value it was worked out; `sticky` says that it is
    from an earlier exposure instead. `slots` are those whose blocks depend on it: who sees one of
    them is exposed.
    """

    experiment = Name(required=True)
    variant = Name(required=True)
    hash_attribute = Name(required=True)
    sticky = Boolean(required=True)
    slots = ListOf(Name(), required=True)


class DecideResponse(StrictSchema):
    """The answer of `offers.decide`.

    `capped` has the offers that caps, budgets or empty pools of coupons have kept out, and why;
    `reservations`, by offer, what was reserved as the request asked for it.
    """

    decision_id = Text(required=True)
    placement = Name(required=True)
    profile_id = Text(allow_none=True, required=True)
    assurance = Choice(*ASSURANCES, required=True)
    slots = MapOf(ListOf(Nested(BlockSchema())), required=True)
    reasons = ListOf(Text(), required=True)
    degraded = ListOf(Text(), required=True)
    stale = Boolean(required=True)
    inputs = Nested(DecisionInputsSchema(), required=True)
    decided_at = Instant(required=True)
    capped = MapOf(Text())
    reservations = MapOf(Nested(ReservedSchema()))
    experiments = ListOf(Nested(ExperimentPartSchema()))
    trace = MapOf(ListOf(Nested(ConsideredOfferSchema())))


_REQUEST = DecideRequest()
_CONTEXT = ContextSchema()
_REFUSED = ("placement", "identifiers")


def read_request(request: object) -> Mapping[str, Any]:
    """The checked argument of `decide`, with the list `notes` of what was left out or mended.

    The checkout gets an answer whatever the rest holds: InvalidInput names a wrong placement, wrong
    identifiers, or what is no object at all.
    """
    reader = _Reader()
    if type(request) is not dict:
        raise InvalidInput("request", f"must be an object, not {kind(request)}")
    plain = reader.plain_parts(request)
    try:
        loaded = _REQUEST.load(plain)
    except ValidationError:
        loaded = reader.read(plain)
    context = loaded["context"]
    if context.get("items"):
        context["items"] = [item for item in context["items"] if item["quantity"]]
    return {**loaded, "notes": tuple(reader.all_notes())}


class _Reader:
    """Reads a request part by part, and notes what cannot be read."""

    def __init__(self) -> None:
        self._notes: list[str] = []
        self._more = 0

    def all_notes(self) -> list[str]:
        """The first of the notes, and how many more there are."""
        if not self._more:
            return self._notes
        return [*self._notes, f"ignored:request: {self._more} more parts were left out or mended"]

    def plain_parts(self, request: dict[Any, Any]) -> dict[str, Any]:
        """The parts that are plain JSON, and together not too large."""
        if _size(request) <= MAX_REQUEST_BYTES:
            return request
        parts: dict[str, Any] = {}
        left = MAX_REQUEST_BYTES
        for name in sorted(request, key=lambda each: (each not in _REFUSED, str(each))):
            if name == "context" and type(request[name]) is dict:
                parts[name], left = self._plain_context(request[name], left)
                continue
            try:
                size = measure({name: request[name]})
            except InvalidInput as error:
                if name in _REFUSED:
                    raise
                self._leave_out(error.subject, error.message)
            else:
                left = self._keep(parts, str(name), request[name], size, left)
        return parts

    def _plain_context(self, context: dict[Any, Any], left: int) -> tuple[dict[str, Any], int]:
        parts: dict[str, Any] = {}
        for path, message in faults(context, "context"):
            self._leave_out(path, message)
        for name, value in pruned(context).items():
            left = self._keep(parts, name, value, measure({name: value}), left, "context.")
        return parts, left

    def _keep(
        self, parts: dict[str, Any], name: str, value: Any, size: int, left: int, at: str = ""
    ) -> int:
        """Keep a part if there is room for it; what room is left then."""
        if size > left:
            if name in _REFUSED and not at:
                raise InvalidInput(name, f"is larger than {MAX_REQUEST_BYTES:,} bytes of JSON")
            self._leave_out(join(at.rstrip("."), [name]), "is too large")
            return left
        parts[name] = value
        return left - size

    def read(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request with its slips mended, and without what still cannot be read."""
        mending = Mending()
        mended = _REQUEST.mend(request, mending)
        self._note(mending)
        must = {name: mended[name] for name in _REFUSED if name in mended}
        loaded = load_checked(_REQUEST, must)
        rest = {name: value for name, value in mended.items() if name not in _REFUSED}
        context = rest.pop("context", None)
        loaded |= self._readable(_REQUEST, rest, ())
        if type(context) is dict:
            loaded["context"] = self._readable(_CONTEXT, context, ("context",))
        elif context is not None:
            self._leave_out("context", f"must be an object, not {kind(context)}")
        return loaded

    def _readable(
        self, schema: StrictSchema, value: Mapping[str, Any], parts: Parts
    ) -> dict[str, Any]:
        """The fields that can be read, and of a list or a map the entries that can be."""
        loaded: dict[str, Any] = {}
        for name, part in value.items():
            if part is not None:
                with suppress(ValidationError):
                    loaded |= self._field(schema, name, part, parts)
        return loaded

    def _field(self, schema: StrictSchema, name: str, part: Any, parts: Parts) -> dict[str, Any]:
        """A field by its name; ValidationError if it cannot be read without some entries either."""
        if name in _SHORTENED and type(part) in (list, dict) and len(part) > MAX_ITEMS:
            self._leave_out(join("", (*parts, name)), _TOO_MANY.format(len(part)))
            first = islice(part.items() if type(part) is dict else part, MAX_ITEMS)
            part = type(part)(first)
        try:
            return cast("dict[str, Any]", schema.load({name: part}, partial=True))
        except ValidationError as error:
            wrong = dict(flat_errors(error.messages))
            if name not in _WITH_ENTRIES or any(len(path) == 1 for path in wrong):
                path, message = next(iter(wrong.items()))
                self._leave_out(join("", (*parts, *path)), message)
                raise
        entries = {path[1] for path in wrong if _is_of_entry(path)}
        for path, message in wrong.items():
            if _is_of_entry(path):
                why = " ".join((*map(str, path[2:]), message))
                self._leave_out(join("", (*parts, *path[:2])), why)
            elif path[1] not in entries:
                self._leave_out(join("", (*parts, *path)), message)
        if type(part) is dict:
            kept: Any = {key: each for key, each in part.items() if key not in entries}
        else:
            kept = [
                {key: each for key, each in line.items() if (name, place, key) not in wrong}
                for place, line in enumerate(part)
                if place not in entries
            ]
        return cast("dict[str, Any]", schema.load({name: kept}, partial=True))

    def _note(self, mending: Mending) -> None:
        for parts, message in mending.warnings:
            self._add(f"mended:{join('', parts)}: {message}")

    def _leave_out(self, path: str, message: str) -> None:
        self._add(f"ignored:{path}: {message}")

    def _add(self, note: str) -> None:
        if len(self._notes) < MAX_MESSAGES:
            self._notes.append(note)
        else:
            self._more += 1


_SHORTENED = ("items", "stock")  # where the first entries are worth having without the others
_WITH_ENTRIES = ("items", "stock", "at_least")
_NEEDED = ("sku", "quantity")  # a line without them is left out, and not just the field


def _is_of_entry(path: Parts) -> bool:
    """Whether an error spoils the entry of a list or a map, and not just a field of it."""
    return len(path) == 2 or path[2] in _NEEDED


def _size(request: object) -> float:
    """The size of a request in bytes of JSON; endless if it is not plain."""
    try:
        return measure(request)
    except InvalidInput:
        return inf
