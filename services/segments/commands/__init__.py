"""Commands: definitions are put in force, and profiles evaluated."""

from services.segments.commands.definitions import (
    apply,
    define,
    delete,
    note_unreadable,
    rename,
    start,
    start_with,
)
from services.segments.commands.evaluation import (
    EVALUATION_OUTAGES,
    DueEvaluation,
    reevaluate_shopper,
)

__all__ = [
    "EVALUATION_OUTAGES",
    "DueEvaluation",
    "apply",
    "define",
    "delete",
    "note_unreadable",
    "reevaluate_shopper",
    "rename",
    "start",
    "start_with",
]
