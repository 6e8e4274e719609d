"""Card numbers in what shops send: where they are, and texts without them.

A card number has 13 to 19 digits, perhaps with blanks and hyphens between them, begins as the big
issuers' do (ISO/IEC 7812), is as long as theirs are, and ends in the right check digit (Luhn). No
card numbers are: what stands in a field of identifiers (`order_id`, `sku`, `tracking_number`,
`phone`, …) that no field about a card is around, an EAN of 13 digits, an IBAN, a UUID, a telephone
number after `+`, a decimal, and digits that letters touch. Digits in full width, or of Arabic and
Indian scripts, are digits as well.

Of random numbers in any other field, these are taken for card numbers: 1.0 % of those with 13
digits, 0.4 % with 14, 0.2 % with 15, 3.1 % with 16, 0.2 % with 17, 0.2 % with 18, 1.6 % with 19.
No instant of these decades is, in seconds to nanoseconds: it begins with 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from chassis.core.json import dump_json
from chassis.validation.schema import Parts

_SHORTEST, _LONGEST = 13, 19
_KEPT_DIGITS = 4
# By the first four digits, both ends included: how long the numbers of an issuer are.
_ISSUERS: Sequence[tuple[int, int, frozenset[int]]] = (
    (4000, 4999, frozenset({13, 16, 19})),  # Visa
    (5100, 5599, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard
    (3400, 3499, frozenset({15})),  # American Express
    (3700, 3799, frozenset({15})),  # American Express
    (3000, 3059, frozenset({14, 16})),  # Diners Club
    (3095, 3095, frozenset({14, 16})),  # Diners Club
    (3600, 3699, frozenset({14, 16})),  # Diners Club
    (3800, 3999, frozenset({14, 16})),  # Diners Club
    (6011, 6011, frozenset({16, 19})),  # Discover
    (6440, 6599, frozenset({16, 19})),  # Discover
    (3528, 3589, frozenset({16, 19})),  # JCB
    (6200, 6299, frozenset({16, 17, 18, 19})),  # UnionPay
    (8100, 8171, frozenset({16, 17, 18, 19})),  # UnionPay
    (5018, 5018, frozenset({16, 18, 19})),  # Maestro
    (5020, 5020, frozenset({16, 18, 19})),  # Maestro
    (5038, 5038, frozenset({16, 18, 19})),  # Maestro
    (5893, 5893, frozenset({16, 18, 19})),  # Maestro
    (6304, 6304, frozenset({16, 18, 19})),  # Maestro
    (6759, 6763, frozenset({16, 18, 19})),  # Maestro
    (2200, 2204, frozenset({16, 19})),  # Mir
    (5085, 5089, frozenset({16})),  # RuPay
    (6069, 6085, frozenset({16})),  # RuPay
)
# How people group the digits of a card that stands beside others, such as its expiry.
_GROUPINGS = frozenset(
    {(each,) for each in range(_SHORTEST, _LONGEST + 1)}
    | {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 3, 3, 3), (4, 4, 4, 4, 3), (4, 4, 4, 4, 2), (6, 13)}
)
_MOST_GROUPS = max(map(len, _GROUPINGS))
_LENGTHS: Mapping[str, frozenset[int]] = {
    str(prefix): lengths for low, high, lengths in _ISSUERS for prefix in range(low, high + 1)
}
_NONE: frozenset[int] = frozenset()
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")  # twice a digit, its digits added up

_BETWEEN = r"[ \u00a0\u2009\u202f\-\u2010-\u2014]{1,3}"
_ENOUGH_DIGITS = re.compile(rf"[0-9](?:(?:{_BETWEEN})?[0-9]){{{_SHORTEST - 1}}}")
# Digits of other scripts by their zeros, and what stands between those of full width.
_ZEROS = "\u0660\u06f0\u0966\uff10"
_PLAIN = {
    **{ord(zero) + digit: str(digit) for zero in _ZEROS for digit in range(10)},
    0x3000: " ",
    0xFF0D: "-",
}
_OF_OTHER_SCRIPTS = re.compile(f"[{''.join(map(chr, _PLAIN))}]")
_GROUP = re.compile(r"(?<![0-9A-Za-z])(?<![0-9]\.)[0-9]+(?![0-9A-Za-z])(?!\.[0-9])")
_GAP = re.compile(_BETWEEN)
_BETWEEN_BYTES = b" -\xc2\xa0\xe2\x80" + bytes(range(0x89, 0x95)) + b"\xaf"
_TO_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
_MANY_DIGITS = b"0" * _SHORTEST
_UUID = re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b")
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?\b")
_LONGEST_PHONE = 15  # digits, by E.164

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_OF_CARDS = frozenset(
    {"card", "cards", "cardnumber", "cardno", "pan", "cc", "ccnumber", "creditcard"}
)
_OF_OTHER_CARDS = frozenset(
    {"gift", "loyalty", "member", "membership", "club", "bonus", "customer", "reward", "rewards"}
)
# A field with such a last word holds identifiers; with a word before it, of the second kind too.
_IDENTIFIERS = frozenset(
    {
        *(
            "id",
            "ids",
            "uuid",
            "guid",
            "sku",
            "skus",
            "gtin",
            "gtins",
            "ean",
            "eans",
            "upc",
            "upcs",
        ),
        *("isbn", "mpn", "barcode", "barcodes", "phone", "mobile", "telephone", "fax", "iban"),
        *("imei", "timestamp", "ts"),
    }
)
_NUMBERED = frozenset({"number", "numbers", "no", "nr", "code", "codes", "reference", "ref", "key"})
# Numbers, but not texts, in such a field are quantities.
_QUANTITIES = frozenset(
    {
        *(
            "amount",
            "total",
            "subtotal",
            "value",
            "price",
            "revenue",
            "tax",
            "discount",
            "shipping",
        ),
        *("cost", "fee", "balance", "points", "quantity", "count", "revision", "version", "size"),
    }
)

Span = tuple[int, int]


def card_fields(value: Any, parts: Parts = ()) -> Iterator[Parts]:
    """The paths of the fields of plain JSON that hold a card number; none of them repeats one."""
    yield from _card_fields(value, parts, "", False)


def may_hold_cards(value: Any) -> bool:
    """Whether plain JSON has 13 digits in a row anywhere: a fast look at what mostly has not."""
    return _MANY_DIGITS in _plain(dump_json(value)).encode().translate(_TO_DIGITS, _BETWEEN_BYTES)


def without_card_numbers(value: Any) -> Any:
    """Plain JSON in which of every card number only the last four digits are left."""
    return _without(value, "", False)


def mask_text(text: str) -> str:
    """A text in which of every card number only the last four digits are left."""
    for start, end in reversed(list(_spans(text))):
        text = text[:start] + _masked(text[start:end]) + text[end:]
    return text


def is_card_number(digits: str) -> bool:
    """Whether digits are as an issuer's: by how they begin, their number and the last of them."""
    of_issuer = len(digits) in _LENGTHS.get(digits[:4], _NONE)
    return of_issuer and _has_check_digit(digits) and not _is_ean(digits)


