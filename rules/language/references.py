"""References: the names, paths and calls of a rule, looked up in a vocabulary."""

from __future__ import annotations

import ast
from typing import Any, Generic

from rules.language.arguments import Arguments, step_name
from rules.language.arithmetic import calculate
from rules.language.data import DataObject
from rules.language.errors import RuleError, suggestion
from rules.language.literal import Literal, read_literal
from rules.language.slips import is_date
from rules.language.syntax import CALCULATIONS, Syntax
from rules.language.terms import F, Term
from rules.language.vocabulary import Argument, Function, Namespace, Vocabulary

WINDOW_OPTIONS = {
    "within": Argument.DURATION,
    "since": Argument.MOMENT,
    "between": Argument.SPAN,
}
_REFUSALS: tuple[tuple[tuple[type[ast.expr], ...], str], ...] = (
    ((ast.BinOp,), "a rule calculates with +, -, * and / only"),
    ((ast.UnaryOp,), "a sign belongs before a number: write 0 - x"),
    (
        (ast.Compare, ast.BoolOp),
        "put a comparison on each side of and, or; it cannot be compared itself",
    ),
    ((ast.JoinedStr,), "write a plain text in quotes"),
    ((ast.IfExp,), 'there is no if: use "and" and "or"'),
    ((ast.NamedExpr,), "write == to compare"),
    (
        (ast.List, ast.Tuple, ast.Set),
        "a list goes after in, as in x in [1, 2]; join conditions with and or or",
    ),
)


