"""Checks the start of a text file before any of it is loaded."""

from __future__ import annotations

from pathlib import Path

from chassis.core.errors import InvalidInput

_CHECKED_BYTES = 64 * 1024
_BINARY_WITHIN = 1024  # further on, a null character is a fault of its line alone
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh91AY", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")  # and UTF-32


def check_text(path: Path, *, of_json: bool = False) -> None:
    """InvalidInput if a file is not text in lines, with what to do about it.

    `of_json`: each of its lines is to be an object in JSON.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_CHECKED_BYTES)
    except OSError as error:
        raise InvalidInput(
            str(path), f"cannot be read ({error.strerror}); make it readable"
        ) from None
    if fault := _fault(start) or (_fault_of_json(start) if of_json else ""):
        raise InvalidInput(str(path), fault)


def _fault(start: bytes) -> str:
    if start.startswith(_COMPRESSED):
        return "is compressed, as workbooks are too; unpack it, or save it as text"
    if start.startswith(_UTF16):
        return "is in UTF-16 or UTF-32; save it as UTF-8"
    if start.startswith(b"PAR1"):
        return "is Parquet; give it a name that ends in .parquet"
    if b"\0" in start[:_BINARY_WITHIN]:
        return "is not text, as it has null characters; save it as text in UTF-8"
    if b"\r" in start and b"\n" not in start:
        return "has lines that end with CR alone; save it with Unix or Windows line ends"
    return ""


def _fault_of_json(start: bytes) -> str:
    first = start.removeprefix(b"\xef\xbb\xbf").strip().partition(b"\n")[0].strip()
    if first.startswith(b"["):
        return "is one list in JSON; write each object on a line of its own, as jq -c '.[]' does"
    if first == b"{":
        return "has objects over several lines; write each on a line of its own, as jq -c . does"
    return ""
