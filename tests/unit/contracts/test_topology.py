"""The one page of who follows whom, held equal to the services and to the containers."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.runtime.service import FollowedLog, Remote
from chassis.runtime.subscriber import Subscribe
from contracts.topology import ALL_NAMES, FOLLOWS, SERVICE_NAMES, TOPOLOGY, followers
from deploy.services import service_class

COMPOSE = yaml.safe_load((Path(__file__).parents[3] / "docker-compose.yml").read_text())


def entry_points(service: str) -> list[Any]:
    methods = inspect.getmembers(service_class(service), inspect.isfunction)
    return [each for _, method in methods for each in getattr(method, "nameko_entrypoints", ())]


def dependencies(service: str, kind: type) -> list[Any]:
    members = inspect.getmembers(service_class(service), lambda member: isinstance(member, kind))
    return [dependency for _, dependency in members]


def roles_in_compose(service: str) -> set[str]:
    commands = [
        container["command"]
        for container in COMPOSE["services"].values()
        if container.get("command", [])[:2] == ["run", service]
    ]
    return {role for command in commands for role in (command[3:] or ["all"])}


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_a_service_subscribes_to_what_the_topology_says(service: str) -> None:
    sources = [each.source_name for each in entry_points(service) if isinstance(each, Subscribe)]
    assert sorted(sources) == sorted(FOLLOWS[service])


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_a_service_catches_up_only_with_logs_that_it_follows(service: str) -> None:
    sources = {each.source_name for each in dependencies(service, FollowedLog)}
    assert sources <= set(FOLLOWS[service])


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_a_service_calls_only_services_that_there_are(service: str) -> None:
    called = {each.service_name for each in dependencies(service, Remote)}
    assert called <= set(SERVICE_NAMES) - {service}


def test_nobody_follows_a_service_that_comes_after_it() -> None:
    for index, service in enumerate(TOPOLOGY):
        assert set(service.follows) <= set(SERVICE_NAMES[:index])


def test_the_followers_of_a_service_are_those_that_follow_it() -> None:
    assert followers("profiles") == ("segments", "offers")
    assert followers("offers") == ()


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_the_containers_answer_the_calls_of_a_service_and_follow_for_it(service: str) -> None:
    roles = {"rpc", "events"} if FOLLOWS[service] else {"all"}
    assert roles_in_compose(service) == roles


def test_the_containers_run_and_provision_the_services_of_the_topology_alone() -> None:
    containers = COMPOSE["services"].values()
    runs = {c["command"][1] for c in containers if c.get("command", [""])[:1] == ["run"]}
    assert runs == set(ALL_NAMES)
    environment = COMPOSE["services"]["provision"]["environment"]
    passwords = {name for name in environment if name.endswith("_PASSWORD")}
    clients = {*ALL_NAMES, "client", "doctor"}
    assert passwords == {f"CDP_{name.upper()}_PASSWORD" for name in clients}
