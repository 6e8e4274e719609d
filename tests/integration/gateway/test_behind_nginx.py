"""The nginx of docs/howto/caching.md in front of a real gateway: what it keeps, and what never."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chassis import SystemClock, new_id
from services.gateway.domain.sources import EventSource
from services.gateway.domain.user_tokens import sign_user
from tests.support.nginx import NginxProxy, ProxiedAnswer, nginx_blocks
from tests.support.running_gateway import ORIGIN, TOKEN_SECRET, RunningGateway
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ROOT

SERVER, OF_CDN = nginx_blocks(ROOT / "docs" / "howto" / "caching.md")
FALLBACKS = "/cdp/v1/fallbacks?placement=checkout"
SCRIPT = "/cdp/cdp.js"
WITH_ADDRESS = EventSource(
    "pages", "Pages", "browser", settings={"public_url": "https://shop.example/cdp"}
)


@pytest.fixture(scope="module")
def gateway(
    databases: Databases, virtual_hosts: VirtualHosts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    with RunningGateway(
        databases,
        virtual_hosts,
        tmp_path_factory.mktemp("gateway"),
        {"CDP_GATEWAY_ADDRESS_RATE": "1"},
        services=("identity", "profiles", "offers"),
    ) as running:
        yield running


@pytest.fixture
def nginx(gateway: RunningGateway, tmp_path: Path) -> Iterator[NginxProxy]:
    with NginxProxy(SERVER, gateway.port, tmp_path / "nginx") as running:
        yield running


def until(condition: Callable[[], Any]) -> Any:
    """Wait until something is true; the test's own time limit ends it."""
    while not (found := condition()):
        pass
    return found


def _has_been_asked_twice(nginx: NginxProxy, path: str) -> bool:
    return len(nginx.asked(path)) == 2


def post(nginx: NginxProxy, path: str, document: Any, key: str, **more: str) -> ProxiedAnswer:
    headers = {"Authorization": f"Bearer {key}", **more}
    return nginx.request("POST", path, json.dumps(document).encode(), headers)


def token_of(user: str) -> str:
    return sign_user(TOKEN_SECRET, user, SystemClock().now())


def test_what_is_the_same_for_everybody_comes_from_the_cache_the_second_time(
    gateway: RunningGateway, nginx: NginxProxy
) -> None:
    key, _ = gateway.add_source(WITH_ADDRESS)
    settings, source = f"/cdp/v1/projects/{key}/settings", f"/cdp/sourceConfig?writeKey={key}"
    for path in (SCRIPT, FALLBACKS, settings, source, "/cdp/openapi.json"):
        first, second = nginx.get(path), nginx.get(path)
        assert (first.status, second.status) == (200, 200)
        assert (first.cache, second.cache) == ("MISS", "HIT")
        assert first.content == second.content
        until(partial(_has_been_asked_twice, nginx, path))
    blocks = nginx.get(FALLBACKS).body["placements"]["checkout"]
    assert {block["variant"] for (block,) in blocks.values()} == {"fallback"}
    assert "shop.example/cdp/v1" in nginx.get(settings).content.decode()
    assert nginx.get(SCRIPT, Accept_Encoding="gzip").headers["content-encoding"] == "gzip"


def test_whoever_has_it_is_told_so_without_the_gateway_by_the_tag(nginx: NginxProxy) -> None:
    tag = nginx.get(SCRIPT).headers["etag"]
    again = nginx.get(SCRIPT, If_None_Match=tag)
    assert (again.status, again.content, again.cache) == (304, b"", "HIT")
    assert nginx.get(SCRIPT, If_None_Match='"another"').status == 200


def test_what_is_too_old_is_shown_while_it_is_asked_for_again_by_its_tag(
    nginx: NginxProxy,
) -> None:
    fresh = nginx.get(SCRIPT)
    assert nginx.let_expire() == 1
    old = nginx.get(SCRIPT)
    assert (old.cache, old.content) == ("STALE", fresh.content)
    until(lambda: ("304", "REVALIDATED") in nginx.asked(SCRIPT) or nginx.get(SCRIPT).cache == "HIT")
    assert until(lambda: nginx.get(SCRIPT).cache == "HIT")
    assert "304" in {status for status, _ in nginx.asked(SCRIPT)}


def test_scripts_and_fallbacks_are_shown_while_the_gateway_is_down_and_nothing_else(
    gateway: RunningGateway, nginx: NginxProxy
) -> None:
    kept = {path: nginx.get(path).content for path in (SCRIPT, FALLBACKS)}
    profile = f"/cdp/v1/profile?user_id={new_id()}"
    gateway.kill()
    try:
        nginx.let_expire()
        for path, content in kept.items():
            for _ in range(2):
                answer = nginx.get(path)
                assert (answer.status, answer.cache, answer.content) == (200, "STALE", content)
        assert nginx.get(profile, Authorization=f"Bearer {gateway.server_key}").status == 502
        decided = post(nginx, "/cdp/v1/decide", {"placement": "checkout"}, gateway.browser_key)
        assert decided.status == 502
    finally:
        gateway.start()
        gateway.wait_until_ready()
    decided = post(nginx, "/cdp/v1/decide", {"placement": "checkout"}, gateway.browser_key)
    assert decided.status == 200