def _card_fields(value: Any, parts: Parts, name: str, in_card: bool) -> Iterator[Parts]:
    if type(value) is dict:
        for field, part in value.items():
            safe = mask_text(field)
            if safe != field:
                yield parts
            yield from _card_fields(part, (*parts, safe), field, in_card or _is_of_card(field))
    elif type(value) is list:
        for place, part in enumerate(value):
            yield from _card_fields(part, (*parts, place), name, in_card)
    elif _has_card(value, name, in_card):
        yield parts


def _without(value: Any, name: str, in_card: bool) -> Any:
    if type(value) is dict:
        return {
            mask_text(field): _without(part, field, in_card or _is_of_card(field))
            for field, part in value.items()
        }
    if type(value) is list:
        return [_without(part, name, in_card) for part in value]
    return mask_text(_digits_of(value)) if _has_card(value, name, in_card) else value


def _has_card(value: Any, name: str, in_card: bool) -> bool:
    text = _plain(_digits_of(value))
    if len(text) < _SHORTEST or _ENOUGH_DIGITS.search(text) is None:
        return False
    if not in_card and (_is_identifier(name) or (type(value) is not str and _is_quantity(name))):
        return False
    return next(_spans(text), None) is not None


def _digits_of(value: Any) -> str:
    """A text as it is, a whole number as its digits; nothing for any other value."""
    of = type(value)
    if of is str:
        return value  # type: ignore[no-any-return]
    if of is int or (of is float and value.is_integer()):
        return str(int(value))
    return ""


