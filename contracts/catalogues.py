"""The calls about the catalogue: what an offers.yaml would change, and putting it in force."""

from __future__ import annotations

from chassis.validation.fields import Boolean, Choice, ListOf, Nested, Text
from chassis.validation.schema import StrictSchema

MAX_FILE = 1_000_000  # characters of an offers.yaml


class CatalogueRequest(StrictSchema):
    """The argument of `offers.check` and `offers.apply`: the text of an offers.yaml.

    Without it, that of the process that answers is meant.
    """

    file = Text(longest=MAX_FILE)


class OfferChangeSchema(StrictSchema):
    """What becomes of an offer, and its likely slips."""

    offer_id = Text(required=True)
    change = Choice("added", "changed", "unchanged", "removed", required=True)
    warnings = ListOf(Text(longest=1_000), required=True)


class SlotChangeSchema(StrictSchema):
    """A slot, named `placement.slot`, that is added or removed, or has another fallback block."""

    slot = Text(required=True)
    change = Choice("added", "changed", "removed", required=True)


class CatalogueResponse(StrictSchema):
    """The answer of `offers.check` and `offers.apply`.

    `file` is `in force`, `new`, `was replaced by another`, or `is the release's own, and the shop
    has one of its own in force`, as it stood before. `programme_changes` says whether the loyalty
    programme is another.
    """

    fingerprint = Text(required=True)
    file = Text(required=True)
    offers = ListOf(Nested(OfferChangeSchema()), most=10_000, required=True)
    slots = ListOf(Nested(SlotChangeSchema()), most=10_000, required=True)
    programme_changes = Boolean(required=True)


class CatalogueExport(StrictSchema):
    """The answer of `offers.export`: the offers.yaml in force."""

    fingerprint = Text(required=True)
    file = Text(longest=MAX_FILE, required=True)


CATALOGUE_REQUEST = CatalogueRequest()
CATALOGUE_RESPONSE = CatalogueResponse()
