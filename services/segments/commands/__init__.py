"""Commands: definitions are put in force, profiles evaluated, and segments measured."""

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
from services.segments.commands.watching import measure, measure_due

__all__ = [
    "EVALUATION_OUTAGES",
    "DueEvaluation",
    "apply",
    "define",
    "delete",
    "measure",
    "measure_due",
    "note_unreadable",
    "reevaluate_shopper",
    "rename",
    "start",
    "start_with",
]