def _plain(text: str) -> str:
    """A text of the same length with the digits of other scripts as ours."""
    if text.isascii() or _OF_OTHER_SCRIPTS.search(text) is None:
        return text
    return text.translate(_PLAIN)


def _spans(text: str) -> Iterator[Span]:
    """Where the card numbers of a text are, in their order; they do not overlap."""
    text = _plain(text)
    if len(text) < _SHORTEST or _ENOUGH_DIGITS.search(text) is None:
        return
    others = [*_UUID.finditer(text), *filter(_is_iban, _IBAN.finditer(text))]
    for run in _runs(text):
        start, end = run[0][0], run[-1][1]
        if end - start < _SHORTEST:
            continue
        if any(other.start() < end and start < other.end() for other in others):
            continue
        if not _is_phone(text, run):
            yield from _cards_of(text, run)


def _runs(text: str) -> Iterator[list[Span]]:
    """The groups of digits with nothing but blanks and hyphens between them."""
    run: list[Span] = []
    for group in _GROUP.finditer(text):
        if run and _GAP.fullmatch(text, run[-1][1], group.start()) is None:
            yield run
            run = []
        run.append(group.span())
    if run:
        yield run


def _cards_of(text: str, run: Sequence[Span]) -> Iterator[Span]:
    """The whole run, if it is a card number; else those of its parts that are grouped as one."""
    if _is_card(text, run):
        yield run[0][0], run[-1][1]
        return
    sizes = [end - start for start, end in run]
    place = 0
    while place < len(run):
        start = run[place][0]
        if text[start : start + 4] not in _LENGTHS:  # nor is a group of less than four digits
            place += 1
            continue
        for number in range(1, min(_MOST_GROUPS, len(run) - place) + 1):
            after = place + number
            if tuple(sizes[place:after]) in _GROUPINGS and _is_card(text, run[place:after]):
                yield start, run[after - 1][1]
                place = after - 1
                break
        place += 1


def _is_card(text: str, groups: Sequence[Span]) -> bool:
    if not _SHORTEST <= sum(end - start for start, end in groups) <= _LONGEST:
        return False
    return is_card_number("".join(text[start:end] for start, end in groups))


def _is_phone(text: str, run: Sequence[Span]) -> bool:
    before = text[: run[0][0]].rstrip()[-1:]
    return before == "+" and sum(end - start for start, end in run) <= _LONGEST_PHONE


def _is_iban(match: re.Match[str]) -> bool:
    code = match.group().replace(" ", "")
    return int("".join(str(int(each, 36)) for each in code[4:] + code[:4])) % 97 == 1


def _is_ean(digits: str) -> bool:
    """Whether 13 digits end as the number of an article does."""
    if len(digits) != _SHORTEST:
        return False
    return sum(int(each) * (1 + 2 * (place % 2)) for place, each in enumerate(digits)) % 10 == 0


def _has_check_digit(digits: str) -> bool:
    """Whether digits end as Luhn's formula has it."""
    code = digits.encode()
    total = sum(code[-1::-2]) + sum(code[-2::-2].translate(_DOUBLED))
    return (total - len(code) * ord("0")) % 10 == 0


def _masked(number: str) -> str:
    """A card number with its blanks and hyphens, of which the last four digits can be read."""
    hidden = sum(map(str.isdigit, number)) - _KEPT_DIGITS
    return re.sub(r"\d", "*", number, count=hidden)


@lru_cache(maxsize=10_000)
def _words_of(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORDS.findall(name[:100]))


def _is_of_card(name: str) -> bool:
    words = _words_of(name)
    return not _OF_CARDS.isdisjoint(words) and _OF_OTHER_CARDS.isdisjoint(words)


def _is_identifier(name: str) -> bool:
    words = _words_of(name)
    if words[-1:] == () or words[-1] in _IDENTIFIERS:
        return words != ()
    return len(words) > 1 and words[-1] in _NUMBERED


def _is_quantity(name: str) -> bool:
    return not _QUANTITIES.isdisjoint(_words_of(name)[-1:])
