"""The commands of `cdp`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO, cast

import click

from cdp.commands.identity import identity, read_identifiers
from cdp.commands.load import load
from cdp.commands.rebuild import rebuild
from cdp.connection import connected
from cdp.demo.demo import DEMO_CLOCK, Demo
from cdp.running import migrate_services, run_services
from cdp.views.report import console, dead_letters_table, decision_view, facts_table, profile_view
from chassis.config.settings import Role
from chassis.core.errors import ServiceError
from contracts.topology import SERVICE_NAMES

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

services_argument = click.argument(
    "services", nargs=-1, type=click.Choice(SERVICE_NAMES), metavar="[SERVICE]..."
)
demo_option = click.option(
    "--demo", is_flag=True, help="Ask what the last `cdp demo` left in .demo, without a broker."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the plain answer.")


class Commands(click.Group):
    """A group whose commands' ServiceErrors are one line on standard error, and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ServiceError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Commands, context_settings=CONTEXT)
def cli() -> None:
    """Checkout CDP: runs the services, shows what they know, and mends what went wrong.

    Commands reach running services over the broker in CDP_AMQP_URI (default: RabbitMQ on this
    machine). The exit status is 0, 1 after a failure and 2 after a wrong call.
    """


@cli.command()
@click.option("--full", is_flag=True, help="All 69,659 purchases instead of the sample's 6,919.")
@click.option("--no-progress", is_flag=True, help="Draw no progress bars.")
def demo(full: bool, no_progress: bool) -> None:
    """Put real purchases in, and show the answers.

    Runs the four services in this process, on SQLite files in .demo (made anew by every run) and
    an in-process broker. Its clock stands at the end of the data, so its figures never change.
    """
    out = console()
    Demo(out, progress=not no_progress and out.is_terminal).run(full)
    out.print(what_next(Path(sys.executable).parent), soft_wrap=True)


@cli.command()
@services_argument
@click.option(
    "--role",
    type=click.Choice(["rpc", "events", "all"]),
    default="all",
    show_default=True,
    help="rpc: answer calls; events: follow events and run timers; all: both.",
)
@click.option(
    "--embedded",
    is_flag=True,
    help="SQLite files in .run/embedded, and an in-process broker unless CDP_AMQP_URI names one.",
)
def run(services: tuple[str, ...], role: str, embedded: bool) -> None:
    """Run services (default: all four).

    They run in this process until SIGTERM or Ctrl-C. Settings come from the environment, SERVICE
    in capitals: CDP_<SERVICE>_DATABASE_URI, CDP_<SERVICE>_AMQP_URI (else CDP_AMQP_URI), CDP_CLOCK,
    CDP_IDENTIFIER_KEY, CDP_CONFIG_DIR, CDP_LOG (json or text). docs/howto/operations.md lists them
    all.
    """
    run_services(services or SERVICE_NAMES, cast("Role", role), embedded)


@cli.command()
@services_argument
def migrate(services: tuple[str, ...]) -> None:
    """Bring services' tables up to date.

    Connects by CDP_<SERVICE>_OWNER_DATABASE_URI, the role that owns the tables, if that is set, and
    grants the user of CDP_<SERVICE>_DATABASE_URI what a service needs; else by the latter.
    """
    for name in migrate_services(services or SERVICE_NAMES):
        click.echo(f"{name}: up to date")


cli.add_command(load)
cli.add_command(identity)


@cli.group()
def profile() -> None:
    """Look at shoppers."""


@profile.command("show")
@click.argument("who", nargs=-1, required=True, metavar="WHO...")
@demo_option
@json_option
def profile_show(who: tuple[str, ...], demo: bool, as_json: bool) -> None:
    """Show what is known of a shopper.

    WHO is a profile id, or identifiers such as user_id=omar or email=omar@example.com.
    """
    arguments = read_who(who)
    with connected(demo) as client:
        found = client.call("profiles", "get", **arguments)
        groups = client.call("segments", "memberships", profile_id=found["profile_id"])
    if as_json:
        _print_json({**found, "segments": groups["segments"]})
    else:
        console().print(profile_view(found, groups["segments"]))


