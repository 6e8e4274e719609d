"""Placeholders: values that shops send when they know nobody, and that would fuse everybody."""

from __future__ import annotations

import re
from collections.abc import Collection

# Compared without case and without quotes around them, with one space for any of " _-".
_WORDS = re.compile(
    r"null|none|nil|nan|undefined|true|false|unknown|anonymous|anonymi[sz]ed|guest|test|redacted"
    r"|deleted|removed|missing|empty|blank|void|default|example|n/?a|n\.a\."
    r"|(not|un) ?(set|authenticated|available|provided|known|defined|applicable|specified)"
    r"|(distinct ?|user ?|customer ?|device ?|anonymous ?)?id|e ?mail|phone|user|customer"
)
# Programs also join two of them, as null-null and unknown user.
_JOINED = re.compile(
    r"(null|none|nil|undefined|unknown|anonymous|guest|missing|default|no|empty)"
    r"([ .:/,;|+](null|none|nil|undefined|unknown|id|e ?mail|phone|name|user|customer|account|guest"
    r"|visitor|shopper|buyer|member|string|value))+"
)
# What a template, a spreadsheet, a database's dump and a program say of nothing: `{{ user.id }}`,
# `${id}`, `%email%`, `*|EMAIL|*`, `<nil>`, `[redacted]`, `(not set)`, `#N/A`, `#REF!`, `\N`.
_UNFILLED = re.compile(
    r"\$?\{.*\}|#\{.*\}|%.+%|\*\|.*\|\*|<.*>|\[.*\]|\(.*\)|__.+__|@@.+@@|::.+::|\$[a-z_.]+"
    r"|.*(\{\{.*\}\}|\$\{.*\}|\*\|.*\|\*|<%.*%>|%7b%7b.*%7d%7d).*"
    r"|#(n/a|ref|value|name|null|num|div/0|error|spill|calc)[!?]?|\\n"
)
_GUID = re.compile(r"\{[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}")
# Zeros and signs alone, of any script; a negative number, which no table counts its people with;
# f's alone.
_NO_NUMBER = re.compile(r"[0\W_]*|-\d+([.,]\d+)?|[f\-]{8,}|0x0+")
_MAILBOXES = re.compile(
    r"(guest|unknown|no-?_?e?-?mail|no-?_?reply|do-?_?not-?_?reply|none|null|nil|undefined|n/a"
    r"|anonymous|anonymi[sz]ed|deleted|redacted|noname|invalid)([-_+.]?\d+)?@.*"
    r"|test.*@test.*|test@.*|(?P<same>no|na|none|test|example|asdf|abc|(?P<one>\w)(?P=one)*)@(?P=same)\..*"
    r"|[^@]*@(.*\.)?(invalid|localhost|localdomain)\.?"
)
_QUOTES = "\"'`"
_LONGEST_WORD = 20
_SPACES = str.maketrans("_-", "  ")


def is_placeholder(
    value: str,
    words: Collection[str] = (),
    patterns: Collection[re.Pattern[str]] = (),
) -> bool:
    """Whether `value` stands for nobody; `words` and `patterns` are the shop's own."""
    bare = value.strip().strip(_QUOTES).strip().casefold()
    return (
        bare in words
        or _NO_NUMBER.fullmatch(bare) is not None
        or (len(bare) <= _LONGEST_WORD and _is_word(bare.translate(_SPACES)))
        or ("@" in bare and _MAILBOXES.fullmatch(bare) is not None)
        or (_UNFILLED.fullmatch(bare) is not None and _GUID.fullmatch(bare) is None)
        or any(pattern.fullmatch(bare) for pattern in patterns)
    )


def _is_word(bare: str) -> bool:
    return _WORDS.fullmatch(bare) is not None or _JOINED.fullmatch(bare) is not None
