"""Queries: who is in which segment and why, and who would be."""

from services.segments.queries.backtest import backtest
from services.segments.queries.preview import PREVIEW_SECONDS, preview
from services.segments.queries.segments import (
    compare_file,
    count_leaving,
    explain,
    export,
    list_segments,
    members,
    memberships,
    preview_streams,
    show_segment,
    values,
    version_of,
)
from services.segments.queries.stability import sensitive_warnings, stability, warnings
from services.segments.queries.standstill import list_standstills
from services.segments.queries.translate import translate

__all__ = [
    "PREVIEW_SECONDS",
    "backtest",
    "compare_file",
    "count_leaving",
    "explain",
    "export",
    "list_segments",
    "list_standstills",
    "members",
    "memberships",
    "preview",
    "preview_streams",
    "sensitive_warnings",
    "show_segment",
    "stability",
    "translate",
    "values",
    "version_of",
    "warnings",
]
