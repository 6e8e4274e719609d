"""What a rule asks for that has never been recorded, or that is missing for now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import is_rebuild_due
from rules import MOST_TYPES, ShopContext, fields_in, fields_of, take_recorded_values
from services.segments import store
from services.segments.domain.definitions import read_rule

LACKING = (
    "what was recorded before the last upgrade is missing in the data of events until"
    " `cdp rebuild segments` has run"
)
WITHOUT_MODEL = (
    "its rule asks for customer lifetime value, which nobody has before a model has been fitted:"
    " `cdp clv fit`"
)
# Events of the loyalty programme set these, too.
_LOYALTY_TRAITS = frozenset({"loyalty_enrolled", "loyalty_tier"})


@dataclass(frozen=True, slots=True)
class RuleAdviser:
    """Knows what events have had, and what is missing for now.

    `lacks_facts`: the read model has to be rebuilt first; `lacks_model`: none has been fitted.
    """

    shop: ShopContext
    lacks_facts: bool = False
    lacks_model: bool = False

    def warnings(self, text: str) -> Sequence[str]:
        """The likely slips in a rule; InvalidInput if it is wrong."""
        rule = read_rule(text, self.shop)
        found = list(rule.warnings)
        if self.lacks_facts and rule.reads.facts:
            found.append(LACKING)
        if self.lacks_model and rule.reads.values:
            found.append(WITHOUT_MODEL)
        return found


def load_adviser(unit: UnitOfWork, zone: tzinfo = UTC) -> RuleAdviser:
    """By what has been recorded until now; nothing is missed in a shop without events.

    `zone` is that of the shop.
    """
    lacks_model = store.newest_value_model(unit) is None
    if is_rebuild_due(unit):
        return RuleAdviser(ShopContext(zone), lacks_facts=True, lacks_model=lacks_model)
    fields = fields_of(store.load_field_names(unit))
    values = take_recorded_values(fields)
    if not fields or len(fields) >= MOST_TYPES:
        return RuleAdviser(ShopContext(zone), lacks_model=lacks_model)
    traits = fields_in(fields.get("traits_changed", {}), "traits")
    names = {"": traits.get("", frozenset()) | _LOYALTY_TRAITS}
    shop = ShopContext(zone, event_types=fields, traits={**traits, **names}, **values._asdict())
    return RuleAdviser(shop, lacks_model=lacks_model)
