"""Finding the route that answers a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chassis.core.errors import NotFound
from services.gateway.domain.problems import WrongMethod
from services.gateway.domain.routes import Route

_PARAMETER = re.compile(r"\\\{(\w+)\\\}")  # of a path that is escaped


@dataclass(frozen=True, slots=True)
class MatchedRoute:
    """A route with the parameters that its path has in a request."""

    route: Route
    parameters: Mapping[str, str]


class Router:
    """A table of routes: the first one that fits answers. A `{parameter}` is one part of a path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[re.Pattern[str], Route]] = []
        for route in routes:
            if "{" in route.path:
                pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", re.escape(route.path))
                self._patterns.append((re.compile(pattern), route))
            else:
                self._fixed.setdefault(route.path, {}).setdefault(route.method, route)

    def find(self, method: str, path: str) -> MatchedRoute:
        """The route of a request; NotFound, or WrongMethod with the methods that there are."""
        wanted = "GET" if method == "HEAD" else method
        fixed = self._fixed.get(path, {})
        if wanted in fixed:
            return MatchedRoute(fixed[wanted], {})
        methods: list[str] = list(fixed)
        for pattern, route in self._patterns:
            found = pattern.fullmatch(path)
            if found is not None and route.method == wanted:
                return MatchedRoute(route, found.groupdict())
            if found is not None:
                methods.append(route.method)
        if methods:
            raise WrongMethod(", ".join(dict.fromkeys(methods)), f"is how {path} is asked")
        raise NotFound("path", "is none of this server; /openapi.json lists those there are")

    def template(self, method: str, path: str) -> str:
        """The path of the route that answers, for metrics; `other` if there is none."""
        try:
            return self.find(method, path).route.path
        except (NotFound, WrongMethod):
            return "other"