@cli.command()
@click.argument("request", type=click.File("r", encoding="utf-8"))
@demo_option
@json_option
def decide(request: TextIO, demo: bool, as_json: bool) -> None:
    """Ask what a shopper should see, and why; nothing is recorded.

    REQUEST is a JSON file (or - for standard input) such as examples/requests/gold-customer.json.
    """
    asked = read_request(request)
    if isinstance(asked, dict):
        asked = {**asked, "explain": True, "dry_run": True}
    with connected(demo) as client:
        decision = client.call("offers", "decide", request=asked)
        groups = []
        if decision["profile_id"] and not as_json:
            answer = client.call("segments", "memberships", profile_id=decision["profile_id"])
            groups = [each["segment"] for each in answer["segments"]]
    if as_json:
        _print_json(decision)
    else:
        console().print(decision_view(Path(request.name).stem, decision, groups))


cli.add_command(rebuild)


@cli.group("dead-letters")
def dead_letters() -> None:
    """See and mend what could not be applied.

    Each dead letter halts its own stream; all others go on.
    """


@dead_letters.command("list")
@services_argument
@click.option("--all", "redriven", is_flag=True, help="Those that were driven again, too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@demo_option
def dead_letters_list(services: tuple[str, ...], redriven: bool, limit: int, demo: bool) -> None:
    """List the newest dead letters of services (default: all four)."""
    with connected(demo) as client:
        letters = [
            (name, letter)
            for name in services or SERVICE_NAMES
            for letter in client.call(name, "dead_letters", limit=limit, redriven=redriven)
        ]
    if letters:
        console().print(dead_letters_table(letters))
    else:
        click.echo("There are none.")


@dead_letters.command("show")
@click.argument("service", type=click.Choice(SERVICE_NAMES))
@click.argument("letter", metavar="ID")
@demo_option
def dead_letters_show(service: str, letter: str, demo: bool) -> None:
    """Show one dead letter, and why it could not be applied."""
    with connected(demo) as client:
        console().print(facts_table(client.call(service, "dead_letter", id=letter)))


@dead_letters.command("redrive")
@click.argument("service", type=click.Choice(SERVICE_NAMES))
@click.argument("letter", metavar="ID")
@demo_option
def dead_letters_redrive(service: str, letter: str, demo: bool) -> None:
    """Try a dead letter's stream again.

    Do it once what stopped the stream is mended: it goes on where it stood.
    """
    with connected(demo) as client:
        driven = client.call(service, "redrive", id=letter)
    if streams := driven["streams"]:
        click.echo(f"{service} goes on with {', '.join(streams)}, from where it stood.")
    else:
        click.echo("No stream was halted by it: it was a message that could not be read.")


def what_next(programs: Path) -> str:
    """What to try after the demo, with the commands that lie in the directory `programs`."""
    near = programs.relative_to(Path.cwd()) if programs.is_relative_to(Path.cwd()) else programs
    return f"""[bold]Try next[/]
  {near}/cdp profile show user_id=grace --demo
  {near}/cdp decide examples/requests/one-time-buyer.json --demo

As processes, on RabbitMQ and PostgreSQL, called as a checkout calls:
  CDP_CLOCK={DEMO_CLOCK} make run     (it prints the CDP_AMQP_URI to set for these)
  {near}/python examples/checkout/record.py examples/shoppers.ndjson
  {near}/python examples/checkout/decide.py examples/requests/gold-customer.json"""


def read_who(words: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of profiles.get that `words` stand for: one id, or type=value pairs."""
    if len(words) == 1 and "=" not in words[0]:
        return {"profile_id": words[0]}
    if any(not kind or not value for kind, _, value in (word.partition("=") for word in words)):
        raise click.UsageError("WHO is one profile id, or identifiers such as user_id=omar")
    return {"identifiers": read_identifiers(words)}


def read_request(file: TextIO) -> Any:
    """The JSON value in a file; a wrong call, if there is none."""
    try:
        return json.loads(file.read().removeprefix("\ufeff"))
    except UnicodeDecodeError:
        raise click.BadParameter(f"{file.name} is not UTF-8; save it as UTF-8") from None
    except ValueError as error:
        raise click.BadParameter(f"{file.name} is no JSON: {error}") from None
    except RecursionError:
        raise click.BadParameter(f"{file.name} is no request: it is nested too deeply") from None


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write(os.linesep)
