"""Identifier types, what their values are worth, and the keyed hashes that stand for them.

`accept(identifiers, types, key)` turns what a shop sent into keys; `load_types(config_dir)` reads
the types from `identity.yaml`. Values are hashed here and go no further: nothing logs or shows one.
"""

from identifiers.acceptance import (
    NONE_USABLE,
    Accepted,
    Identifier,
    Ignored,
    accept,
    list_ignored,
)
from identifiers.configuration import load_types, read_types
from identifiers.normalising import bare_address
from identifiers.types import Assurance, IdentifierType, IdentifierTypes

__all__ = [
    "NONE_USABLE",
    "Accepted",
    "Assurance",
    "Identifier",
    "IdentifierType",
    "IdentifierTypes",
    "Ignored",
    "accept",
    "bare_address",
    "list_ignored",
    "load_types",
    "read_types",
]
