"""Contracts: marshmallow schemas whose errors are paths and clear messages, all told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from marshmallow import RAISE, Schema, ValidationError, missing
from marshmallow.exceptions import SCHEMA

from chassis.core.errors import InvalidInput
from chassis.core.field_message import FieldMessage
from chassis.core.suggest import near_misses, nearest
from chassis.validation.plain import MAX_EVENT_BYTES, check_plain, join
from chassis.validation.slips import means_nothing, meant_json

MAX_MESSAGES = 20

_UNKNOWN = "is not a known field"
_MESSAGES = {"unknown": _UNKNOWN, "type": "must be an object"}
_MISSING = "is missing"

Parts = tuple[str | int, ...]
"""Where a value stands in another: names of fields and places in lists."""


class InvalidFields(Exception):
    """A value does not fit its schema: every wrong field, or the first 20 of them."""

    def __init__(self, errors: Sequence[FieldMessage]) -> None:
        super().__init__(*errors)
        self.errors = tuple(errors)

    def as_input(self) -> InvalidInput:
        """The error of a call: its subject is the first wrong field, its message names them all."""
        first, *others = self.errors
        also = (f"; also {error.field}: {error.message}" for error in others)
        return InvalidInput(first.field, first.message + "".join(also))


_HOLLOW = {bool: "false", list: "an empty list", dict: "an empty object"}


class Mending:
    """The slips that were set right in a value from outside, each as a warning."""

    def __init__(self) -> None:
        self.warnings: list[tuple[Parts, str]] = []

    def warn(self, parts: Parts, message: str) -> None:
        """Note what a value was taken for, or why it was left out."""
        self.warnings.append((parts, message))


class _Unusual(Exception):
    """A value that marshmallow has to look at."""


_REFUSED = object()


class _FieldReader(NamedTuple):
    """How a field is read, and what it is if it is absent or null: perhaps refused."""

    name: str
    sent_as: str
    read: Callable[[Any], Any]
    absent: Any
    null: Any

    @classmethod
    def of(cls, name: str, field: Any) -> _FieldReader:
        absent = _REFUSED if field.required else field.load_default
        null = None if field.allow_none else absent
        return cls(name, field.data_key or name, field.read, absent, null)


class StrictSchema(Schema):
    """The base of every schema: unknown fields are refused by name, with a suggestion.

    `hint` is added where no field has a similar name. `alternatives` has for fields, of which text
    for nothing may mean several things by itself, those others that say which: where one of them
    is given, the field is not. Build each schema once, at import.
    """

    hint = ""
    alternatives: Mapping[str, Sequence[str]] = {}

    class Meta:
        unknown = RAISE

    error_messages = _MESSAGES

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._known = frozenset(self.load_fields)
        self._parents: list[tuple[str, Any]] = [
            (name, field)
            for name, field in self.load_fields.items()
            if getattr(field, "has_fields", False)
        ]
        self._readers = self._compile_readers()

    def load(self, data: Any, **options: Any) -> Any:
        """What marshmallow loads, in a tenth of its time where nothing is wrong.

        Whatever is unusual is left to marshmallow, so that there is one place for each error.
        """
        if self._readers is not None and not options and type(data) is dict:
            try:
                return self._read_whole(data, self._readers)
            except (ValidationError, _Unusual):
                pass
        return super().load(data, **options)

    def _compile_readers(self) -> Sequence[_FieldReader] | None:
        """How each field is read; None if something besides its fields has a say."""
        fields = self.load_fields.values()
        is_plain = (
            not (any(self._hooks.values()) or self.many or self.partial) and self.unknown == RAISE
        )
        if not is_plain or not all(hasattr(f, "read") and not f.attribute for f in fields):
            return None
        return [_FieldReader.of(name, field) for name, field in self.load_fields.items()]

    def _read_whole(self, data: dict[Any, Any], readers: Sequence[_FieldReader]) -> dict[str, Any]:
        """The fields of a value that has no other ones; _Unusual or ValidationError if it has."""
        loaded: dict[str, Any] = {}
        left = len(data)
        for name, sent_as, read, default, null in readers:
            value = data.get(sent_as, missing)
            if value is missing:
                value = default
            else:
                left -= 1
                value = null if value is None else read(value)
            if value is _REFUSED:
                raise _Unusual
            if value is not missing:
                loaded[name] = value() if callable(value) else value
        if left:
            raise _Unusual
        return loaded

    def handle_error(self, error: ValidationError, *_args: Any, **_kwargs: Any) -> None:
        """Puts unknown fields first: a misspelt name says it of the missing field as well."""
        messages = error.messages
        if not isinstance(messages, dict):
            return
        unknown = sorted(str(n) for n, texts in messages.items() if texts == [_UNKNOWN])
        if unknown:
            meant = {nearest(name, self.load_fields) for name in unknown}
            known = {name: texts for name, texts in messages.items() if name not in unknown}
            error.messages = {name: [self._unknown(name)] for name in unknown} | {
                name: texts
                for name, texts in known.items()
                if name not in meant or not str(texts[0]).startswith(_MISSING)
            }

    def _unknown(self, name: str) -> str:
        names = list(self.load_fields)
        suggestion = did_you_mean(name, names) or self.hint or f"; known are {', '.join(names)}"
        return _UNKNOWN + suggestion

    def has_near_misses(self, names: tuple[str, ...]) -> bool:
        """Whether an object with these fields may have any; what was asked before is cached."""
        return bool(self._parents or near_misses(names, self._known))

    def near_misses(self, value: object, parts: Parts = ()) -> Sequence[tuple[Parts, str]]:
        """The fields, at every level, that are one letter off a known one, each with that one."""
        if type(value) is not dict:
            return ()
        found: Sequence[tuple[Parts, str]] = ()
        if misses := near_misses(tuple(value), self._known):
            found = [((*parts, name), close) for name, close in misses]
        for name, field in self._parents:
            if (part := value.get(name)) is not None and (
                inner := field.near_misses(part, (*parts, name))
            ):
                found = [*found, *inner]
        return found

    def mend(self, value: Any, mending: Mending, parts: Parts = ()) -> Any:
        """The value with the slips of its fields set right, where each can mean one thing only."""
        value = mend_object(value, mending, parts)
        if type(value) is not dict:
            return value
        value = self._without_blanks(value, mending, parts)
        return value | {
            name: _mended(field, value[name], mending, (*parts, name))
            for name, field in self.load_fields.items()
            if value.get(name) is not None
        }

    def stands_for(self, name: str, value: Mapping[str, Any]) -> bool:
        """Whether a field is given that can count instead of another one."""
        return not _is_blank(value.get(name))

    def _without_blanks(
        self, value: dict[str, Any], mending: Mending, parts: Parts
    ) -> dict[str, Any]:
        """The value without those blank fields of which another one is given instead."""
        nulls: dict[str, None] = {}
        for name, others in self.alternatives.items():
            sent = value.get(name)
            if sent is None or not _is_blank(sent) or _is_read(self.load_fields[name], sent):
                continue
            counts = next((other for other in others if self.stands_for(other, value)), None)
            if counts is not None:
                slip = f"{_blank(sent)}, and was read as null: what counts is {counts}"
                mending.warn((*parts, name), f"{slip}; leave it out")
                nulls[name] = None
        return value | nulls


def _is_blank(value: Any) -> bool:
    """Whether a value is null, or what programs have for it."""
    return value is None or _is_hollow(value) or _is_no_text(value)


def _blank(value: Any) -> str:
    """What a blank value is, for a warning."""
    if type(value) is not str:
        return f"is {_HOLLOW[type(value)]}"
    if not value.strip():
        return "is blank"
    return "is a word for nothing" if any(map(str.isalnum, value)) else "has signs alone"


def mend_object(value: Any, mending: Mending, parts: Parts) -> Any:
    """An object that PHP wrote as an empty list, or that stands in a text as JSON."""
    if value == [] and type(value) is list:
        mending.warn(parts, "is an empty list, and was read as an object; send {}")
        return {}
    if type(value) is str and (meant := meant_json(value, dict)) is not None:
        mending.warn(parts, "is text, and was read as the object in it; send it without quotes")
        return meant
    return value


def _mended(field: Any, value: Any, mending: Mending, parts: Parts) -> Any:
    """A field's value with its slips set right; text for nothing is as good as null."""
    may_be_blank = field.may_be_blank and not field.required
    if may_be_blank and _is_no_text(value) and not _can_be_read(field, value):
        mending.warn(parts, f"{_blank(value)}, and was read as null; leave it out")
        return None
    mended = field.mend(value, mending, parts)
    if may_be_blank and _is_hollow(mended) and not _is_read(field, mended):
        mending.warn(parts, f"{_blank(mended)}, and was read as null; leave it out")
        return None
    return mended


