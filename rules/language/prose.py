"""Rules in prose, such as "orders in last 30 days > 3": what to write instead."""

from __future__ import annotations

import re

from rules.language.slips import bare
from rules.language.units import duration_meant

_JOIN = re.compile(r"\b(?:and|or)\b", re.IGNORECASE)
_SUBJECT = re.compile(
    r"\b(?:(?P<money>revenue|spent|spend|spends|turnover)|orders?|ordered|purchases?|purchased)\b",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(?:last|past|in|within|previous)\s+(?:the\s+)?(?:last\s+|past\s+|previous\s+)?"
    r"(?P<count>\d{1,5}\s+)?(?P<unit>hour|day|week|month|year)s?\b",
    re.IGNORECASE,
)
_SIGNS_IN_WORDS = {
    "at least": ">=",
    "at most": "<=",
    "more": ">",
    "over": ">",
    "above": ">",
    "greater": ">",
    "less": "<",
    "fewer": "<",
    "under": "<",
    "below": "<",
    "exactly": "==",
    "no": "==",
}
_IN_WORDS = re.compile(
    r"\b(?:at\s+(?:least|most)|(?:more|greater|less|fewer)\s+than|over|above|under|below|exactly|no)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    rf"(?P<sign>[<>]=?|==|{_IN_WORDS.pattern})(?:\D*?(?P<number>\d+(?:\.\d+)?))?", re.IGNORECASE
)


def prose_in(text: str) -> tuple[str, int] | None:
    """The rule that prose such as "orders in last 30 days > 3" means, and its offset."""
    plain = bare(text)
    joins = list(_JOIN.finditer(plain))
    begins, ends = [0, *(join.end() for join in joins)], [*(join.start() for join in joins), None]
    for begin, end in zip(begins, ends, strict=True):
        clause = plain[begin:end]
        subject, span = _SUBJECT.search(clause), _SPAN.search(clause)
        if subject is not None and (span or _IN_WORDS.search(clause)):
            amount = _AMOUNT.search(_SPAN.sub(" ", clause))
            blank = len(clause) - len(clause.lstrip())
            return f"write {_as_rule(subject, span, amount)}", begin + blank
    return None


def _as_rule(
    subject: re.Match[str], span: re.Match[str] | None, amount: re.Match[str] | None
) -> str:
    is_money = subject["money"] is not None
    arguments = ['"USD"'] if is_money else []
    if span is not None and (length := duration_meant(f"{span['count'] or ''}{span['unit']}")):
        arguments.append(f'within="{length}"')
    sign, number = ">", "0"
    if amount is not None:
        words = " ".join(amount["sign"].lower().split())
        sign = next((sign for word, sign in _SIGNS_IN_WORDS.items() if word in words), words)
        number = amount["number"] or "0"
    return f"{'revenue' if is_money else 'orders'}({', '.join(arguments)}) {sign} {number}"
