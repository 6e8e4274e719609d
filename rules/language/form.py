"""A rule as plain JSON, for interfaces that build rules without writing them, and back.

One of these objects for each part; `…` is a part:

- `{"and": […]}`, `{"or": […]}`, `{"not": …}`
- `{"operands": […], "signs": ["<=", "<"]}`: a comparison, or a chain; signs are == != < <= > >= in
  and not in
- `{"call": "count", "arguments": […], "options": {"within": …}}`
- `{"path": ["traits", "loyalty_tier"]}`: a name, or a path of names
- `{"calculate": "+", "left": …, "right": …}`
- `{"list": […]}`
- `{"value": "gold"}`: a text, a whole number, true, false or null; `{"decimal": "499.90"}`

`rule_text(rule_form(text))` is the rule as it is written without comments and needless brackets.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from keyword import iskeyword
from typing import Any

from rules.language.errors import RuleError
from rules.language.syntax import CALCULATIONS, DEEPEST, SIGNS, Syntax

Form = Mapping[str, Any]

_COMPARISONS: dict[type[ast.cmpop], str] = {**SIGNS, ast.In: "in", ast.NotIn: "not in"}
_SIGNS = frozenset(_COMPARISONS.values())
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _ATOM = range(7)
_LEVELS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_QUOTES = {'"': "'", "\n": '"""'}
_RUNS = re.compile(r'"+|\n+|[^"\n]+')


class FormError(ValueError):
    """JSON is no rule: where, as a path such as "and.0.call", and what is wrong."""

    def __init__(self, path: Sequence[str], message: str) -> None:
        place = ".".join(path) or "the rule"
        super().__init__(f"{place}: {message}")
        self.path = tuple(path)
        self.reason = message


def rule_form(text: str) -> dict[str, Any]:
    """The plain JSON of a rule's text; RuleError if it is no expression of the language."""
    syntax = Syntax(text)
    return _form(syntax, syntax.root)


def rule_text(form: Any) -> str:
    """The text of a rule in plain JSON; FormError if it is none. It is still to be compiled."""
    return _write(form, ())[0]


def _form(syntax: Syntax, node: ast.expr) -> dict[str, Any]:
    match node:
        case ast.BoolOp(op=op, values=values):
            word = "or" if isinstance(op, ast.Or) else "and"
            form: dict[str, Any] = {word: [_form(syntax, part) for part in values]}
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            form = {"not": _form(syntax, operand)}
        case ast.Compare(left=left, ops=ops, comparators=others):
            form = {
                "operands": [_form(syntax, part) for part in (left, *others)],
                "signs": [_COMPARISONS[type(op)] for op in ops],
            }
        case ast.BinOp(left=left, op=op, right=right) if type(op) in CALCULATIONS:
            form = {
                "calculate": CALCULATIONS[type(op)],
                "left": _form(syntax, left),
                "right": _form(syntax, right),
            }
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
            form = _call_form(syntax, name, arguments, keywords)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            form = {"list": [_form(syntax, part) for part in parts]}
        case ast.Name() | ast.Attribute() | ast.Subscript():
            form = {"path": _path(syntax, node)}
        case _:
            form = _value(syntax, node)
    return form


def _call_form(
    syntax: Syntax, name: str, arguments: Sequence[ast.expr], keywords: Sequence[ast.keyword]
) -> dict[str, Any]:
    form: dict[str, Any] = {"call": name, "arguments": [_form(syntax, part) for part in arguments]}
    if keywords:
        form["options"] = {str(keyword.arg): _form(syntax, keyword.value) for keyword in keywords}
    return form


def _path(syntax: Syntax, node: ast.expr) -> list[str]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=inner, attr=name):
            return [*_path(syntax, inner), name]
        case ast.Subscript(value=inner, slice=ast.Constant(value=str(name))):
            return [*_path(syntax, inner), name]
    raise _no_part(syntax, node)


def _value(syntax: Syntax, node: ast.expr) -> dict[str, Any]:
    sign, inner = "", node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign, inner = "-" if isinstance(node.op, ast.USub) else "", node.operand
    if not isinstance(inner, ast.Constant):
        raise _no_part(syntax, node)
    value = inner.value
    if isinstance(value, float):
        digits = syntax.segment(inner).replace("_", "")
        return {"decimal": sign + (digits if _NUMBER.fullmatch(digits) else f"{value:f}")}
    if type(value) is int:
        return {"value": -value if sign else value}
    if inner is node and (value is None or isinstance(value, str | bool)):
        return {"value": value}
    raise _no_part(syntax, node)


def _no_part(syntax: Syntax, node: ast.expr) -> RuleError:
    return syntax.error(node, "this is not part of the rule language")


# Back to text: each function gives the text of a form and how strongly it binds.

Written = tuple[str, int]


def _write(form: Any, path: tuple[str, ...]) -> Written:
    if not isinstance(form, Mapping):
        raise FormError(path, "a part of a rule is an object")
    if len(path) > 6 * DEEPEST:
        raise FormError((), f"brackets nest deeper than {DEEPEST} levels")
    for key, write in _WRITERS.items():
        if key in form:
            return write(form, path)
    raise FormError(path, f"a part of a rule has one of {', '.join(_WRITERS)}")


