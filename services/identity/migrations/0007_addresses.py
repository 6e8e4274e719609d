"""Addresses stand in tables of their own, and devices have periods.

The labels stay. What claims alone had joined is `fused` with the name of its account, or with the
first device of its guest, until it is redrawn.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_FIRST = -(2**62)
_DATA = {
    "postgresql": "CAST(events.data AS json) ->> '{}'",
    "sqlite": "json_extract(events.data, '$.{}')",
}
_TYPE = {
    "postgresql": "split_part({}, ':', 1)",
    "sqlite": "substr({0}, 1, instr({0}, ':') - 1)",
}


def upgrade() -> None:
    _create_tables()
    dialect = op.get_bind().dialect.name
    words = {
        "{type}": _TYPE[dialect].format("key"),
        "{reason}": _DATA[dialect].format("reason"),
        "{note}": _DATA[dialect].format("note"),
        "{first}": str(_FIRST),
    }
    for statement in _STATEMENTS:
        filled = statement
        for word, text in words.items():
            filled = filled.replace(word, text)
        op.execute(filled)
    for column in ("bound_at", "verified", "merges"):
        op.drop_column("tenures", column)
    op.create_index("ix_tenures_bond", "tenures", ["bond"])


def _create_tables() -> None:
    for column in (
        sa.Column("home", sa.Text, nullable=False, server_default=""),
        sa.Column("signed_in", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("owner", sa.Text),
        sa.Column("owned_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("beside", sa.Text),
        sa.Column("beside_at", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("prior", sa.Text, nullable=False, server_default=""),
        sa.Column("typed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("ordered", sa.Integer, nullable=False, server_default="0"),
        sa.Column("empty", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("untied", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("fused", sa.Text),
    ):
        op.add_column("tenures", column)
    op.add_column(
        "profiles", sa.Column("account", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("profiles", sa.Column("tied", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "periods",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("opened_at", sa.BigInteger, primary_key=True),
        sa.Column("stream_id", sa.Text),
    )
    op.create_table(
        "addresses",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
    )
    op.create_index("ix_addresses_holder", "addresses", ["holder"])
    op.create_table(
        "sightings",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("address_tenure", sa.Integer, primary_key=True),
        sa.Column("on_tenure", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("own", sa.Boolean, nullable=False),
        sa.Column("stream_id", sa.Text, unique=True),
        sa.Column("profile_id", sa.Text),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("pin", sa.Text),
        sa.Column("fused", sa.Text),
        sa.Column("untied", sa.Boolean, nullable=False),
        sa.Column("beyond_proof", sa.Boolean, nullable=False),
    )
    op.create_index("ix_sightings_profile_id", "sightings", ["profile_id"])
    op.create_index("ix_sightings_on_tenure", "sightings", ["on_tenure"])


_STATEMENTS = (
    # What a row is: the name of an account, a device, or something that was typed.
    "ALTER TABLE tenures ADD COLUMN role text",
    """
    CREATE TABLE device_types AS SELECT DISTINCT {type} AS name FROM tenures WHERE assurance
    = 'device'
    """,
    """
    UPDATE tenures SET home = profile_id, role = CASE WHEN {type} IN (SELECT name FROM
    device_types) THEN 'device' WHEN {type} NOT IN ('email', 'phone') AND assurance =
    'verified' THEN 'name' ELSE 'typed' END
    """,
    "DROP TABLE device_types",
    # The stream that stands for a profile: a name, or else a device.
    """
    CREATE TABLE anchors AS SELECT profile_id, min(CASE WHEN role = 'name' THEN stream_id
    END) AS name, min(CASE WHEN role = 'device' THEN stream_id END) AS device FROM tenures
    GROUP BY profile_id
    """,
    "CREATE INDEX anchors_profile_id ON anchors (profile_id)",
    """
    UPDATE tenures SET bond = (SELECT name FROM anchors WHERE anchors.profile_id =
    tenures.profile_id) WHERE role = 'name'
    """,
    # An account's devices: those on which it was signed in, or that were seen beside them.
    """
    UPDATE tenures SET owner = (SELECT name FROM anchors WHERE anchors.profile_id =
    tenures.profile_id), owned_at = coalesce(bound_at, founded_at), signed_in = (bound_at IS
    NOT NULL) WHERE role = 'device' AND assurance = 'device' AND verified
    """,
    "UPDATE tenures SET owned_at = 0, signed_in = false WHERE owner IS NULL",
    "UPDATE tenures SET bond = stream_id WHERE owner IS NOT NULL",
    # What a support desk has merged is one guest.
    """
    CREATE TABLE merged_by_desk AS SELECT DISTINCT tenures.profile_id FROM tenures JOIN
    events ON events.stream_id = tenures.stream_id WHERE events.type = 'identity_changed'
    AND {reason} = 'merged' AND {note} IS NOT NULL
    """,
    """
    UPDATE tenures SET bond = (SELECT device FROM anchors WHERE anchors.profile_id =
    tenures.profile_id) WHERE role = 'device' AND owner IS NULL AND profile_id IN (SELECT
    merged_by_desk.profile_id FROM merged_by_desk JOIN anchors ON anchors.profile_id =
    merged_by_desk.profile_id WHERE anchors.name IS NULL)
    """,
    "DROP TABLE merged_by_desk",
    # Everything else in a profile of several streams was joined by claims.
    """
    UPDATE tenures SET fused = (SELECT coalesce(name, device) FROM anchors WHERE
    anchors.profile_id = tenures.profile_id) WHERE role <> 'name' AND owner IS NULL
    """,
    "UPDATE tenures SET fused = NULL WHERE fused = stream_id",
    """
    UPDATE tenures SET fused = NULL WHERE fused IS NOT NULL AND role = 'device' AND EXISTS
    (SELECT 1 FROM tenures AS anchor WHERE anchor.stream_id = tenures.fused AND anchor.role
    = 'device' AND anchor.bond = tenures.bond)
    """,
    # Devices: periods, one tenure that a key leads to, and who was signed in before. What comes
    # from a device that a claim brought to an account is a new guest's, as it was before.
    """
    INSERT INTO periods (key, opened_at, stream_id) SELECT key, opened_at, stream_id FROM
    tenures WHERE assurance = 'device' AND number = (SELECT max(number) FROM tenures AS same
    WHERE same.key = tenures.key AND same.opened_at = tenures.opened_at AND same.assurance =
    'device')
    """,
    """
    UPDATE tenures SET current = (stream_id = coalesce((SELECT stream_id FROM periods WHERE
    periods.key = tenures.key ORDER BY periods.opened_at DESC LIMIT 1), '')) WHERE role =
    'device'
    """,
    "UPDATE tenures SET assurance = 'device' WHERE role = 'device'",
    """
    UPDATE tenures SET prior = coalesce((SELECT CASE WHEN count(DISTINCT other.owner) > 1
    THEN '*' ELSE min(other.owner) END FROM tenures AS other WHERE other.key = tenures.key
    AND other.signed_in AND other.opened_at < tenures.opened_at), '') WHERE role = 'device'
    AND NOT signed_in AND opened_at > {first}
    """,
    # What was typed: one stream of each address, and others that nobody is led to.
    """
    INSERT INTO sightings (address, address_tenure, on_tenure, seen_at, own, stream_id,
    profile_id, epoch, fused, untied, beyond_proof) SELECT key, CASE WHEN first THEN 1 ELSE
    number END, CASE WHEN first THEN '' ELSE 'nobody' END, founded_at, false, stream_id,
    profile_id, epoch, fused, false, false FROM (SELECT tenures.*, {type} IN ('email',
    'phone') AND row_number() OVER (PARTITION BY key ORDER BY CASE WHEN assurance =
    'verified' THEN 0 ELSE 1 END, number) = 1 AS first FROM tenures WHERE role = 'typed') AS
    typed
    """,
    """
    INSERT INTO addresses (key, number, opened_at, holder, withdrawn, current) SELECT key,
    1, {first}, min(name), false, true FROM tenures JOIN anchors ON anchors.profile_id =
    tenures.profile_id WHERE role = 'typed' AND assurance = 'verified' AND name IS NOT NULL
    GROUP BY key
    """,
    """
    INSERT INTO sightings (address, address_tenure, on_tenure, seen_at, own, epoch, untied,
    beyond_proof) SELECT addresses.key, 1, holder, min(founded_at), true, 0, false, false
    FROM addresses JOIN tenures ON tenures.key = addresses.key GROUP BY addresses.key,
    holder
    """,
    "DELETE FROM tenures WHERE role = 'typed'",
    """
    UPDATE profiles SET account = EXISTS (SELECT 1 FROM anchors WHERE anchors.profile_id =
    profiles.profile_id AND name IS NOT NULL), tied = (SELECT count(*) FROM tenures WHERE
    tenures.profile_id = profiles.profile_id AND role = 'device' AND NOT signed_in) +
    (SELECT count(*) FROM sightings WHERE sightings.profile_id = profiles.profile_id)
    """,
    "DROP TABLE anchors",
    "ALTER TABLE tenures DROP COLUMN role",
)
