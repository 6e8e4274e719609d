"""The shop's offers.yaml: the one that ships, and an experiment that everybody takes part in."""

from __future__ import annotations

from services.offers import SHIPPED_CATALOGUE

EXPERIMENT = "words_for_reviews"
_MORE = f"""
  - id: reviews_in_words
    version: 1
    collections: [summary]
    priority: 40
    requires: any
    when: context.rating >= 4 and context.review_count >= 10
    content:
      title: "{{review_count}} people gave it {{rating}} of 5 stars"
      rating: "{{rating}}"
      reviews: "{{review_count}}"
experiments:
  - id: {EXPERIMENT}
    hash_attribute: anonymous_id
    variants:
      - {{name: control, weight: 1, offers: [reviews]}}
      - {{name: in_words, weight: 1, offers: [reviews_in_words]}}
"""


def shop_offers() -> str:
    """The text of the file; the list of offers is the last part of the one that ships."""
    return SHIPPED_CATALOGUE.read_text(encoding="utf-8").rstrip() + _MORE
