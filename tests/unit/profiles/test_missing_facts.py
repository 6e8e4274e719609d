from __future__ import annotations

from services.profiles.domain.recording import MissingFacts


def test_missing_facts_say_past_which_epochs_identity_is_to_be_asked() -> None:
    assert MissingFacts({"s1": 3}).epochs == {"s1": 3}
