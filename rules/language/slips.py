"""Slips in writing a rule that make it no expression, or another one: what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from keyword import kwlist

_QUOTED = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'|#[^\n]*')
_THOUSANDS = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])\d+,\d{1,2}(?![\w,])")
_THOUSANDS_BY_POINTS = re.compile(r"(?<![\w.,])\d{1,3}(?:\.\d{3})+(?:,\d+|\.\d{3})(?![\w,])")
_DATE = re.compile(r"(?<![\w-])\d{4}-\d{1,2}-\d{1,2}(?![\w-])")


def _instead(right: str, wrong: str) -> Callable[[str], str]:
    return lambda _: f"write {right} instead of {wrong}"


def _always(message: str) -> Callable[[str], str]:
    return lambda _: message


def _plain(number: str) -> str:
    """1000.50 for 1.000,50"""
    return number.replace(".", "").replace(",", ".")


# Those of print and of other languages, primes and accents, none of which can stand in a rule.
_QUOTES = (
    "`\u00ab\u00b4\u00bb\u2018-\u201f\u2032\u2033\u2039\u203a"
    "\u275b-\u275e\u300c-\u300f\u301d-\u301f\uff02\uff07"
)

# The first match wins.
_SLIPS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        ("&&", _instead('"and"', "&&")),
        (r"\|\|", _instead('"or"', "||")),
        ("<>", _instead("!=", "<>")),
        ("===", _instead("==", "===")),
        ("!==", _instead("!=", "!==")),
        ("=!", _instead("!=", "=!")),
        ("=>", _instead(">=", "=>")),
        ("=<", _instead("<=", "=<")),
        ("≥", _instead(">=", "≥")),
        ("≤", _instead("<=", "≤")),
        ("≠", _instead("!=", "≠")),
        (
            r"\b(?!and\b|or\b|not\b|in\b)(?i:and|or|not|in)\b",
            lambda found: f'write "{found.lower()}" in small letters',
        ),
        (
            r"(?<![\w.,])\d{1,3}(?:[ '\u2019]\d{3})+(?![\w,])(?:\.\d+)?",
            lambda found: f"write {re.sub('[^0-9.]', '', found)}, without separators",
        ),
        (
            r"(?<![\w.,])\d{1,6}[kK]\b",
            lambda found: f"write {found[:-1]}000",
        ),
        (f"[{_QUOTES}]", _always('write straight quotes: "')),
        ("[\u2013\u2212]", _always("write a plain minus sign: -")),
        (
            "[$€£¥]",
            _always(
                'write the number alone: the currency stands in the function, as in revenue("USD")'
                " > 500"
            ),
        ),
        (
            r"(?<![\w.])\d+(?:[.,]\d+)?\s*[A-Z]{3}\b",
            _always(
                'write the number alone: the currency stands in the function, as in revenue("USD")'
                " > 500"
            ),
        ),
        (
            r"\d\s*%",
            _always("there are no percent signs: write 0.1 for a tenth, or 75 for the 75th"),
        ),
        (r"!(?!=)", _instead('"not"', "!")),
        (
            rf"\.\s*(?:{'|'.join(kwlist)})\b",
            lambda found: (
                f'"{found[1:].strip()}" is a word of the language:'
                f' write traits["{found[1:].strip()}"]'
            ),
        ),
        (
            r"(?<![\w.])\d+[smhdw]\b",
            lambda found: f'put a duration in quotes: "{found}"',
        ),
        (_DATE.pattern, lambda found: f'put a date in quotes: "{found}"'),
        (r"(?<![\w.,])0+\d+(?![\w.,])", lambda found: f"write {int(found)}"),
        (_THOUSANDS_BY_POINTS.pattern, lambda found: f"write {_plain(found)}, without separators"),
        (_THOUSANDS.pattern, lambda found: f"write {found.replace(',', '')} without a comma"),
        (r"\bwhere\s*=\s*[\w.]+\s*=(?!=)", _always("write == to compare")),
        (
            r"\b(?:in|for|from|with)\s*=(?!=)",
            lambda found: f"there is no {found[:-1].strip()}=: write within=",
        ),
        (";", _always('join conditions with "and" or "or"')),
        (
            r"^\s*(?i:if|when|where|select)\b",
            lambda found: f'leave out "{found.strip()}": a rule is a condition',
        ),
        (r"\bsegments\s+(?:contains?|includes?|has)\b", _always('write "high_value" in segments')),
        (
            r"\)\s*(?:then\b|followed\s+by\b)",
            _always('write then("cart_updated", "order_completed", within="24h"), or then_not'),
        ),
        (r"\bwithin\b(?!\s*=)", _always('write within= in the brackets: orders(within="30d")')),
        (r"\blike\b", _always('write the text first: "x" in traits.city')),
        (
            r"\bbetween\s*=(?!\s*\()",
            _always('put both dates in brackets: between=("2026-11-01", "2026-11-30")'),
        ),
        (
            r"\b(?:starts|begins|ends)\s+with\b|\bmatch(?:es)?\b",
            _always('there are no patterns: "x" in traits.city looks inside a text'),
        ),
        (
            r"\b(?:and|or)\s*(?:[<>]=?|==|!=)",
            _always("name it on both sides of and, or: orders() > 1 and orders() < 5"),
        ),
        (r"--|//|/\*", _always("comments begin with #")),
        (r"\bcontains\b", _always('write the text first: "x" in traits.tags')),
        (r"\bbetween\b", _always("write both bounds: 1 <= orders() <= 5")),
        (r"\b(?:is|equals)\s+(?:empty|null|missing)\b", _always("write == None")),
        (
            r"\btraits\.\w+[ ](?!(?:and|or|not|in|is|if|else)\b)[a-z_]\w*(?![\w.(])(?=\s*[=!<>])",
            lambda found: f'write traits["{found[len("traits.") :]}"]',
        ),
    )
)


def bare(text: str) -> str:
    """The text with what is quoted or a comment blanked out, every character in its place."""
    return _QUOTED.sub(lambda found: " " * len(found[0]), text)


def slip_in(text: str) -> tuple[str, int] | None:
    """What to write instead of a slip in a text that is no expression, and its offset."""
    plain = bare(text)
    for pattern, message in _SLIPS:
        if found := pattern.search(plain):
            return message(found[0]), found.start()
    return None


def comma_in(text: str) -> tuple[str, int] | None:
    """What to write instead of a number with a comma, which is a list, and its offset."""
    plain = bare(text)
    if found := _THOUSANDS_BY_POINTS.search(plain):
        return f"write {_plain(found[0])}, without separators", found.start()
    if found := _THOUSANDS.search(plain):
        return f"write {found[0].replace(',', '')} without a comma", found.start()
    if found := _DECIMAL_COMMA.search(plain):
        return f"write a point, not a comma: {found[0].replace(',', '.')}", found.start()
    return None


def is_date(text: str) -> bool:
    """Whether a text is written like a date, not quoted."""
    return _DATE.fullmatch(text) is not None
