"""Known crawlers: programs that read a shop's pages, and are no shoppers."""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST = 512
# Words of user agents. `Cubot` is a telephone; a headless browser may be a shop's own test.
_CRAWLER = re.compile(
    r"(?<!cu)bot(\b|s?[/;)_-])|crawl|spider|slurp|mediapartners|facebookexternalhit|facebookcatalog"
    r"|bingpreview|google-(read-aloud|inspectiontool|safety|site-verification)|googleother"
    r"|feedfetcher|chrome-lighthouse|pagespeed|gtmetrix|pingdom|statuscake|site24x7|uptime"
    r"|ia_archiver|archive\.org|embedly|whatsapp/|skypeuripreview|quora link preview|w3c_validator"
    r"|screaming frog|ahrefs|semrush|dataprovider|chatgpt-user|gptbot|claude-user|perplexity-user"
    r"|bytespider|yandex\.com/bots|mail\.ru_bot|duckduckgo-favicons|prerender|headlessseo",
    re.IGNORECASE,
)


def is_crawler(user_agent: object) -> bool:
    """Whether a user agent is that of a known crawler; no user agent is not."""
    return isinstance(user_agent, str) and _is_known(user_agent[:_LONGEST])


@lru_cache(maxsize=2_000)  # shoppers share a few hundred browsers
def _is_known(user_agent: str) -> bool:
    return _CRAWLER.search(user_agent) is not None
