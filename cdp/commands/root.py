"""The root of the command line: `cdp`."""

from __future__ import annotations

from typing import Any

import click

from cdp.commands.check import check
from cdp.commands.clv import clv
from cdp.commands.conflicts import conflicts
from cdp.commands.dead_letters import dead_letters
from cdp.commands.decide import decide
from cdp.commands.demo import demo
from cdp.commands.doctor import doctor
from cdp.commands.identity import identity
from cdp.commands.load import load
from cdp.commands.migrate import migrate
from cdp.commands.offers import offers
from cdp.commands.profile import profile
from cdp.commands.rebuild import rebuild
from cdp.commands.run import run
from cdp.commands.segments import segments
from cdp.commands.unrecordable import unrecordable
from cdp.views.report import harmless
from chassis.core.errors import ServiceError

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class RootGroup(click.Group):
    """Prints a command's ServiceError on standard error, with exit status 1.

    Whatever an error cites reaches the terminal harmless.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ServiceError as error:
            raise click.ClickException(harmless(error)) from None
        except click.ClickException as error:
            vars(error)["message"] = harmless(error.message)  # declared final, and set but once
            raise


@click.group(cls=RootGroup, context_settings=CONTEXT)
def cli() -> None:
    """Checkout CDP: run the services, see what they know, and repair what went wrong.

    Commands reach running services over the broker in CDP_AMQP_URI (default: RabbitMQ on this
    machine). The exit status is 0, 1 after a failure and 2 after a usage error.
    """


_COMMANDS = (
    demo,
    run,
    migrate,
    load,
    profile,
    decide,
    identity,
    segments,
    offers,
    clv,
    doctor,
    check,
    dead_letters,
    rebuild,
    unrecordable,
    conflicts,
)
for command in _COMMANDS:
    cli.add_command(command)