def _is_read(field: Any, value: Any) -> bool:
    """Whether a field takes a value as it is."""
    try:
        field.read(value)
    except ValidationError:
        return False
    return True


def _can_be_read(field: Any, value: Any) -> bool:
    """Whether a field takes a value, perhaps with its slips set right: `€` is no blank."""
    return _is_read(field, value) or _is_read(field, field.mend(value, Mending(), ()))


def _is_no_text(value: Any) -> bool:
    """Whether a value is text that stands for nothing."""
    return type(value) is str and means_nothing(value)


def _is_hollow(value: Any) -> bool:
    """Whether a value is what PHP has for nothing: false, or an empty list or object."""
    return type(value) in _HOLLOW and not value


def load(
    schema: Schema, value: object, path: str = "", *, max_bytes: int = MAX_EVENT_BYTES
) -> dict[str, Any]:
    """The value as the schema reads it; InvalidInput names the wrong fields by their paths.

    `path` is where the value stands in the call, such as `events[3]`. The bounds of plain JSON are
    checked first.
    """
    check_plain(value, path, max_bytes=max_bytes)
    return load_checked(schema, value, path)


def load_checked(schema: Schema, value: Any, path: str = "") -> dict[str, Any]:
    """The same as `load`, of a value whose bounds have been checked already."""
    try:
        return load_fields(schema, value, path)
    except InvalidFields as error:
        raise error.as_input() from None


def load_fields(schema: Schema, value: Any, path: str = "") -> dict[str, Any]:
    """The same as `load_checked`; InvalidFields has every error by itself."""
    try:
        loaded: dict[str, Any] = schema.load(value)
    except ValidationError as error:
        errors = islice(flat_errors(error.messages), MAX_MESSAGES)
        raise InvalidFields(
            [FieldMessage(join(path, parts), text) for parts, text in errors]
        ) from None
    return loaded


def first_error(errors: Mapping[Any, Any] | list[Any]) -> tuple[str, str]:
    """The path and the message of the first error in marshmallow's nested errors."""
    parts, message = next(flat_errors(errors))
    return join("", parts), message


def flat_errors(errors: Any, parts: Parts = ()) -> Iterator[tuple[Parts, str]]:
    """Marshmallow's nested errors one by one; of several about one field, the first."""
    if isinstance(errors, dict):
        for part, inner in errors.items():
            yield from flat_errors(inner, parts if part == SCHEMA else (*parts, part))
    else:
        yield parts, str(errors[0] if isinstance(errors, list) else errors)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`; did you mean "…"?` if one of `names` is close, else nothing."""
    close = nearest(name, names)
    return f'; did you mean "{close}"?' if close else ""
