"""Sequences of observations of few people, so that they often get in one another's way."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from services.identity.domain.observation import Observation
from tests.unit.identity.shop import seen

PEOPLE = ("ann", "bob", "eve")
DEVICES = ("mobile", "laptop", "tablet")
TYPES = ("product_viewed", "order_completed", "signed_in", "signed_out", "contact_released")


def _some(kind: str, values: Sequence[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.one_of(st.just({}), st.sampled_from(values).map(lambda value: {kind: value}))


IDENTIFIERS = st.tuples(
    _some("user_id", PEOPLE),
    _some("loyalty_id", ("card-1", "card-2")),
    _some("device_id", DEVICES),
    _some("anonymous_id", DEVICES),
    _some("email", [f"{name}@shop.example" for name in PEOPLE]),
).map(lambda parts: {kind: value for part in parts for kind, value in part.items()})


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    return seen(
        draw(st.integers(1, 9)),
        draw(IDENTIFIERS.filter(bool)),
        signed_in=draw(st.booleans()),
        type=draw(st.sampled_from(TYPES)),
        origin=draw(st.sampled_from(["server", "server", "browser"])),
    )


SEQUENCES = st.lists(observations(), min_size=1, max_size=14)
