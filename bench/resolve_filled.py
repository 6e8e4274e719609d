"""A process that fills the empty tables of identity with COPY, which green processes cannot do.

    echo postgresql://… 500000 | python -m bench.resolve_filled

Each shopper is an account with two identifiers, a user id and a device.
"""

from __future__ import annotations

import io
import sys

import psycopg2

from identifiers import load_types
from services.identity.domain.observation import Observer
from services.identity.domain.state import IdentityPolicy

NOW = 1_750_000_000_000_000
OBSERVER = Observer(IdentityPolicy(load_types()), b"a key for the bench")


_ROWS_A_COPY = 20_000
_COLUMNS = {
    "keys": "key",
    "profiles": "profile_id, account",
    "tenures": "stream_id, key, number, opened_at, founded_at, profile_id, epoch, assurance, bond,"
    " home, current, signed_in, owner, owned_at",
    "periods": "key, opened_at, stream_id",
}


def fill(uri: str, shoppers: int) -> None:
    """Fill the empty tables of identity with accounts, each with a user id and a device."""
    connection = psycopg2.connect(uri)
    connection.autocommit = True  # VACUUM needs it
    with connection.cursor() as cursor:
        for start in range(0, shoppers, _ROWS_A_COPY):
            rows: dict[str, list[str]] = {table: [] for table in _COLUMNS}
            for number in range(start, min(start + _ROWS_A_COPY, shoppers)):
                _add(rows, number)
            for table, lines in rows.items():
                text = io.StringIO("".join(f"{line}\n" for line in lines))
                cursor.copy_expert(f"COPY {table} ({_COLUMNS[table]}) FROM STDIN", text)
        cursor.execute("VACUUM ANALYZE keys, profiles, tenures, periods")
    connection.close()


def _add(rows: dict[str, list[str]], number: int) -> None:
    profile, device = f"profile-{number:09}", f"device-{number:09}"
    rows["profiles"].append(f"{profile}\tt")
    for kind, value, stream, assurance, opened_at, owner in (
        ("user_id", f"u-{number}", profile, "verified", NOW, "f\t\\N\t0"),
        ("anonymous_id", f"a-{number}", device, "device", NOW, f"t\t{profile}\t{NOW}"),
    ):
        (key,) = OBSERVER.keys({kind: value})
        rows["keys"].append(key)
        rows["tenures"].append(
            f"{stream}\t{key}\t1\t{opened_at}\t{NOW}\t{profile}\t1\t{assurance}\t{stream}"
            f"\t{profile}\tt\t{owner}"
        )
        if kind == "anonymous_id":
            rows["periods"].append(f"{key}\t{NOW}\t{stream}")


if __name__ == "__main__":
    target, count = sys.stdin.read().split()
    fill(target, int(count))
