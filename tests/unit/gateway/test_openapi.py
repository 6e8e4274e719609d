"""The OpenAPI document says what the gateway answers."""

from __future__ import annotations

import json
from typing import Any

from deploy.openapi import document, rendered
from services.gateway.domain.exchange import EdgeRequest
from services.gateway.domain.sources import NOBODY
from services.gateway.handlers import ROUTES
from services.gateway.scripts import OPENAPI
from tests.support.gateway_steps import run_steps


def operations() -> dict[tuple[str, str], Any]:
    return {
        (method.upper(), path): operation
        for path, of in document()["paths"].items()
        for method, operation in of.items()
    }


def test_every_route_is_in_the_document_that_is_served_and_kept() -> None:
    assert {(route.method, route.path) for route in ROUTES} == operations().keys()
    assert OPENAPI.read_text(encoding="utf-8") == rendered()
    (route,) = [each for each in ROUTES if each.path == "/openapi.json"]
    response = run_steps(route.handler(EdgeRequest("GET", route.path, NOBODY, 0)), print)
    assert json.loads(response.body) == document()


def test_every_operation_has_a_summary_and_says_what_its_errors_are() -> None:
    for (method, path), operation in operations().items():
        assert operation["summary"] != path, (method, path)
        assert "default" in operation["responses"]


def test_a_path_names_its_parameters() -> None:
    for (_method, path), operation in operations().items():
        names = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert names == {part[1:-1] for part in path.split("/") if part.startswith("{")}
