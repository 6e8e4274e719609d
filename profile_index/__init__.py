"""The profile index: whose each stream is, which stream an identifier leads to, and summaries.

Profiles, segments and offers each keep these tables in a database of their own. `identity_changed`
is applied by the highest epoch of each stream, so facts in any order end in the same labels.
"""

from profile_index.forms import FORM_GAUGE, is_rebuild_due, note_form, rebuild_note
from profile_index.identity import (
    IdentifierOwner,
    LabelChange,
    apply_identity,
    current_profile,
    current_streams,
    find,
    moves_of,
    profiles_of,
    streams_of,
)
from profile_index.summaries import (
    fold_events,
    load_summaries,
    occasion_of,
    save_summaries,
    update_summaries,
)

__all__ = [
    "FORM_GAUGE",
    "IdentifierOwner",
    "LabelChange",
    "apply_identity",
    "current_profile",
    "current_streams",
    "find",
    "fold_events",
    "is_rebuild_due",
    "load_summaries",
    "moves_of",
    "note_form",
    "occasion_of",
    "profiles_of",
    "rebuild_note",
    "save_summaries",
    "streams_of",
    "update_summaries",
]
