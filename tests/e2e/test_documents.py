"""Every command in the documents: those of `cdp` are run here, as they are written there."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.system import _MORTAL, ProcessSuite, plain_environment

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("*/*/*.md"))]

# What is not run here: the file that runs it, and the words in which it does.
ELSEWHERE = {
    "make demo": ("tests/e2e/test_demo.py", 'cdp("demo")'),  # which is all that it calls
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


@pytest.fixture
def begin(shop: tuple[ProcessSuite, Path]) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """`begin("cdp …")`: the command, running where the files are, as an operator of the suite."""
    suite, folder = shop
    environment = plain_environment()
    for service, uri in suite.owner_uris.items():
        environment[f"CDP_{service.upper()}_DATABASE_URI"] = uri
        environment[f"CDP_{service.upper()}_AMQP_URI"] = suite.virtual_host.uri(service)
    environment |= {
        "CDP_AMQP_URI": suite.client_uri,
        "CDP_IDENTIFIER_KEY": "only-for-tests",
        "CDP_CLOCK": "1998-07-01T00:00:00Z",
        "PYTHONPATH": str(ROOT),
    }
    started: list[subprocess.Popen[str]] = []

    def run(command: str) -> subprocess.Popen[str]:
        words = shlex.split(command.replace("019aa…", LETTER))
        own = dict(word.split("=", 1) for word in words if ASSIGNMENT.match(word))
        process = subprocess.Popen(
            [*_MORTAL, sys.executable, "-m", *words[len(own) :]],
            cwd=folder,
            env=environment | own,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("command", [c for c in HERE if not ENDLESS.match(c)])
def test_a_command_of_the_documents_does_what_it_says(
    begin: Callable[[str], subprocess.Popen[str]], command: str
) -> None:
    process = begin(command)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == STATUS.get(command, 0), output + errors
    assert output
    assert "Traceback" not in errors


@pytest.mark.parametrize("command", [c for c in HERE if ENDLESS.match(c)])
def test_a_process_of_the_documents_starts_and_ends_when_asked(
    begin: Callable[[str], subprocess.Popen[str]], command: str
) -> None:
    process = begin(command)
    for line in process.stderr or ():
        if "running" in line:
            break
    process.send_signal(signal.SIGTERM)
    _output, errors = process.communicate(timeout=60)
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
