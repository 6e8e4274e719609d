"""The contents of an offers.yaml: what blocks show, in each language."""

from __future__ import annotations

from typing import Any

from chassis.config.yaml_document import Entry
from chassis.core.languages import every_plural_category, plural_categories
from chassis.core.suggest import suggest
from services.offers.configuration.fields import FieldSpecs, check_fields
from services.offers.domain.content import Content
from services.offers.domain.languages import Languages
from services.offers.domain.messages import Message, MessageError, Plural, parse_message
from services.offers.domain.variables import VARIABLES, VariableKind

_LANGUAGES = "add `languages: [en]` at the top of the file, with the language of its texts"


def read_content(
    entry: Entry,
    languages: Languages | None = None,
    specs: FieldSpecs | None = None,
    translations: Entry | None = None,
) -> Content:
    """The content in `entry`, a mapping, with its translations; `specs` are what its slots declare.

    An unknown placeholder is refused.
    """
    if not entry.fields():
        entry.refuse("must not be empty; write what the block shows, such as `title: …`")
    if specs is not None:
        check_fields(entry, specs)
    body = entry.plain()
    names = _check_texts(entry, languages.default if languages else None)
    others: dict[str, dict[str, Any]] = {}
    for tag, part in _translations(translations, languages, body):
        if specs is not None:
            check_fields(part, specs, is_whole=False)
        names |= _check_texts(part, tag)
        others[tag] = part.plain()
    return Content(
        body,
        tuple(sorted(names)),
        others,
        {name: spec.type for name, spec in (specs or {}).items()},
        languages,
    )


def _translations(
    entry: Entry | None, languages: Languages | None, body: dict[str, Any]
) -> list[tuple[str, Entry]]:
    """The translations by their language; each has fields that the content has, too."""
    if entry is None:
        return []
    if languages is None:
        entry.refuse(f"is in languages that this file does not name; {_LANGUAGES}")
    others = languages.tags[1:]
    parts = list(entry.literal_fields().items())
    for tag, part in parts:
        if tag not in others:
            part.refuse(f"`{tag}` is no language to translate to; {suggest(tag, others)}")
        for name, field in part.fields().items():
            if name not in body:
                field.refuse(f"`{name}` is not in the content; {suggest(name, body)}")
    return parts


def _check_texts(entry: Entry, language: str | None) -> set[str]:
    """The placeholders in all texts of a content, which are in this language."""
    names: set[str] = set()
    for leaf in entry.leaves():
        text = leaf.plain()
        if isinstance(text, str):
            names |= _check_text(leaf, text, language)
    return names


def _check_text(leaf: Entry, text: str, language: str | None) -> set[str]:
    try:
        message = parse_message(text)
    except MessageError as error:
        leaf.refuse(str(error))
    names = set(message.names())
    for name in sorted(names):
        if name not in VARIABLES:
            leaf.refuse(f"placeholder `{{{name}}}` is not known; {suggest(name, VARIABLES)}")
        if VARIABLES[name].kind is VariableKind.MONEY and language is None:
            leaf.refuse(
                f"`{{{name}}}` is money, which languages write each in its way; {_LANGUAGES}"
            )
    _check_plurals(leaf, message, language)
    return names


def _check_plurals(leaf: Entry, message: Message, language: str | None) -> None:
    for plural in message.plurals():
        if VARIABLES[plural.name].kind is not VariableKind.NUMBER:
            leaf.refuse(f"`{{{plural.name}}}` is no number, and has no plural")
        if language is None:
            leaf.refuse(f"has a plural, which languages form each in its way; {_LANGUAGES}")
        _check_categories(leaf, plural, language)


def _check_categories(leaf: Entry, plural: Plural, language: str) -> None:
    wanted = plural_categories(language) | {"other"}
    for category in sorted(wanted - plural.categories.keys()):
        leaf.refuse(
            f"has a plural without `{category}`, which {language} has: write "
            f"`{{{plural.name}, plural, {' '.join(f'{each} {{# …}}' for each in sorted(wanted))}}}`"
        )
    for category in sorted(plural.categories.keys() - every_plural_category(language)):
        hint = "; for 0 alone write `=0 {…}`" if category == "zero" else ""
        leaf.refuse(
            f"has a plural with `{category}`, which {language} does not have, so that its text is"
            f" never shown: remove it{hint}"
        )
