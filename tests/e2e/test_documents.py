"""Every command in the documents: those of `cdp` are run here, as they are written there."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.commands import run_cdp
from tests.support.system import _MORTAL, ProcessSuite, plain_environment

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("*/*/*.md"))]

# What is not run here: the file that runs it, and the words in which it does.
ELSEWHERE = {
    "cdp experiments report trust_wording --png trust_wording.png": (
        "tests/integration/offers/test_exposures.py",
        '"experiments", "report", "wording", "--png"',
    ),
    **dict.fromkeys(
        [
            "cdp keys source web --store mugs --origin https://mugs.example",
            "cdp keys create web --kind browser",
            "cdp keys create web --kind server",
            "cdp keys list",
            "cdp keys sources",
            "cdp keys secret web --for users",
        ],
        ("tests/integration/gateway/test_key_commands.py", "keys("),
    ),
    "cdp keys source web --setting public_url=https://shop.example/cdp": (
        "tests/integration/gateway/test_key_commands.py",
        '"source", "web", "--setting", "public_url=https://shop.example/cdp"',
    ),
    "cdp keys source shop --store mugs": (
        "tests/integration/gateway/test_webhook_commands.py",
        '"keys", "source", "shop", "--store", "mugs"',
    ),
    "cdp keys source shop --setting shop_domain=mugs.myshopify.com": (
        "tests/integration/gateway/test_webhook_commands.py",
        '"keys", "source", "shop", "--setting", "shop_domain=mugs.myshopify.com"',
    ),
    "cdp keys secret shop --for webhooks --stdin < secret.txt": (
        "tests/integration/gateway/test_webhook_commands.py",
        '"keys", "secret", "shop", "--for", "webhooks", "--stdin"',
    ),
    'cdp keys source till --store mugs --setting mapping="$(cat till.yaml)"': (
        "tests/integration/gateway/test_webhook_commands.py",
        '"keys", "source", "till", "--store", "mugs", "--setting"',
    ),
    "cdp keys secret shop --for webhooks --keep 2h --stdin < new-secret.txt": (
        "tests/integration/gateway/test_webhook_commands.py",
        '"--keep", "2h"',
    ),
    "cdp keys source backend --setting currency='\"EUR\"'": (
        "tests/integration/gateway/test_reject_commands.py",
        '"keys", "source", "backend", "--setting"',
    ),
    "cdp keys create backend --kind server": (
        "tests/integration/gateway/test_reject_commands.py",
        '"keys", "create", "backend", "--kind", "server"',
    ),
    "cdp keys source pages --origin https://shop.example": (
        "tests/integration/gateway/test_reject_commands.py",
        '"keys", "source", "pages", "--origin"',
    ),
    "cdp keys create pages --kind browser": (
        "tests/integration/gateway/test_reject_commands.py",
        '"keys", "create", "pages", "--kind", "browser"',
    ),
    "cdp keys secret pages --for users": (
        "tests/integration/gateway/test_reject_commands.py",
        '"keys", "secret", "pages", "--for", "users"',
    ),
    "cdp run gateway": ("tests/support/gateway_process.py", '"cdp", "run", "gateway"]'),
    "cdp rejects list": (
        "tests/integration/gateway/test_reject_commands.py",
        '"rejects", "list"',
    ),
    "cdp rejects list --source backend --reveal": (
        "tests/integration/gateway/test_reject_commands.py",
        '"rejects", "list", "--reveal"',
    ),
    "cdp webhooks list": (
        "tests/integration/gateway/test_webhook_commands.py",
        'webhooks("list")',
    ),
    "cdp webhooks list --status failed": (
        "tests/integration/gateway/test_webhook_commands.py",
        '"list", "--status", "failed"',
    ),
    "cdp webhooks show ID": (
        "tests/integration/gateway/test_webhook_commands.py",
        'webhooks("show", delivery_id)',
    ),
    "cdp webhooks replay ID": (
        "tests/integration/gateway/test_webhook_commands.py",
        'webhooks("replay", failed[0])',
    ),
    "cdp webhooks replay --all --status failed": (
        "tests/integration/gateway/test_webhook_commands.py",
        '"replay", "--all", "--status", "failed"',
    ),
    "cdp webhooks done ID": (
        "tests/integration/gateway/test_webhook_commands.py",
        'webhooks("done", due)',
    ),
    "cdp webhooks list --status due": (
        "tests/integration/gateway/test_webhook_commands.py",
        '"list", "--status", "due"',
    ),
    "cdp webhooks catch-up shop --url https://shop.example --since 36h": (
        "tests/integration/gateway/test_webhook_commands.py",
        '"catch-up", "src-1", "--url"',
    ),
    "make demo": ("tests/e2e/test_demo.py", '"cdp", "demo"]'),  # which is all that it calls
    "make shop": ("tests/e2e/test_shop.py", '"-m", "cdp", "shop"'),  # which is all that it calls
    "make test": (".ci/run", "make test"),
    "make run": ("tests/e2e/test_local.py", '"-m", "deploy.local"'),  # all that it calls
    "set -a; . .run/environment; set +a": ("tests/e2e/test_local.py", "set -a; . "),
    "make smoke": ("Makefile", "-m deploy.smoke"),
    "docker compose up": ("deploy/smoke.py", "smoke.up()"),
    "docker compose up --scale segments=3 --scale offers=2": ("deploy/smoke.py", '"--scale='),
    "make up": ("deploy/smoke.py", "smoke.up()"),  # the same
    "make watch": ("deploy/smoke.py", '"--profile", "observability"'),  # as far as images allow
    "docker compose run --rm doctor": ("deploy/smoke.py", '"run", "--rm", "doctor"'),
    "docker compose logs | grep 4bf92f3577b34da6a3ce929d0e0e4736": (
        "deploy/smoke.py",
        'smoke.compose("logs")',
    ),
    "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318": (
        "tests/integration/chassis/test_spans.py",
        '"OTEL_EXPORTER_OTLP_ENDPOINT"',
    ),
    "export TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01": (
        "deploy/smoke.py",
        '"TRACEPARENT"',
    ),
    "curl http://localhost:8081/ready": ("docker-compose.yml", "http://127.0.0.1:8080/ready"),
    "python -m contracts.export": (
        "tests/unit/contracts/test_documents_page.py",
        'run("contracts.export", "--folder"',
    ),
    "python -m contracts.export --check": ("Makefile", "-m contracts.export --check"),
    "python -m tests.golden": ("Makefile", "-m tests.golden"),
    "python -W ignore -m examples.own_service": (
        "tests/integration/examples/test_own_service.py",
        '"-W", "ignore", "-m", "examples.own_service"',
    ),
    "cdp load transactions.parquet --mapping examples/mappings/complete-journey.yaml"
    " --first 200000": ("tests/e2e/test_loading.py", '"--first"'),
}
ENDLESS = re.compile(r"([A-Z_]+=\S+ )*cdp run\b")
STATUS = {"cdp doctor": 1}  # for there is a dead letter; all others end with 0
ASSIGNMENT = re.compile(r"[A-Z_]+=")
LETTER = "019aa000-0000-7000-8000-000000000000"


def commands() -> list[str]:
    """The commands of the shell blocks of every document, once each."""
    commands: dict[str, None] = {}
    for document in DOCUMENTS:
        for block in re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL):
            for line in block.splitlines():
                if command := re.sub(r"(^|\s+)#.*", "", line).strip():
                    commands[command] = None
    return list(commands)


HERE = [command for command in commands() if command not in ELSEWHERE]


@pytest.fixture(scope="module")
def shop(
    databases: Any, virtual_hosts: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ProcessSuite, Path]]:
    """A suite that runs, and a folder with the files that the commands name."""
    folder = tmp_path_factory.mktemp("documents")
    (folder / "examples").symlink_to(ROOT / "examples")
    with ProcessSuite(
        databases, virtual_hosts, environment={"CDP_CLOCK": "1998-07-01T00:00:00Z"}
    ) as suite:
        _write_files(folder)
        with suite.proxy() as proxy:
            proxy.profiles.record(events=[_order_of_omar()])
        _bury(suite)
        yield suite, folder


def _write_files(folder: Path) -> None:
    mapping = (
        (ROOT / "docs" / "howto" / "loading.md").read_text().split("```yaml\n")[1].split("```")[0]
    )
    (folder / "orders.yaml").write_text(mapping)
    (folder / "orders.csv").write_text("a;b;c;d;e;f;g\n7;1998-05-04 12:00;omar;EUR;49.99;lamp;1\n")
    events = (ROOT / "examples" / "shoppers.ndjson").read_text()
    (folder / "events.ndjson").write_text(events)
    (folder / "orders_export.csv").write_text(
        "Name,Email,Total,Created at,Lineitem quantity,Lineitem sku\n"
        "#1,ada@example.com,30.00,1998-06-01 10:00:00 +0200,1,CUP\n"
    )
    (folder / "CDNOW_master.txt").write_text("customer day n dollars\n1 19970101 1 11.77\n")
    for name in ("segments", "offers"):
        shipped = ROOT / "services" / name / f"{name}.yaml"
        (folder / shipped.name).write_text(shipped.read_text())
    (folder / "codes.txt").write_text("ADVENT-1\nADVENT-2\n")
    request = ROOT / "examples" / "requests" / "gold-customer.json"
    (folder / "request.json").write_text(request.read_text())


def _order_of_omar() -> dict[str, Any]:
    return {
        "id": "order-of-omar",
        "type": "order_completed",
        "time": "1998-06-01T12:00:00Z",
        "identifiers": {"user_id": "omar", "email": "omar@example.com"},
        "authenticated": True,
        "data": {"order_id": "1", "revenue": 100, "currency": "USD"},
    }


def _bury(suite: ProcessSuite) -> None:
    connection = suite.administrator("segments")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dead_letters (id, source, streams, version, reason, died_at)"
            " VALUES (%s, 'profiles', json_build_array('s-1'), 1, 'KeyError', 1)",
            [LETTER],
        )
    connection.close()


@pytest.fixture(scope="module")
def environment(shop: tuple[ProcessSuite, Path]) -> dict[str, str]:
    """The settings of an operator of the suite."""
    suite, _folder = shop
    settings = {
        "CDP_AMQP_URI": suite.client_uri,
        "CDP_IDENTIFIER_KEY": "only-for-tests",
        "CDP_CLOCK": "1998-07-01T00:00:00Z",
    }
    for service, uri in suite.owner_uris.items():
        settings[f"CDP_{service.upper()}_DATABASE_URI"] = uri
        settings[f"CDP_{service.upper()}_AMQP_URI"] = suite.virtual_host.uri(service)
    return settings


def _all_are_evaluated(suite: ProcessSuite, segment: str) -> bool:
    return "backfilling" not in suite.call("segments", "members", segment=segment)


@pytest.mark.parametrize("command", [c for c in HERE if not ENDLESS.match(c)])
def test_a_command_of_the_documents_does_what_it_says(
    shop: tuple[ProcessSuite, Path], environment: dict[str, str], command: str
) -> None:
    name, *words = shlex.split(command.replace("019aa…", LETTER))
    if words[:2] == ["segments", "members"]:
        suite, segment = shop[0], words[2]
        suite.wait_for(lambda: _all_are_evaluated(suite, segment), f"{segment} is live")
    if name == "cdp":
        done = run_cdp(*words, folder=shop[1], environment=environment)
    else:
        run = [sys.executable, "-m", name, *words]
        done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == STATUS.get(command, 0), done.stdout + done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [c for c in HERE if ENDLESS.match(c)])
def test_a_process_of_the_documents_starts_and_ends_when_asked(
    shop: tuple[ProcessSuite, Path], environment: dict[str, str], command: str
) -> None:
    words = shlex.split(command)
    own = dict(word.split("=", 1) for word in words if ASSIGNMENT.match(word))
    with subprocess.Popen(
        [*_MORTAL, sys.executable, "-m", *words[len(own) :]],
        cwd=shop[1],
        env=plain_environment() | environment | own | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            for line in process.stderr or ():
                if "running" in line:
                    break
            process.send_signal(signal.SIGTERM)
            _output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


def test_what_is_run_elsewhere_is_in_the_documents_and_run_there() -> None:
    assert ELSEWHERE.keys() <= set(commands())
    for place, words in ELSEWHERE.values():
        assert words in (ROOT / place).read_text(), place


def test_the_mapping_of_the_documents_is_yaml() -> None:
    text = (ROOT / "docs" / "howto" / "loading.md").read_text()
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        assert yaml.safe_load(block)
