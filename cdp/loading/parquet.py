"""Tables in Parquet, with the extra `parquet`; their cells become text, as in CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from importlib import import_module
from pathlib import Path
from typing import Any

from cdp.loading.rows import Row
from cdp.loading.table import make_row, marked, numbered
from chassis.core.errors import InvalidInput, Unavailable

_ROWS_AT_ONCE = 5_000
_DAMAGED = (OSError, ValueError, ArithmeticError, NotImplementedError)  # pyarrow's are ValueErrors


class Parquet:
    """A Parquet file; rows are numbered from 1, and `blank` are the words for an empty cell.

    Rejected rows go into a CSV file, which loads with the same mapping.
    """

    suffix = ".csv"

    def __init__(self, path: Path, name: str, blank: frozenset[str] = frozenset()) -> None:
        self.path, self.name, self._blank = path, name, blank
        try:
            self._parquet = import_module("pyarrow.parquet")
        except ImportError:
            raise Unavailable(
                str(path),
                "cannot be read without pyarrow; run: pip install 'checkout-cdp[parquet]'",
            ) from None
        file = self._open()
        self.total = int(file.metadata.num_rows)
        self.columns = numbered(file.schema_arrow.names)
        self.heading = _as_csv(self.columns)

    def rows(self) -> Iterator[Row]:
        """Its rows."""
        for number, cells in enumerate(self._cells(), start=1):
            filled = ["" if cell in self._blank else cell for cell in cells]
            yield make_row(self.columns, number, _as_csv(cells), number, self.name, filled, "")

    def again(self, row: Row) -> bytes:
        """The row as a line of CSV, with its name as an extra cell."""
        return marked(row, ",")

    def _open(self) -> Any:
        try:
            return self._parquet.ParquetFile(self.path)
        except _DAMAGED as error:
            raise InvalidInput(
                str(self.path), f"cannot be read as Parquet: {_one_line(error)}"
            ) from None

    def _cells(self) -> Iterator[tuple[str, ...]]:
        done = 0
        try:
            for batch in self._open().iter_batches(_ROWS_AT_ONCE):
                columns = [
                    [as_text(value) for value in column.to_pylist()] for column in batch.columns
                ]
                yield from zip(*columns, strict=True)
                done += len(batch)
        except _DAMAGED as error:
            raise InvalidInput(
                str(self.path),
                f"is damaged after row {done:,} ({_one_line(error)}); replace it, and run the same"
                " command again to continue",
            ) from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def as_text(value: Any) -> str:
    """A cell as text: times in ISO 8601, JSON for lists and objects, empty for null and NaN."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=as_text, ensure_ascii=False)
    return str(value)


def _as_csv(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode("utf-8", "surrogateescape")
