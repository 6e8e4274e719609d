"""Against a plain model: accounts are a union-find with limits, devices a line of tenures.

The model gets everything at once and in the order of time; identity gets event by event, the
guests' late and some of them twice. In the end both say of each event with whom it is.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.resolution import Resolution
from tests.unit.identity.shop import ResolvedShop

DEVICES = ("mobile", "laptop", "tablet")
USERS = ("ann", "bob", "eve")
CARDS = ("card-1", "card-2")


@dataclass(frozen=True)
class ShopEvent:
    """What happened at a time, its place in the story: `doing` on a device, or with a card."""

    time: int
    doing: str  # browses, signs in, signs out, shows card
    device: str = ""
    user: str = ""
    card: str = ""

    def send(self, shop: ResolvedShop) -> Resolution:
        """The event, as identity hears of it."""
        if self.doing == "browses":
            return shop.guest(self.time, device_id=self.device)
        if self.doing == "signs out":
            return shop.sign_out(self.time, device_id=self.device)
        if self.doing == "shows card":
            return shop.account(self.time, loyalty_id=self.card)
        card = {"loyalty_id": self.card} if self.card else {}
        return shop.account(self.time, device_id=self.device, user_id=self.user, **card)


@dataclass
class Accounts:
    """Which user and which card are one account: at most one of each."""

    parts: list[set[str]] = field(default_factory=list)

    def of(self, name: str) -> set[str]:
        """The account of a user or a card, which begins with the first event that shows it."""
        account = next((part for part in self.parts if name in part), None)
        if account is None:
            self.parts.append(account := {name})
        return account

    def prove(self, user: str, card: str) -> None:
        """An event shows both: they are one, unless the one or the other belongs to somebody."""
        mine, other = self.of(user), self.of(card)
        if mine is not other and len(mine) == len(other) == 1:
            self.parts.remove(other)
            mine |= other


def expected(story: Sequence[ShopEvent]) -> dict[int, str]:
    """With whom each event is: an account (by its first user or card), or a guest of its own."""
    accounts = Accounts()
    for event in story:
        if event.doing == "shows card":
            accounts.of(event.card)
        if event.doing == "signs in":
            accounts.of(event.user)
            if event.card:
                accounts.prove(event.user, event.card)
    where: dict[int, str] = {}
    for event in story:
        if event.doing == "shows card":
            where[event.time] = min(accounts.of(event.card))
        if event.doing == "signs in":
            where[event.time] = min(accounts.of(event.user))
    for device in DEVICES:
        where |= _on_device([event for event in story if event.device == device], accounts)
    return where


def _on_device(story: Sequence[ShopEvent], accounts: Accounts) -> dict[int, str]:
    """Whose the traffic of a device is that no account has signed."""
    where: dict[int, str] = {}
    tenure: list[int] = []  # the events of guests in it
    owner: str | None = None
    owners: set[str] = set()
    for event in [*story, None]:
        signs_in = min(accounts.of(event.user)) if event and event.doing == "signs in" else None
        if signs_in and owner is None and owners <= {signs_in}:
            owner = signs_in  # the guest may well have been the same person
        ends = event is None or (event.doing == "signs out" and owner is not None)
        if event and event.doing in ("browses", "signs out"):
            tenure.append(event.time)
        if ends or (signs_in and signs_in != owner):
            where |= dict.fromkeys(tenure, owner or f"guest {tenure}")
            tenure, owner = [], signs_in
        if signs_in:
            owners.add(signs_in)
    return where


@st.composite
def stories(draw: st.DrawFn) -> list[ShopEvent]:
    story: list[ShopEvent] = []
    for time in range(1, draw(st.integers(2, 16))):
        doing = draw(
            st.sampled_from(["browses", "signs in", "signs in", "signs out", "shows card"])
        )
        device = draw(st.sampled_from(DEVICES))
        if doing == "shows card":
            story.append(ShopEvent(time, doing, card=draw(st.sampled_from(CARDS))))
        elif doing == "signs in":
            user, card = draw(st.sampled_from(USERS)), draw(st.sampled_from(("", "", *CARDS)))
            story.append(ShopEvent(time, doing, device, user, card))
        else:
            story.append(ShopEvent(time, doing, device))
    return story


@given(stories(), st.randoms(use_true_random=False))
def test_every_event_is_with_whom_the_plain_model_says(
    story: list[ShopEvent], chance: random.Random
) -> None:
    late = [event for event in story if event.doing == "browses" and chance.random() < 0.4]
    again = [e for e in story if e.doing != "signs out" and chance.random() < 0.3]
    chance.shuffle(late)
    shop = ResolvedShop()
    answers = {}
    for event in [*(event for event in story if event not in late), *late]:
        answers[event.time] = event.send(shop)
    for event in again:
        assert event.send(shop).stream == answers[event.time].stream
    model = expected(story)
    assert model.keys() == answers.keys()
    pairs = {(model[time], shop.profile_of(answer)) for time, answer in answers.items()}
    assert len({side for side, _ in pairs}) == len({side for _, side in pairs}) == len(pairs), pairs