def _write_joined(form: Form, path: tuple[str, ...]) -> Written:
    word = "and" if "and" in form else "or"
    level = _AND if word == "and" else _OR
    parts = _list(form, word, path, least=2)
    texts = [
        _bracketed(part, (*path, word, str(place)), level + 1) for place, part in enumerate(parts)
    ]
    return f" {word} ".join(texts), level


def _write_not(form: Form, path: tuple[str, ...]) -> Written:
    return f"not {_bracketed(form['not'], (*path, 'not'), _NOT)}", _NOT


def _write_comparison(form: Form, path: tuple[str, ...]) -> Written:
    operands = _list(form, "operands", path, least=2)
    signs = _list(form, "signs", path, least=1)
    if len(signs) != len(operands) - 1:
        raise FormError((*path, "signs"), "there is one between each two operands")
    texts = [
        _bracketed(part, (*path, "operands", str(place)), _SUM)
        for place, part in enumerate(operands)
    ]
    for place, sign in enumerate(signs):
        if sign not in _SIGNS:
            raise FormError((*path, "signs", str(place)), f"is one of {' '.join(sorted(_SIGNS))}")
    return " ".join([texts[0], *(f"{s} {t}" for s, t in zip(signs, texts[1:], strict=True))]), (
        _COMPARE
    )


def _write_calculation(form: Form, path: tuple[str, ...]) -> Written:
    sign = form["calculate"]
    if sign not in _LEVELS:
        raise FormError((*path, "calculate"), "is one of + - * /")
    level = _LEVELS[sign]
    left = _bracketed(form.get("left"), (*path, "left"), level)
    right = _bracketed(form.get("right"), (*path, "right"), level + 1)
    return f"{left} {sign} {right}", level


def _write_call(form: Form, path: tuple[str, ...]) -> Written:
    name = _name(form["call"], (*path, "call"))
    texts = [
        _write(part, (*path, "arguments", str(place)))[0]
        for place, part in enumerate(_list({"arguments": [], **form}, "arguments", path, least=0))
    ]
    options = form.get("options", {})
    if not isinstance(options, Mapping):
        raise FormError((*path, "options"), "is an object")
    for option, part in options.items():
        place = (*path, "options", str(option))
        texts.append(f"{_name(option, place)}={_write(part, place)[0]}")
    return f"{name}({', '.join(texts)})", _ATOM


def _write_path(form: Form, path: tuple[str, ...]) -> Written:
    first, *names = _list(form, "path", path, least=1)
    text = _name(first, (*path, "path", "0"))
    for place, name in enumerate(names, start=1):
        if not isinstance(name, str):
            raise FormError((*path, "path", str(place)), "is a text")
        text += f".{name}" if _is_word(name) else f"[{_quoted(name)}]"
    return text, _ATOM


def _write_list(form: Form, path: tuple[str, ...]) -> Written:
    parts = _list(form, "list", path, least=0)
    texts = [_write(part, (*path, "list", str(place)))[0] for place, part in enumerate(parts)]
    return f"[{', '.join(texts)}]", _ATOM


def _write_value(form: Form, path: tuple[str, ...]) -> Written:
    value = form["value"]
    if isinstance(value, str):
        return _quoted(value), _ATOM
    if value is None or isinstance(value, bool) or type(value) is int:
        return str(value), _ATOM
    raise FormError((*path, "value"), "is a text, a whole number, true, false or null")


def _write_decimal(form: Form, path: tuple[str, ...]) -> Written:
    value = form["decimal"]
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return value, _ATOM
    raise FormError((*path, "decimal"), 'is a number as a text, such as "499.90"')


_WRITERS: Mapping[str, Callable[[Form, tuple[str, ...]], Written]] = {
    "and": _write_joined,
    "or": _write_joined,
    "not": _write_not,
    "operands": _write_comparison,
    "calculate": _write_calculation,
    "call": _write_call,
    "path": _write_path,
    "list": _write_list,
    "value": _write_value,
    "decimal": _write_decimal,
}


def _bracketed(form: Any, path: tuple[str, ...], least: int) -> str:
    """The text of a part, in brackets if it binds less strongly."""
    text, level = _write(form, path)
    return text if level >= least else f"({text})"


def _list(form: Form, key: str, path: tuple[str, ...], least: int) -> Sequence[Any]:
    parts = form.get(key)
    if not isinstance(parts, list | tuple) or len(parts) < least:
        raise FormError((*path, key), f"is a list of {least} or more" if least else "is a list")
    return parts


def _name(name: Any, path: tuple[str, ...]) -> str:
    if isinstance(name, str) and _is_word(name):
        return name
    raise FormError(path, "is a name")


def _is_word(name: str) -> bool:
    """Whether a name can be written without quotes and is read as it is written."""
    return (
        name.isidentifier() and not iskeyword(name) and unicodedata.normalize("NFKC", name) == name
    )


def _quoted(text: str) -> str:
    """A text in quotes: texts side by side are one."""
    runs = _RUNS.findall(text) or [""]
    quotes = [_QUOTES.get(run[:1], '"') for run in runs]
    return " ".join(f"{quote}{run}{quote}" for quote, run in zip(quotes, runs, strict=True))
