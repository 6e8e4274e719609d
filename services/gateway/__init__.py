"""The web edge: what browsers, SDKs and shops say over HTTP becomes calls of the services."""

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")
