"""What a rule asks for that the shop does not have, or has never recorded: the nearest is named."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from rules.field_names import fields_in, first_unknown, is_field_name
from rules.fields import ARTICLE_EVENTS, purpose_name
from rules.language.data import DataObject, Path
from rules.language.errors import suggestion
from rules.language.literal import Literal
from rules.language.plausible import doubt_about_minutes
from rules.language.reads import Reads
from rules.language.shop import ShopContext, TraitKind
from rules.language.syntax import Syntax
from rules.language.units import describe_duration
from rules.language.windows import Window

_SOME = 10
_TEXTS = frozenset({TraitKind.TEXT, TraitKind.DATE})
_WRITE = {
    TraitKind.TEXT: "a text in quotes",
    TraitKind.DATE: "a text in quotes",
    TraitKind.NUMBER: "a number without quotes",
    TraitKind.TRUTH: "True or False without quotes",
}


@dataclass(frozen=True, slots=True)
class ShopChecks:
    """Compares what a rule asks for with what is known of the shop, and adds to the warnings."""

    syntax: Syntax
    shop: ShopContext
    warnings: list[str]

    def check_event_type(self, node: ast.expr, text: str, shipped: frozenset[str]) -> None:
        """Warn of a type that is none of the `shipped` ones and of which no event was recorded."""
        recorded = self.shop.event_types
        if recorded is None:
            if close := suggestion(text, shipped):
                self._warn(node, f'no shipped event type is called "{text}"{close}')
        elif text not in recorded:
            close = suggestion(text, {*shipped, *recorded})
            self._warn(node, f'no event "{text}" has been recorded yet{close}')

    def check_field(self, node: ast.expr, path: Path, about: DataObject) -> None:
        """Warn of a field that no event of the type has had."""
        fields = (self.shop.event_types or {}).get(about.event, {})
        known = fields_in(fields, ".".join(about.path))
        unknown = first_unknown(known, path)
        if unknown is not None:
            above, name = unknown
            close = suggestion(name, known[above]) or f"; it has {_some(known[above])}"
            place = ".".join((*about.path, above)).strip(".")
            of = f" of {place}" if place else ""
            self._warn(node, f"no {about.event} event has had a field {name}{of} yet{close}")

    def check_trait(self, node: ast.expr, path: Path) -> bool:
        """Warn of a trait that no shopper has had; whether that was warned of."""
        traits = self.shop.traits or {}
        unknown = first_unknown(traits, path)
        if unknown is None:
            return False
        above, name = unknown
        close = suggestion(name, traits[above]) or f"; there are {_some(traits[above])}"
        of = f" of traits.{above}" if above else ""
        self._warn(node, f"no shopper has had a trait {name}{of} yet{close}")
        return True

    def check_date(self, node: ast.expr, path: Path) -> None:
        """Warn of a trait that no shopper has had, or that has had texts that are no dates."""
        if self.check_trait(node, path):
            return
        kinds, name = self._kinds_of(path), ".".join(path)
        if others := kinds - {TraitKind.DATE}:
            who = "some shoppers have" if TraitKind.DATE in kinds else "all shoppers have"
            what = " or ".join(sorted(kind.value for kind in others))
            self._warn(
                node,
                f"{who} had {what} in traits.{name} that says no date, which counts as none:"
                " send dates as 1990-11-22, the year first",
            )

    def check_kind(self, node: ast.expr, literal: Literal) -> None:
        """Warn of a fixed value of a kind in which a trait, if it is one, was never recorded."""
        path = _trait_in(node)
        kinds = frozenset() if path is None else self._kinds_of(path)
        wanted = _kinds_of_literal(literal)
        if not kinds or not wanted or kinds & wanted:
            return
        name = self.syntax.segment(node)
        had = " or ".join(sorted({(TraitKind.TEXT if k in _TEXTS else k).value for k in kinds}))
        write = sorted({_WRITE[kind] for kind in kinds if kind in _WRITE})
        how = f"compare it with {' or '.join(write)}" if write else f'write "x" in {name}'
        self._warn(
            literal.node,
            f"no shopper has had {literal.kind()} in {name} yet, but {had}: {how}",
        )

    def check_container(self, node: ast.expr) -> None:
        """Warn of a trait, if it is one, in which nothing can be: it was no list and no text."""
        path = _trait_in(node)
        kinds = frozenset() if path is None else self._kinds_of(path)
        if not kinds or kinds & {*_TEXTS, TraitKind.LIST}:
            return
        name = self.syntax.segment(node)
        had = " or ".join(sorted(kind.value for kind in kinds))
        write = " or ".join(sorted({_WRITE[kind] for kind in kinds}))
        self._warn(
            node,
            f"no shopper has had a list or a text in {name} yet, but {had}:"
            f" write {name} == and {write}",
        )

    def check_category(self, node: ast.expr, text: str) -> None:
        """Warn of a category of which no product has been recorded."""
        known = self.shop.categories
        if known and is_field_name(text) and text not in known:
            close = suggestion(text, known) or f"; there are {_some(known)}"
            self._warn(node, f'no product of the category "{text}" has been recorded yet{close}')

    def check_field_value(self, node: ast.expr, literal: Literal, about: DataObject) -> None:
        """Warn of a value that a field of events, which may be a category, has not had."""
        is_article = about.path == ("products",) or about.event in ARTICLE_EVENTS
        is_category = self.syntax.segment(node).rpartition(".")[2] == "category"
        if is_article and is_category and isinstance(literal.value, str):
            self.check_category(literal.node, literal.value)

    def check_currency(self, node: ast.expr, code: str) -> None:
        """Warn of a currency in which no amount has been recorded."""
        known = self.shop.currencies
        if known and code not in known:
            self._warn(node, f"no amount in {code} has been recorded yet; there are {_some(known)}")

    def check_segment(self, node: ast.expr, name: str) -> None:
        """Refuse a segment that does not exist."""
        segments = self.shop.segments
        if segments is not None and name not in segments:
            close = suggestion(name, segments) or f"; there are {', '.join(sorted(segments)[:10])}"
            raise self.syntax.error(node, f'there is no segment "{name}"{close}')

    def check_purpose(self, node: ast.expr, text: str) -> None:
        """Warn of a purpose of which no consent has been recorded."""
        consents = (self.shop.event_types or {}).get("consent_changed", {})
        names = {purpose_name(each) for each in consents.get("purposes", ())}
        purpose = purpose_name(text)
        if names and is_field_name(purpose) and purpose not in names:
            close = suggestion(purpose, names) or f"; there are {_some(names)}"
            self._warn(node, f'no consent to "{text}" has been recorded yet{close}')

    def check_window(self, node: ast.expr, window: Window) -> None:
        """Warn of a window that is longer than the data of events is kept."""
        keeps = self.shop.keeps
        if keeps is not None and window.oldest is not None and window.oldest > keeps:
            self._warn(
                node,
                f"the window of {describe_duration(window.oldest)} is longer than the data of"
                f" events is kept: {describe_duration(keeps)}",
            )

    def check_minutes(self, node: ast.expr, reads: Reads) -> None:
        """Warn of a length of time in minutes, or of two, where months are likelier."""
        for part in node.elts if isinstance(node, ast.Tuple | ast.List) else [node]:
            text = part.value if isinstance(part, ast.Constant) else None
            if doubt := doubt_about_minutes(text, reads):
                self._warn(part, doubt)

    def _kinds_of(self, path: Path) -> frozenset[TraitKind]:
        """The kinds in which a trait was recorded; none if that is not known."""
        *above, name = path
        if self.shop.trait_kinds is None or not is_field_name(name):
            return frozenset()
        return frozenset(
            kind
            for kind, traits in self.shop.trait_kinds.items()
            if name in traits.get(".".join(above), ())
        )

    def _warn(self, node: ast.AST, message: str) -> None:
        self.warnings.append(str(self.syntax.error(node, message)))


def _trait_in(node: ast.expr) -> Path | None:
    """The path of a trait, None if the expression is something else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
        elif isinstance(node.slice, ast.Constant):
            names.append(str(node.slice.value))
        node = node.value
    is_trait = names and isinstance(node, ast.Name) and node.id == "traits"
    return tuple(reversed(names)) if is_trait else None


def _kinds_of_literal(literal: Literal) -> frozenset[TraitKind]:
    """The kinds of traits that a fixed value can be equal to; none of None."""
    if literal.value is None:
        return frozenset()
    if isinstance(literal.value, bool):
        return frozenset({TraitKind.TRUTH})
    return _TEXTS if isinstance(literal.value, str) else frozenset({TraitKind.NUMBER})


def _some(names: Iterable[str]) -> str:
    """The first few names, as no close one is among them."""
    found = sorted(names)
    return ", ".join(found[:_SOME]) + (", …" if len(found) > _SOME else "")
