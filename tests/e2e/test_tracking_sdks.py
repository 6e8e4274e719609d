"""SDKs of the tracking API, as their makers publish them, against the gateway as it is run."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.machine import NoServer
from services.gateway.domain.sources import EventSource
from services.gateway.domain.user_tokens import sign_user
from tests.support.browser.finding import find_chromium
from tests.support.gateway_process import GatewayProcess
from tests.support.lossy_proxy import Loss, LossyProxy, Program
from tests.support.ports import free_port
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ProcessSuite

SENDERS = Path(__file__).parents[1] / "sdks"
INSTALLED = Path(sys.prefix) / "sdks"  # by `make test`
PATIENCE = 120.0
ONCE = {"traits_changed": 1, "product_viewed": 1, "page_viewed": 1, "order_completed": 1}
BATCHING = {
    "segment-analytics-python": "python",
    "rudder-sdk-python": "python",
    "customerio-cdp-analytics": "python",
    "analytics-python": "python-old",
    "@segment/analytics-node": "node",
    "@rudderstack/rudder-sdk-node": "node",
}
JITSU = "@jitsu/js"
IN_PAGES = ("snippet", "@segment/analytics-next", "@rudderstack/analytics-js", JITSU)
SECRET = "what the shop's back end signs user tokens with"
LOSSES: tuple[Loss, ...] = ("request", "response")


class Edge(NamedTuple):
    """A running gateway, and the suite behind it."""

    gateway: GatewayProcess
    suite: ProcessSuite


@pytest.fixture(scope="module")
def edge(
    databases: Databases,
    virtual_hosts: VirtualHosts,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Edge]:
    directory = tmp_path_factory.mktemp("sdks")
    services = ("identity", "profiles")
    environment = {"CDP_GATEWAY_NODE_MODULES": str(INSTALLED / "node" / "node_modules")}
    with (
        ProcessSuite(databases, virtual_hosts, services=services, directory=directory) as suite,
        GatewayProcess(suite, environment) as gateway,
    ):
        yield Edge(gateway, suite)


@pytest.fixture(scope="module")
def answers(edge: Edge) -> dict[str, list[tuple[str, int]]]:
    """How the requests of each SDK were answered: all of them send side by side."""
    with ExitStack() as stack:
        proxies, programs = {}, []
        for sdk in (*BATCHING, JITSU):
            key = edge.gateway.add(EventSource(source_of(sdk), sdk, "server"))
            losses = list(LOSSES) if sdk in BATCHING else []
            proxies[sdk] = stack.enter_context(LossyProxy(edge.gateway.address, losses))
            programs.append(start_sdk(sdk, proxies[sdk].url, key))
        for program in programs:
            program.wait(PATIENCE)
        return {sdk: proxy.answers for sdk, proxy in proxies.items()}


def start_sdk(sdk: str, host: str, key: str) -> Program:
    """Have an SDK send what each is asked to send, in a process that has nothing of ours."""
    where = INSTALLED / BATCHING.get(sdk, "node")
    assert where.exists(), f"{where} is not there: `make test` installs the SDKs"
    environment = {"PATH": os.environ["PATH"]}
    if where.name == "node":
        environment["NODE_MODULES"] = str(where / "node_modules")
        program = ["node", str(SENDERS / "send.mjs")]
    else:
        environment["PYTHONPATH"] = str(where)
        program = [sys.executable, str(SENDERS / "send.py")]
    return Program.start([*program, sdk, host, key, user_of(sdk)], environment)


def source_of(sdk: str) -> str:
    return "".join(filter(str.isalpha, sdk))


def user_of(sdk: str) -> str:
    return f"user-of-{source_of(sdk)}"


def check_home(edge: Edge, sdk: str) -> None:
    """All that was sent is there once, with its money, and what nobody can read is kept."""
    identifiers = {"user_id": user_of(sdk)}
    timeline = edge.suite.call("profiles", "timeline", identifiers=identifiers, limit=100)
    types = Counter(entry["type"] for entry in timeline["entries"])
    del types["identity_changed"]
    assert types == ONCE
    profile = edge.suite.call("profiles", "get", identifiers=identifiers)
    assert profile["traits"] == {"city": "Berlin"}
    assert profile["orders"]["revenue"] == {"EUR": 1999}
    for reject in edge.gateway.rejects(source_of(sdk)):
        assert reject["field"] == "properties.revenue"
        assert reject["payload"]["properties"]["order_id"] == f"{user_of(sdk)}-2"


@pytest.mark.parametrize("sdk", BATCHING)
def test_what_an_sdk_sends_arrives_once_although_the_network_loses_requests_and_responses(
    edge: Edge, answers: dict[str, list[tuple[str, int]]], sdk: str
) -> None:
    # Repeated until it was answered, and not once more, though one item was rejected.
    counts = Counter(answers[sdk])
    assert counts.pop(("/v1/batch", 503)) == len(LOSSES)
    assert counts in ({("/v1/batch", 200): 1}, {("/v1/batch", 200): 2})  # one batch, or two
    check_home(edge, sdk)
    assert len(edge.gateway.rejects(source_of(sdk))) in (1, 2)  # of a response that was lost too


def test_what_jitsus_sdk_sends_arrives_once_in_requests_of_their_own(
    edge: Edge, answers: dict[str, list[tuple[str, int]]]
) -> None:
    assert Counter(answers[JITSU]) == {
        ("/api/s/s2s/identify", 200): 1,
        ("/api/s/s2s/track", 200): 3,
        ("/api/s/s2s/page", 200): 1,
    }
    check_home(edge, JITSU)
    assert len(edge.gateway.rejects(source_of(JITSU))) == 1


def test_a_key_that_opens_nothing_is_answered_so_that_no_sdk_repeats_it(edge: Edge) -> None:
    with ExitStack() as stack:
        proxies = [stack.enter_context(LossyProxy(edge.gateway.address, [])) for _ in BATCHING]
        programs = [
            start_sdk(sdk, proxy.url, "cdp_sec_nobody")
            for sdk, proxy in zip(BATCHING, proxies, strict=True)
        ]
        for program in programs:
            program.wait(PATIENCE)

    for sdk, proxy in zip(BATCHING, proxies, strict=True):
        assert set(proxy.answers) == {("/v1/batch", 401)}, sdk
        assert len(proxy.answers) <= 2, sdk  # one batch, or two


@pytest.fixture(scope="module")
def page_answers(edge: Edge) -> dict[str, list[tuple[str, int]]]:
    """How the requests of each page were answered."""
    try:
        chromium = find_chromium()
    except NoServer as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
    with ExitStack() as stack:
        proxies, programs = {}, []
        for sdk in IN_PAGES:
            losses = list(LOSSES) if sdk != JITSU else []
            proxies[sdk] = stack.enter_context(LossyProxy(edge.gateway.address, losses))
            programs.append(start_page(edge.gateway, sdk, proxies[sdk].url, chromium))
        for program in programs:
            program.wait(PATIENCE)
        return {sdk: proxy.answers for sdk, proxy in proxies.items()}


def start_page(gateway: GatewayProcess, sdk: str, host: str, chromium: str) -> Program:
    """Have a page of another origin send by an SDK, in a browser of its own."""
    number, port = IN_PAGES.index(sdk), free_port()
    origin = f"http://localhost:{port}"
    source = EventSource(f"page-{number}", sdk, "browser", allowed_origins=(origin,))
    key = gateway.add(source)
    gateway.sign_with(source.source_id, SECRET, "users")
    user = f"lea-{number}"
    token = sign_user(SECRET, user, time.time_ns() // 1_000)
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "NODE_MODULES": str(INSTALLED / "node" / "node_modules"),
        "PAGE_PORT": str(port),
    }
    program = [sys.executable, str(SENDERS / "browse.py"), sdk, host, key]
    return Program.start([*program, f"device-{number}", user, token, chromium], environment)


@pytest.mark.parametrize("sdk", IN_PAGES)
def test_what_a_page_sends_arrives_once_and_a_token_signs_in(
    edge: Edge, page_answers: dict[str, list[tuple[str, int]]], sdk: str
) -> None:
    number = IN_PAGES.index(sdk)
    statuses = Counter(status for _, status in page_answers[sdk])
    assert statuses == {200: 5, **({503: 2} if sdk != JITSU else {})}
    timeline = edge.suite.call(
        "profiles", "timeline", identifiers={"user_id": f"lea-{number}"}, limit=100
    )
    types = Counter(entry["type"] for entry in timeline["entries"])
    del types["identity_changed"]
    assert types == {"signed_in": 1, **ONCE}
    profile = edge.suite.call("profiles", "get", identifiers={"anonymous_id": f"device-{number}"})
    assert profile["profile_id"] == timeline["profile_id"]
    assert {each["field"] for each in edge.gateway.rejects(f"page-{number}")} == {
        "properties.revenue"
    }


def test_the_script_of_a_page_is_served_with_its_key(edge: Edge) -> None:
    key = edge.gateway.add(EventSource("pages", "Pages", "browser"))
    connection = HTTPConnection(*edge.gateway.address, timeout=30)
    connection.request("GET", f"/analytics.js/v1/{key}/analytics.min.js")
    response = connection.getresponse()
    script = response.read()
    connection.close()

    assert response.status == 200
    assert key.encode() in script
    assert b"__WRITE_KEY__" not in script
