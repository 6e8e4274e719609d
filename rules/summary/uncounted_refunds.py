"""Refunds of an order that never count: they are in another currency than the order."""

from __future__ import annotations

from rules.summary.history import in_force, value_of
from rules.summary.orders import OrderState, money_of

_LEAD = 0
_BY_BROWSER = -1


def uncounted_currencies(order: OrderState) -> list[str]:
    """The currencies of refunds that the order, as it was told last, is not in; sorted.

    None where its currency is not known yet: which refunds count is open until then.
    """
    refunds = order.get("refunds")
    money = money_of(order) if refunds else None
    if not refunds or money is None or money[1] is None:
        return []
    found = set()
    for statements in refunds.values():
        statement = in_force(statements, None)
        if statement is None or ("first" in order and statement[_LEAD] == _BY_BROWSER):
            continue
        amount, currency = value_of(statement)
        if amount is not None and currency not in (None, money[1]):
            found.add(currency)
    return sorted(found)
