"""Prometheus and its tool, found on this machine or installed."""

from __future__ import annotations

import shutil

from deploy.machine import NoServer, ensure_package, run_program


def ensure_prometheus() -> None:
    """The programs `prometheus` and `promtool` are there after it; NoServer says what to do."""
    if shutil.which("promtool") and shutil.which("prometheus"):
        return
    if not ensure_package("prometheus", "promtool"):
        raise NoServer(
            "The programs prometheus and promtool are missing, and only root on Debian can install"
            " them. Install Prometheus (apt-get install prometheus, brew install prometheus, or"
            " https://prometheus.io/download); it need not run."
        )
    run_program("systemctl", "disable", "--now", "prometheus")  # the package starts one
