"""What `cdp offers check` says of a file."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from cdp.views.offers import catalogue_view

RESPONSE: dict[str, Any] = {
    "fingerprint": "0123456789abcdef",
    "file": "new",
    "offers": [{"offer_id": "hello", "change": "added", "warnings": ["hello is shown no more"]}],
    "slots": [],
    "programme_changes": False,
    "delivery_changes": False,
    "experiments": [],
    "warnings": ["the fallback block of checkout.banner has no translation to de"],
}


def text_of(response: dict[str, Any]) -> str:
    console = Console(width=160, record=True, file=StringIO())
    console.print(catalogue_view(response, applied=False))
    return console.export_text()


def test_the_slips_of_offers_and_of_the_rest_of_the_file_are_said() -> None:
    text = text_of(RESPONSE)
    assert "hello is shown no more" in text
    assert "the fallback block of checkout.banner has no translation to de" in text


def test_a_response_of_an_earlier_release_has_no_slips_of_the_rest() -> None:
    earlier = {name: value for name, value in RESPONSE.items() if name != "warnings"}
    assert "hello is shown no more" in text_of(earlier)
