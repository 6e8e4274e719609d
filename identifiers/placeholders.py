"""Placeholders: values that shops send when they know nobody, and that would fuse everybody."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from chassis.validation.slips import SPREADSHEET_ERROR
from identifiers.words_for_nobody import JOINED_FIRST, JOINED_NEXT, PHRASES, WORDS

# Compared without case and without quotes around them, with one space for any of " _-".
_WORDS = re.compile(
    r"null|none|nil|nan|undefined|true|false|unknown|anon|anonymous|anonymi[sz]ed|guest|test|redacted"
    r"|deleted|removed|missing|empty|blank|void|default|example|n/?a|n\.a\."
    r"|(not|un) ?(set|authenticated|available|provided|known|defined|applicable|specified|given"
    r"|identified|(logged|signed) ?(in|on))|(logged|signed) ?(out|off)|cash"
    r"|(distinct ?|user ?|customer ?|device ?|anonymous ?)?id|e ?mail|phone|user|customer"
    # What emulators, Android, and whatever stands behind a proxy say of themselves alike.
    r"|9774d56d682e549c|02([: ]00){5}|127\.0\.0\.1|::1|localhost"
)
# Programs also join words, as null-null, unknown user and walk-in customer.
_MOST_JOINED = 4
_COMPOUNDS = re.compile(
    r"\b(e|walk|one|non|not|no|nicht) (mail|in|time|registered|one|registriert)\b"
)
_BETWEEN = re.compile(r"[ .:/,;|+]+")
_BEGINNINGS = JOINED_FIRST.union(
    (_BETWEEN.split(phrase, 1)[0] for phrase in PHRASES), ("walk", "one", "non", "not", "nicht")
)
# What a template, a spreadsheet, a database's dump and a program say of nothing: `{{ user.id }}`,
# `${id}`, `%email%`, `*|EMAIL|*`, `<nil>`, `[redacted]`, `(not set)`, `#N/A`, `#REF!`, `\N`.
_UNFILLED = re.compile(
    r"\$?\{.*\}|#\{.*\}|%.+%|\*\|.*\|\*|<.*>|\[.*\]|\(.*\)|__.+__|@@.+@@|::.+::|\$[a-z_.]+"
    r"|.*(\{\{.*\}\}|\$\{.*\}|\*\|.*\|\*|<%.*%>|%7b%7b.*%7d%7d).*"
    rf"|{SPREADSHEET_ERROR}|\\n"
)
_GUID = re.compile(r"\{[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}")
# Zeros and signs alone, of any script; a negative number, which no table counts its people with;
# f's alone.
_NO_NUMBER = re.compile(r"[0\W_]*|-\d+([.,]\d+)?|[f\-]{8,}|0x0+")
_MAILBOXES = re.compile(
    r"(guest|gast|invit[eé]|invitado|convidado|ospite|unbekannt|inconnu|desconocido|anonym|unknown"
    r"|no-?_?e?-?mail|no-?_?reply|do-?_?not-?_?reply|none|null|nil|undefined|n/a"
    r"|anonymous|anonymi[sz]ed|deleted|redacted|noname|invalid|dummy|walk-?in"
    r"|placeholder|test|(guest|walk-?in|cash|unknown|anonymous|no|test|dummy|default)[-_.]?"
    r"(guest|customer|client|user|buyer|shopper|visitor|sale|name))([-_+.]?\d+){0,3}@.*"
    r"|test.*@test.*"
    r"|(?P<same>no|na|nan|none|test|example|asdf|abc|(?P<one>\w)(?P=one)*)\d*@(?P=same)\d*\..*"
    r"|[^@]*@(.*\.)?(invalid|localhost|localdomain)\.?"
)
_QUOTES = "\"'`"
_LONGEST_WORD = 32
_SPACES = str.maketrans("_-", "  ")


def is_placeholder(value: str) -> bool:
    """Whether `value` stands for nobody in any shop."""
    bare = _bare(value)
    return (
        _NO_NUMBER.fullmatch(bare) is not None
        or (
            _MAILBOXES.fullmatch(bare) is not None
            if "@" in bare
            else len(bare) <= _LONGEST_WORD and _is_word(bare.translate(_SPACES))
        )
        or (_UNFILLED.fullmatch(bare) is not None and _GUID.fullmatch(bare) is None)
    )


def is_listed(value: str, words: Collection[str], patterns: Collection[re.Pattern[str]]) -> bool:
    """Whether `value` stands for nobody in a shop, by its own `words` and `patterns`."""
    bare = _bare(value)
    return bare in words or any(pattern.fullmatch(bare) for pattern in patterns)


def _bare(value: str) -> str:
    return value.strip().strip(_QUOTES).strip().casefold()


def _is_word(bare: str) -> bool:
    """Whether a text, in lower case with blanks between its words, is a name for nobody."""
    if _WORDS.fullmatch(bare) is not None:
        return True
    plain = bare if bare.isascii() else _without_accents(bare)
    if _BETWEEN.split(plain, 1)[0] not in _BEGINNINGS:
        return False
    words = _BETWEEN.split(_COMPOUNDS.sub(r"\1\2", plain))
    if len(words) == 1:
        return words[0] in WORDS
    is_joined = words[0] in JOINED_FIRST and JOINED_NEXT.issuperset(words[1:])
    return (is_joined and len(words) <= _MOST_JOINED) or plain in PHRASES


def _without_accents(text: str) -> str:
    """A text as it is written where there are no accents; other scripts keep their marks."""
    parts = unicodedata.normalize("NFD", text.replace("ø", "o").replace("æ", "ae"))
    bare = (part for part in parts if not "\u0300" <= part <= "\u036f")
    return unicodedata.normalize("NFC", "".join(bare))
