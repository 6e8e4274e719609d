"""Who is this? Identifiers become a stream and a profile."""

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")
