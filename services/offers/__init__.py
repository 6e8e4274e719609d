"""offers: what should this shopper see?"""

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")
SHIPPED_CATALOGUE = Path(__file__).with_name("offers.yaml")
