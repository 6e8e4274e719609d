"""Finds a PostgreSQL to provision, or starts one."""

from __future__ import annotations

import atexit
import os
import pwd
import secrets
import shutil
from datetime import UTC, datetime, timedelta

import psycopg2

from deploy.databases import Cluster
from deploy.machine import (
    NoServer,
    compose_port,
    ensure_package,
    listens,
    report,
    run_program,
    wait_for_port,
)

POSTGRES_PORT = 5432
_ADMIN_PREFIX = "cdp_admin_"


def find_cluster(uri: str | None, variable: str, application_name: str) -> Cluster:
    """The PostgreSQL at `uri`, which `variable` gave; else one that answers on this machine, in
    Docker Compose or, for root on Debian, from packages."""
    if uri:
        if reason := _refusal(uri):
            raise NoServer(f"{variable}: PostgreSQL refused: {reason}")
        return Cluster(uri, application_name)
    for find in (_answering, _in_compose, _from_packages):
        if administrator := find():
            return Cluster(administrator, application_name)
    raise NoServer(
        "No PostgreSQL could be used: none on localhost:5432 lets postgres or the current user in"
        " without a password as a superuser, Docker Compose does not run, and only root on Debian"
        f" can install one. Start one, then set {variable}="
        "postgresql://USER:PASSWORD@HOST:5432/postgres with a user that may create roles and"
        " databases; or start Docker; or, with a PostgreSQL on this machine, run:"
        ' sudo -u postgres createuser --superuser "$USER"'
    )


def _answering(port: int = POSTGRES_PORT) -> str | None:
    if not listens(port):
        return None
    user = pwd.getpwuid(os.getuid()).pw_name
    candidates = [
        f"postgresql://postgres@localhost:{port}/postgres",
        f"postgresql://{user}@localhost:{port}/postgres",
        f"postgresql://{user}@:{port}/postgres?host=/var/run/postgresql",
    ]
    usable = next((uri for uri in candidates if not _refusal(uri)), None)
    return usable or _administrator_by_root(port)


def _refusal(uri: str) -> str:
    """Why the administrator's URI cannot be used; empty if it can."""
    try:
        connection = psycopg2.connect(uri, connect_timeout=10)
    except psycopg2.Error as error:
        return str(error).strip() or type(error).__name__
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles"
                " WHERE rolname = current_user"
            )
            row = cursor.fetchone()
            is_allowed = bool(row and row[0])
    finally:
        connection.close()
    return "" if is_allowed else "the user may not create roles and databases (CREATEROLE CREATEDB)"


def _administrator_by_root(port: int) -> str | None:
    """Root may become the system user postgres: it makes an administrator that is dropped when this
    process ends, and cannot log in after a day."""
    if os.getuid() != 0 or not shutil.which("psql"):
        return None
    user, password = f"{_ADMIN_PREFIX}{secrets.token_hex(4)}", secrets.token_hex(16)
    until = datetime.now(UTC) + timedelta(days=1)
    # Nothing in it comes from outside.
    script = f"""
        DO $$ DECLARE old text; BEGIN
            FOR old IN SELECT rolname FROM pg_roles
                WHERE starts_with(rolname, '{_ADMIN_PREFIX}') AND rolvaliduntil < now()
            LOOP EXECUTE format('DROP ROLE %I', old); END LOOP;
        END $$;
        CREATE ROLE {user} SUPERUSER LOGIN PASSWORD '{password}' VALID UNTIL '{until}';
    """  # noqa: S608
    psql = ("runuser", "-u", "postgres", "--", "psql", "-qX", "-p", str(port))
    if run_program(*psql, "-v", "ON_ERROR_STOP=1", stdin=script) is None:
        return None
    atexit.register(run_program, *psql, "-c", f"DROP ROLE {user}")
    return f"postgresql://{user}:{password}@localhost:{port}/postgres"


def _in_compose() -> str | None:
    port = compose_port("postgres", POSTGRES_PORT)
    return port and f"postgresql://postgres:postgres@localhost:{port}/postgres"


def _from_packages() -> str | None:
    if not ensure_package("postgresql", "pg_lsclusters"):
        return None
    for line in (run_program("pg_lsclusters", "--no-header") or "").splitlines():
        version, name, port, status = line.split()[:4]
        if status.startswith("down"):
            report(f"starting PostgreSQL {version}")
            run_program("pg_ctlcluster", version, name, "start", loud=True)
            wait_for_port(int(port))
        if administrator := _answering(int(port)):
            return administrator
    return None
