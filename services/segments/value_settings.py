"""clv.yaml: how customer lifetime value is computed, and how often its model is fitted.

Every mistake is refused with its path, its line and column, and the fix.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis import DAY, HOUR
from chassis.config.files import own_or_shipped, read_text
from chassis.config.yaml_document import Entry, read_document
from clv import Dropout, FitSettings
from contracts.currencies import CURRENCIES
from rules.language.units import parse_duration

FILE = "clv.yaml"
SHIPPED_VALUES = Path(__file__).parent / FILE

_NEVER = "never"
_LONGEST_HORIZON = 3_650 * DAY


@dataclass(frozen=True, slots=True)
class ValueSettings:
    """What clv.yaml says; without `fit_every` (µs) the model is fitted by a command alone."""

    fit: FitSettings = field(default_factory=FitSettings)
    zone_name: str = "UTC"
    fit_every: int | None = DAY

    @property
    def zone(self) -> tzinfo:
        """The shop's time zone."""
        return UTC if self.zone_name == "UTC" else ZoneInfo(self.zone_name)


def load_value_settings(directory: Path | None = None) -> ValueSettings:
    """The settings in `directory`/clv.yaml if that file exists, else the shipped ones."""
    path = own_or_shipped(SHIPPED_VALUES, directory)
    return read_value_settings(read_text(path), str(path))


def read_value_settings(text: str, name: str = FILE) -> ValueSettings:
    """The settings in `text`; InvalidInput gives the path, position and fix of a mistake."""
    fields = read_document(text, name).record(
        required=("model", "horizon", "zone", "fit_every"), optional=("currency", "band")
    )
    model = fields["model"].choice(each.value for each in Dropout)
    band = fields["band"].whole(0, 50) if "band" in fields else FitSettings().band
    fit = FitSettings(
        Dropout(model), _horizon(fields["horizon"]), _currency(fields.get("currency")), band
    )
    return ValueSettings(fit, _zone(fields["zone"]), _period(fields["fit_every"]))


def _horizon(entry: Entry) -> int:
    horizon = _duration(entry)
    if horizon % DAY or horizon > _LONGEST_HORIZON:
        entry.refuse('must be whole days, at most ten years, such as "364d"')
    return horizon


def _period(entry: Entry) -> int | None:
    if entry.text() == _NEVER:
        return None
    period = _duration(entry)
    if period < HOUR:
        entry.refuse('must be an hour ("1h") or longer, or "never"')
    return period


def _duration(entry: Entry) -> int:
    try:
        return parse_duration(entry.text())
    except ValueError as error:
        entry.refuse(str(error))


def _currency(entry: Entry | None) -> str | None:
    if entry is None:
        return None
    if entry.text() not in CURRENCIES:
        entry.refuse("must be an ISO 4217 code in capitals, such as EUR")
    return entry.text()


def _zone(entry: Entry) -> str:
    name = entry.text()
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        entry.refuse("must be the name of a time zone such as Europe/Berlin")
    return name
