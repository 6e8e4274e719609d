"""offers.yaml: the catalogue as an operator writes it.

Every mistake is refused with its path, its line and column, and the fix. A file that was in force
stays readable for ever: new fields are optional, and what a field means does not change.
"""

from services.offers.configuration.catalogue import fingerprint, read_catalogue
from services.offers.configuration.files import (
    SHIPPED,
    CatalogueFile,
    load_catalogue,
    load_file,
    read_file,
)

__all__ = [
    "SHIPPED",
    "CatalogueFile",
    "fingerprint",
    "load_catalogue",
    "load_file",
    "read_catalogue",
    "read_file",
]
