"""A test run leaves nothing on the servers, however it ended."""

from __future__ import annotations

import subprocess
import sys

from tests.support.servers import Databases, VirtualHosts

LEAVE_EVERYTHING = """
import sys
import chassis.runtime.green
from tests.support.servers import Databases, VirtualHosts
databases = Databases()
databases.create("identity")
VirtualHosts(databases).create()
print(databases.prefix, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_run_left_is_swept_by_the_next_and_what_a_live_one_has_is_not(
    databases: Databases, virtual_hosts: VirtualHosts
) -> None:
    role = databases.user("identity")
    run = subprocess.Popen(
        [sys.executable, "-c", LEAVE_EVERYTHING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    prefix = run.stdout.readline().strip()
    assert prefix in databases.cluster.applications()
    assert databases.dead_runs([prefix]) == set()

    run.kill()
    run.communicate()
    next_run = Databases()
    VirtualHosts(next_run).close()
    assert databases.cluster.databases(prefix) == []
    assert databases.cluster.roles(prefix) == []
    assert not any(
        name.startswith(prefix) for name in virtual_hosts._administration.virtual_hosts()
    )
    assert role in databases.cluster.roles(databases.prefix)
    next_run.close()