class References(Generic[F]):
    """Finds what the words of a rule stand for; `about` is the object whose fields they are."""

    def __init__(
        self, syntax: Syntax, vocabulary: Vocabulary[F], arguments: Arguments, about: DataObject
    ) -> None:
        self._syntax = syntax
        self._words = vocabulary
        self._arguments = arguments
        self._about = about

    def operand(self, node: ast.expr) -> Term[F] | Literal:
        """The term or the literal at `node`; RuleError if it is neither."""
        literal = read_literal(self._syntax, node)
        if literal is not None:
            return literal
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._path(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.BinOp) and type(node.op) in CALCULATIONS:
            return self._arithmetic(node, CALCULATIONS[type(node.op)])
        if isinstance(node, ast.Tuple) and (comma := self._syntax.comma_error()):
            raise comma
        raise self._error(node, _refusal(node))

    def _arithmetic(self, node: ast.BinOp, sign: str) -> Term[F]:
        text = self._syntax.segment(node)
        if is_date(text):
            raise self._error(node, f'put a date in quotes: "{text}"')
        left, right = self.operand(node.left), self.operand(node.right)
        try:
            return calculate(sign, left, right)
        except ValueError as error:
            raise self._error(node, f"{text}: {error}") from None

    def _name(self, node: ast.Name) -> Term[F]:
        term = self._words.names.get(node.id)
        if term is not None:
            return term
        if node.id in self._words.calendar:
            return self._words.calendar[node.id](self._arguments.checks.shop)
        if node.id in self._words.namespaces:
            raise self._error(node, f"{node.id} needs a name after it, as in {node.id}.something")
        if self._words.paths is not None:
            return self._data(node)
        if node.id in self._words.functions:
            raise self._error(node, self._needs_brackets(node.id))
        raise self._unknown(node, node.id)

    def _needs_brackets(self, name: str) -> str:
        return f"{name} needs brackets: write {self._words.functions[name].example}"

    def _data(self, node: ast.expr) -> Term[F]:
        """A path into the data of an event."""
        assert self._words.paths is not None  # noqa: S101 - asked before
        path = self._arguments.path(node)
        text = self._syntax.segment(node)
        if path[-1] in self._words.money_fields:
            raise self._error(
                node, f'{text} is an amount of money: write amount({text}, "USD") >= 50'
            )
        if path[0] in self._words.list_fields:
            rest = ".".join(path[1:]) or "category"
            raise self._error(node, f"{path[0]} is a list: write any({path[0]}, {rest} == …)")
        self._arguments.checks.check_field(node, path, self._about)
        return self._words.paths(path)

    def _path(self, node: ast.Attribute | ast.Subscript) -> Term[F]:
        path: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute | ast.Subscript):
            path.append(step_name(self._syntax, inner))
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise self._error(inner, "a dot goes after a name, as in traits.loyalty_tier")
        names = tuple(reversed(path))
        space = self._words.namespaces.get(inner.id)
        if space is not None:
            return self._field(node, inner.id, space, names)
        if self._words.paths is not None:
            return self._data(node)
        if inner.id in self._words.names and inner.id == "segments":
            raise self._error(node, f'write "{names[0]}" in segments')
        if inner.id in self._words.names:
            raise self._error(node, f"{inner.id} has no parts")
        if inner.id in self._words.functions:
            raise self._error(node, self._needs_brackets(inner.id))
        raise self._unknown(inner, inner.id)

    def _field(
        self, node: ast.expr, root: str, space: Namespace[F], path: tuple[str, ...]
    ) -> Term[F]:
        if space.open is not None:
            self._arguments.checks.check_trait(node, path)
            return space.open(path)
        name = path[0]
        term = space.fields.get(name)
        if term is None:
            if name in space.hints:
                raise self._error(node, space.hints[name])
            fields = ", ".join(sorted(space.fields))
            close = suggestion(name, space.fields) or f"; it has {fields or 'none'}"
            raise self._error(node, f"{root} has no {name}{close}")
        if len(path) > 1:
            raise self._error(node, f"{root}.{name} has no parts")
        return term

    def _call(self, node: ast.Call) -> Term[F]:
        if not isinstance(node.func, ast.Name):
            raise self._error(node, "only the named functions can be called")
        name = node.func.id
        function = self._words.functions.get(name)
        if function is None:
            words = {*self._words.names, *self._words.namespaces, *self._words.calendar}
            if name in words:
                raise self._error(node, f"{name} is not a function: leave out the brackets")
            raise self._unknown(node, name)
        arguments = self._arguments_of(node, name, function)
        about = self._about_in(function, arguments)
        options = self._options(node, name, function, about)
        if "since" in function.options:
            window = self._arguments.window(options, node)
            if "where" in options or Argument.FIELD in function.takes:
                self._arguments.checks.check_window(node, window)
            options["window"] = window
        if function.local:
            options["shop"] = self._arguments.checks.shop
        try:
            term = function.make(*arguments, **options)
        except ValueError as error:
            raise self._error(node, str(error)) from None
        for keyword in node.keywords:
            self._arguments.checks.check_minutes(keyword.value, term.reads)
        return term

    def _arguments_of(self, node: ast.Call, name: str, function: Function[F]) -> list[Any]:
        most = len(function.takes) + function.repeats
        if not len(function.takes) - function.optional <= len(node.args) <= most:
            missing = function.takes[len(node.args) :][:1]
            more = "nothing more" if function.takes else "nothing"
            wants = missing[0].value if missing else more
            where = node.args[-1] if node.args else node
            raise self._error(where, f"{name} takes {wants}: write {function.example}")
        kinds = (*function.takes, *function.takes[-1:] * function.repeats)
        if function.assumes and not node.args:
            self._arguments.checks.check_date(node, function.assumes)
        arguments: list[Any] = []
        for part, takes_ in zip(node.args, kinds, strict=False):
            about = self._about_in(function, arguments)
            arguments.append(self._arguments.read(part, takes_, name, function.example, about))
        return arguments

    def _about_in(self, function: Function[F], arguments: list[Any]) -> DataObject:
        """The object in the data of events that further arguments are about."""
        match function.takes[:1]:
            case (Argument.EVENT,) if arguments:
                return DataObject(str(arguments[0]))
            case (Argument.LIST,) if arguments:
                return self._about.inside(arguments[0])
            case _:
                return self._about

    def _options(
        self, node: ast.Call, name: str, function: Function[F], about: DataObject
    ) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for keyword in node.keywords:
            takes = None if keyword.arg is None else function.options.get(keyword.arg)
            if keyword.arg is None or takes is None:
                wrong = f"{keyword.arg}=" if keyword.arg else "**"
                close = suggestion(keyword.arg or "", function.options)
                raise self._error(
                    keyword.value, f"{name} has no {wrong}{close}: write {function.example}"
                )
            options[keyword.arg] = self._arguments.read(
                keyword.value, takes, f"{keyword.arg}=", "", about
            )
        for required in function.required:
            if required not in options:
                raise self._error(node, f"{name} needs {required}=: write {function.example}")
        return options

    def _unknown(self, node: ast.expr, word: str) -> RuleError:
        hint = self._words.hints.get(word.lower())
        close = f"; {hint}" if hint else suggestion(word, self._words.words())
        if isinstance(node, ast.Name) and "segments" in self._words.names and not hint:
            close += " Write" if close else "; write"
            close += f' a text as "{word}", and a segment as "high_value" in segments'
        elif not close:
            close = f"; there are {', '.join(self._words.words())}"
        return self._error(node, f"nothing is called {word}{close}")

    def _error(self, node: ast.AST, message: str) -> RuleError:
        return self._syntax.error(node, message)


def _refusal(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr):
        return 'write "and" or "or" instead of & and |'
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        return 'write "not" instead of ~'
    for kinds, message in _REFUSALS:
        if isinstance(node, kinds):
            return message
    return "this is not part of the rule language"
