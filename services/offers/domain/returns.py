"""What orders give back of grants, pure: whose order it was where an id stands for several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple


class OrderReturn(NamedTuple):
    """A refund of an order, in minor units, or what gives the whole of it back (`amount` None).

    `stream_id` is the home of the order, None if that is not known. `is_apart`: its id stood for
    another order before.
    """

    store: str
    order_id: str
    return_id: str
    amount: int | None
    stream_id: str | None
    is_apart: bool = False

    @property
    def key(self) -> str:
        """What makes it count once among the returns of all orders of its id."""
        return f"{self.return_id}{self._suffix}"

    @property
    def _suffix(self) -> str:
        return f"\x1e{self.stream_id}" if self.is_apart else ""


@dataclass(frozen=True, slots=True)
class ReturnedOrders:
    """What the orders of one id have given back, and what is known of whose they are.

    `is_reused`: the id stands for several orders. `profiles` has the profile of each stream that is
    known, `contacts` those that each home carries, and `accounts` are the profiles of accounts.
    """

    returns: Iterable[OrderReturn]
    is_reused: bool
    profiles: Mapping[str, str]
    contacts: Mapping[str, AbstractSet[str]]
    accounts: AbstractSet[str]

    def gives_back(self, keys: AbstractSet[str], value: int | None) -> bool:
        """Whether the whole order, worth `value`, is given back of a grant that counts by `keys`.

        These are its shopper's streams, contacts and names. By the id alone it is the grant's order
        unless that stands for several, or it is another account's order.
        """
        amounts = [each.amount for each in self.returns if self._is_of(each.stream_id, keys)]
        if not amounts:
            return False
        if value is None or None in amounts:
            return True
        return sum(amount or 0 for amount in amounts) >= value

    def _is_of(self, home: str | None, keys: AbstractSet[str]) -> bool:
        profile = self.profiles.get(home or "")
        shoppers = {self.profiles[key] for key in keys if key in self.profiles}
        if home in keys or profile in shoppers or keys & self.contacts.get(home or "", set()):
            return True
        is_other_account = profile in self.accounts and bool(shoppers & self.accounts)
        return not self.is_reused and not is_other_account