def test_what_is_a_persons_is_never_kept_and_nobody_gets_anothers(
    gateway: RunningGateway, nginx: NginxProxy
) -> None:
    ann, bob = new_id(), new_id()
    for user in (ann, bob):
        event = {
            "id": new_id(),
            "type": "page_viewed",
            "time": "2026-11-21T19:00:00Z",
            "identifiers": {"user_id": user},
            "authenticated": True,
            "data": {"path": f"/{user}"},
        }
        recorded = post(nginx, "/cdp/v1/record", {"events": [event]}, gateway.server_key)
        assert recorded.body["receipts"][0]["status"] == "appended"
    secret = f"Bearer {gateway.server_key}"
    profiles = [
        nginx.get(f"/cdp/v1/profile?user_id={user}", Authorization=secret)
        for user in (ann, bob, ann, bob)
    ]
    ids = [answer.body["profile_id"] for answer in profiles]
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]
    assert {answer.cache for answer in profiles} == {"MISS"}

    path, public = f"/cdp/api/recommendations?user_id={ann}", f"Bearer {gateway.browser_key}"
    own = {"Authorization": public, "X_Cdp_User_Token": token_of(ann)}
    others = {"Authorization": public, "X_Cdp_User_Token": token_of(bob)}
    statuses = [nginx.get(path, **who).status for who in (own, own, others, {})]
    assert statuses == [200, 200, 403, 401]
    assert nginx.let_expire() == 0


def test_whether_the_gateway_is_well_is_asked_each_time(nginx: NginxProxy) -> None:
    answers = [nginx.get(path) for path in ("/cdp/healthz", "/cdp/ready") * 2]
    assert [(answer.status, answer.cache) for answer in answers] == [(200, "MISS")] * 4


def test_shoppers_who_ask_at_once_each_get_their_own(
    gateway: RunningGateway, nginx: NginxProxy
) -> None:
    devices = [new_id() for _ in range(8)]

    def ask(device: str) -> tuple[str, str]:
        item = {"event": "Seen", "anonymousId": device}
        cookie = {"Cookie": f"cdp_id={device}", "X-Request-Id": device}
        answer = post(nginx, "/cdp/v1/t", item, gateway.browser_key, **cookie)
        assert answer.status == 200
        return answer.headers["x-request-id"], answer.headers.get("set-cookie", device)

    with ThreadPoolExecutor(4) as pool:
        answers = dict(zip(devices, pool.map(ask, devices), strict=True))
    for device, (request_id, cookie) in answers.items():
        assert request_id == device
        assert device in cookie
    assert nginx.let_expire() == 0


def test_pages_of_another_origin_get_what_is_kept_for_them(nginx: NginxProxy) -> None:
    for _ in range(2):
        assert "access-control-allow-origin" not in nginx.get(SCRIPT).headers
        theirs = nginx.get(SCRIPT, Origin=ORIGIN)
        assert theirs.headers["access-control-allow-origin"] == ORIGIN
    assert theirs.cache == "HIT"


def is_limited(nginx: NginxProxy, client: str, **headers: str) -> bool:
    return nginx.request("GET", "/cdp/nothing", None, headers, client).status == 429


def hammer(nginx: NginxProxy, client: str, headers: Callable[[int], dict[str, str]]) -> None:
    """Ask from an address until it has asked too often."""
    with ThreadPoolExecutor(8) as pool:
        for begin in range(0, 2_000, 8):
            numbers = range(begin, begin + 8)
            if any(pool.map(lambda n: is_limited(nginx, client, **headers(n)), numbers)):
                return
    raise AssertionError("nobody was limited")


def test_the_gateway_counts_by_the_shoppers_address_whatever_the_shopper_says(
    nginx: NginxProxy,
) -> None:
    hammer(nginx, "127.0.0.2", lambda n: {"X-Forwarded-For": f"198.51.100.{n % 250}"})
    assert not is_limited(nginx, "127.0.0.3")


def test_behind_a_cdn_the_address_is_what_the_cdn_says_of_the_shopper(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    of_cdn = OF_CDN.replace("203.0.113.0/24", "127.0.0.4")
    assert of_cdn != OF_CDN
    configuration = SERVER.replace("server_name shop.example;", f"server_name _;\n{of_cdn}")
    with NginxProxy(configuration, gateway.port, tmp_path / "nginx") as nginx:
        hammer(
            nginx, "127.0.0.4", lambda n: {"X-Forwarded-For": f"192.0.2.{n % 250}, 198.51.100.7"}
        )
        assert not is_limited(nginx, "127.0.0.4", **{"X-Forwarded-For": "198.51.100.8"})
