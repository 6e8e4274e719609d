"""The calls about the catalogue: what an offers.yaml would change, and putting it in force."""

from __future__ import annotations

from chassis.validation.fields import Boolean, Choice, Integer, ListOf, MapOf, Nested, Text
from chassis.validation.schema import StrictSchema
from contracts.offers import BlockSchema

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


class TrialChangeSchema(StrictSchema):
    """What becomes of an experiment or a holdout that is another, and the likely slips."""

    experiment = Text(required=True)
    change = Choice("added", "changed", "removed", required=True)
    warnings = ListOf(Text(longest=1_000), required=True)


class SlotChangeSchema(StrictSchema):
    """A slot, named `placement.slot`, that is added or removed, or is another.

    It is changed if its fallback block, its number of blocks or its ranking is.
    """

    slot = Text(required=True)
    change = Choice("added", "changed", "removed", required=True)


class CatalogueResponse(StrictSchema):
    """The answer of `offers.check` and `offers.apply`.

    `file` is `in force`, `new`, `was replaced by another`, or `is the release's own, and the shop
    has one of its own in force`, as it stood before. `programme_changes` says whether the loyalty
    programme is another, `delivery_changes` whether another value makes delivery free, and
    `experiments` which experiments and holdouts are others. `warnings` are the slips of no offer.
    """

    fingerprint = Text(required=True)
    file = Text(required=True)
    offers = ListOf(Nested(OfferChangeSchema()), most=10_000, required=True)
    slots = ListOf(Nested(SlotChangeSchema()), most=10_000, required=True)
    programme_changes = Boolean(required=True)
    delivery_changes = Boolean(required=True)
    experiments = ListOf(Nested(TrialChangeSchema()), most=10_000, required=True)
    warnings = ListOf(Text(longest=1_000))


class CatalogueExport(StrictSchema):
    """The answer of `offers.export`: the offers.yaml in force."""

    fingerprint = Text(required=True)
    file = Text(longest=MAX_FILE, required=True)


class FallbacksRequest(StrictSchema):
    """The argument of `offers.fallbacks`: a language such as `de-AT`, or the shop's first."""

    language = Text(longest=35)


class FallbacksResponse(StrictSchema):
    """The answer of `offers.fallbacks`: for each placement, the fallback block of each slot."""

    placements = MapOf(MapOf(ListOf(Nested(BlockSchema()))), required=True)


class ReplayPlaceSchema(StrictSchema):
    """A place in the log, between two pages."""

    changed_at = Integer(least=0, required=True)
    stream = Text(required=True)


class ReplayRequest(StrictSchema):
    """The arguments of `offers.replay`: decisions of the log since `since` ago, "7d" without it.

    With `file`, the text of an offers.yaml, they are decided by that instead of their own.
    `after` is the `next` of the page before.
    """

    since = Text(longest=20)
    file = Text(longest=MAX_FILE)
    after = Nested(ReplayPlaceSchema())


class BlockChangeSchema(StrictSchema):
    """A slot of a decision that shows another block.

    Null is its fallback block, and `no such slot` that the catalogue of that side has none.
    """

    decision_id = Text(required=True)
    slot = Text(required=True)
    before = Text(required=True, allow_none=True)
    after = Text(required=True, allow_none=True)


class ReplayResponse(StrictSchema):
    """A page of the answer of `offers.replay`; `next` is null at the end.

    Of the `decisions`, `same` show the same blocks, `stored` are of a release that did not log
    their inputs, `other_evaluator` were made by another release and show other blocks, `unplaced`
    are of a placement that the file does not have, of `unlogged` the file asks what no offer asked
    then, and `unreadable` are by a catalogue that this release cannot read. `changes` are of the
    rest.
    """

    decisions = Integer(least=0, required=True)
    same = Integer(least=0, required=True)
    stored = Integer(least=0, required=True)
    other_evaluator = Integer(least=0, required=True)
    unplaced = Integer(least=0, required=True)
    unlogged = Integer(least=0, required=True)
    unreadable = Integer(least=0, required=True)
    changes = ListOf(Nested(BlockChangeSchema()), most=100_000, required=True)
    next = Nested(ReplayPlaceSchema(), required=True, allow_none=True)


CATALOGUE_REQUEST = CatalogueRequest()
CATALOGUE_RESPONSE = CatalogueResponse()
FALLBACKS_REQUEST = FallbacksRequest()
REPLAY_REQUEST = ReplayRequest()
REPLAY_RESPONSE = ReplayResponse()
