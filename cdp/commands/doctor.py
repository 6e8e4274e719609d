"""`cdp doctor`."""

from __future__ import annotations

import sys
import time

import click

from cdp.commands.arguments import json_option
from cdp.doctor.findings import diagnose
from cdp.doctor.look import take_snapshot
from cdp.views.doctor import findings_view, report_json
from cdp.views.progress import late_line
from cdp.views.report import print_response
from chassis.core.errors import InvalidInput

_WRONG = 1


class CannotLook(click.ClickException):
    """The settings do not say where to look."""

    exit_code = 2


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say what is wrong in the suite, and what mends it.

    Looks at the broker in CDP_AMQP_URI, asks every service how it is, and looks into the databases
    of which the environment has CDP_<SERVICE>_DATABASE_URI. Bindings and policies of the broker are
    shown to root on its machine, or to the user in
    CDP_MANAGEMENT_URI=http://USER:PASSWORD@HOST:15672, who needs the tag management.

    It changes nothing, shows no personal data, and takes ten seconds at the most.

    The exit status is 0 if all is well, 1 if something is wrong, and 2 if the settings do not allow
    to look.
    """
    began = time.monotonic()
    try:
        with late_line() as progress:
            snapshot = take_snapshot(progress)
    except InvalidInput as error:
        raise CannotLook(str(error)) from None
    findings = diagnose(snapshot)
    report = report_json(snapshot, findings, time.monotonic() - began)
    print_response(report, findings_view(snapshot, findings), as_json)
    if findings:
        sys.exit(_WRONG)
