"""What an identity may be made of, and how large it may grow. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from identifiers import IdentifierType, IdentifierTypes
from services.identity.domain.state.facts import Stream, Tenure


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """The identifier types, and how large a profile may grow."""

    types: IdentifierTypes
    most_tied: int = 1_000
    most_proven: int = 1_000

    def type_of(self, stream: Stream) -> IdentifierType | None:
        """The type of a stream's identifier; None if it is no longer configured."""
        return self.types.by_name.get(stream.type)

    def is_device(self, stream: Stream) -> bool:
        """Whether a stream's identifier is that of a device."""
        return isinstance(stream, Tenure) and stream.assurance == "device"

    def names_account(self, stream: Stream) -> bool:
        """Whether a stream is that of the name of an account."""
        return isinstance(stream, Tenure) and stream.assurance == "verified"
