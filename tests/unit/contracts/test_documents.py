"""The committed documents: whole, true to the services, and well formed."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from chassis.config.broker import RPC_EXCHANGE
from chassis.messaging import exchanges
from chassis.runtime.rpc import Rpc
from contracts.event_types import EVENT_TYPES
from contracts.export import CALLS, EVENTS, Document, documents
from contracts.export.entries import EVERY
from contracts.export.files import broken, drifted
from contracts.topology import SERVICE_NAMES
from deploy.services import service_class

FOLDER = Path(__file__).parents[3] / "docs" / "contracts"
ASYNCAPI = yaml.safe_load((FOLDER / "asyncapi.yaml").read_text())


def calls_of(service: str) -> dict[str, inspect.Signature]:
    methods = inspect.getmembers(service_class(service), inspect.isfunction)
    return {
        name: inspect.signature(method)
        for name, method in methods
        if any(isinstance(each, Rpc) for each in getattr(method, "nameko_entrypoints", ()))
    }


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "$ref":
                yield part
            else:
                yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def resolve(reference: str) -> Any:
    file, _, pointer = reference.partition("#")
    value = json.loads((FOLDER / file).read_text()) if file else ASYNCAPI
    for part in pointer.split("/")[1:]:
        value = value[part]
    return value


def test_the_committed_documents_are_what_the_schemas_say() -> None:
    assert drifted(FOLDER, documents()) == []


def test_the_schemas_break_no_committed_document() -> None:
    assert broken(FOLDER, documents()) == []


@pytest.mark.parametrize("document", documents(), ids=lambda document: str(document.path))
def test_every_document_is_a_json_schema(document: Document) -> None:
    if document.path.suffix == ".json":
        Draft7Validator.check_schema(document.content)


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_every_call_of_a_service_has_a_document_and_no_other(service: str) -> None:
    documented = {call.method for call in CALLS if call.service in (service, EVERY)}
    assert set(calls_of(service)) == documented, "see contracts/export/inventory.py"


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_the_document_of_a_call_names_its_arguments(service: str) -> None:
    documented = {call.method: call for call in CALLS if call.service in (service, EVERY)}
    for method, signature in calls_of(service).items():
        fields = documented[method].arguments.fields
        assert {"self", *fields} == set(signature.parameters), method
        for name, field in fields.items():
            needed = signature.parameters[name].default is inspect.Parameter.empty
            assert field.required == needed, (method, name)


def test_every_type_of_the_vocabulary_has_a_document() -> None:
    assert {kind.type for kind in EVENTS if kind.use == "ingested"} == set(EVENT_TYPES)


def test_the_services_of_the_documents_are_those_that_run() -> None:
    assert {call.service for call in CALLS} - {EVERY} == set(SERVICE_NAMES)


def test_the_asyncapi_document_is_of_version_three() -> None:
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= ASYNCAPI["info"].keys()


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    every = list(references(ASYNCAPI))
    assert len(every) > 100
    for reference in every:
        assert resolve(reference), reference


def test_every_operation_of_the_asyncapi_document_has_its_channel_and_messages() -> None:
    for name, operation in ASYNCAPI["operations"].items():
        assert operation["action"] in ("send", "receive")
        channel = resolve(operation["channel"]["$ref"])
        prefix = operation["channel"]["$ref"] + "/messages/"
        for message in operation["messages"]:
            assert message["$ref"].removeprefix(prefix) in channel["messages"], name


def test_every_call_and_every_event_is_in_the_asyncapi_document() -> None:
    operations = set(ASYNCAPI["operations"])
    for service in SERVICE_NAMES:
        assert {f"{service}-{method}" for method in calls_of(service)} <= operations
        assert f"{service}-tell" in operations
    for kind in EVENTS:
        messages = ASYNCAPI["channels"][f"{kind.source}-events"]["messages"]
        message = resolve(messages[f"{kind.source}-{kind.type}-v{kind.version}"]["$ref"])
        payload = resolve(message["payload"]["$ref"])
        assert payload["properties"]["type"]["const"] == message["name"] == kind.type


def test_the_asyncapi_document_names_the_exchanges_that_the_services_declare() -> None:
    for service in SERVICE_NAMES:
        events = ASYNCAPI["channels"][f"{service}-events"]["bindings"]["amqp"]["exchange"]
        declared = exchanges.events_exchange(service)
        assert events["name"] == declared.name
        assert events["type"] == declared.type
        assert events["durable"] == declared.durable
        calls = ASYNCAPI["channels"][f"{service}-calls"]["bindings"]["amqp"]["exchange"]
        assert calls["name"] == RPC_EXCHANGE


def test_keys_of_the_asyncapi_document_have_no_letters_that_tools_refuse() -> None:
    components = ASYNCAPI["components"]
    groups = [ASYNCAPI["channels"], ASYNCAPI["operations"], *components.values()]
    for name in (name for group in groups for name in group):
        assert name.replace("-", "").replace("_", "").isalnum(), name
