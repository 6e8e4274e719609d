"""What has happened: the log of all events, and the profiles folded from it."""

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")
