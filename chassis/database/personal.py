"""What each column of a table holds of a person. Erasure goes by it, so every column says it.

    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS)

A test walks the tables of every service, and names a column that says nothing.
"""

from __future__ import annotations

KEY = "personal"

# What a shop sent of a person, or what was derived from it, sealed or not.
PERSONAL = {KEY: "personal"}
# A keyed hash, or an id of a stream, a profile or an event: it leads to the rows of one person.
PSEUDONYMOUS = {KEY: "pseudonymous"}
# Nothing of a person without the other columns of its row.
NOT_PERSONAL = {KEY: "no"}
CLASSES = (PERSONAL[KEY], PSEUDONYMOUS[KEY], NOT_PERSONAL[KEY])
