"""Files: an offers.yaml that a process can put in force."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chassis.config.files import own_or_shipped, read_text
from chassis.core.applied_files import AppliedFile
from identifiers import IdentifierTypes, load_types
from services.offers import SHIPPED_CATALOGUE
from services.offers.configuration.catalogue import read_catalogue
from services.offers.domain.catalogue import Catalogue

SHIPPED = SHIPPED_CATALOGUE


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """An offers.yaml that a process can put in force; `is_shipped`: it came with the release."""

    text: str
    is_shipped: bool
    catalogue: Catalogue

    @property
    def applied(self) -> AppliedFile:
        """The file without what is in it."""
        return AppliedFile(self.catalogue.fingerprint, self.is_shipped)


def load_file(directory: Path | None = None) -> CatalogueFile:
    """`directory`/offers.yaml if that file exists, else the shipped one; InvalidInput as below.

    The identifiers that it names are those of the identity.yaml beside it.
    """
    path = own_or_shipped(SHIPPED, directory)
    return read_file(
        read_text(path), str(path), is_shipped=path == SHIPPED, types=load_types(directory)
    )


def read_file(
    text: str, name: str = "file", *, is_shipped: bool, types: IdentifierTypes | None = None
) -> CatalogueFile:
    """The file with this text; InvalidInput gives the path, position and fix of a mistake.

    `name` is what that calls the file: of one that a call brings nobody here knows it.
    """
    return CatalogueFile(text, is_shipped, read_catalogue(text, name, types))


def load_catalogue(directory: Path | None = None) -> Catalogue:
    """The catalogue of `load_file`."""
    return load_file(directory).catalogue
