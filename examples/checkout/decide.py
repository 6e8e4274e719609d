"""Have Checkout CDP decide what a shopper sees at the checkout, and print it.

The request is the only argument: a JSON file such as examples/requests/first-time-guest.json.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from cdp_client import Cdp
from checkout import Checkout
from errors import NoAnswer, WrongRequest

MARGIN = 0.15  # seconds for the network, on top of the deadline in the request


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument(
        "request", type=Path, help="a JSON file, such as those in examples/requests"
    )
    parser.add_argument(
        "--broker",
        default=os.environ.get("CDP_AMQP_URI", "amqp://guest:guest@localhost:5672/"),
        help="URI of RabbitMQ (default: CDP_AMQP_URI, or guest on localhost)",
    )
    parser.add_argument(
        "--door",
        action="append",
        metavar="HOST:PORT",
        default=[each for each in os.environ.get("CDP_DOORS", "").split(",") if each],
        help="an HTTP door, asked before RabbitMQ (default: CDP_DOORS); its key is CDP_DOOR_KEY",
    )
    parser.add_argument("--at-least", metavar="TOKEN", help="the token that record.py printed")
    options = parser.parse_args()
    try:
        request = json.loads(options.request.read_text())
        if options.at_least:
            request["at_least"] = json.loads(options.at_least)
    except (OSError, ValueError) as error:
        parser.error(str(error))

    # A checkout does this once, when its process starts, and keeps `checkout`.
    seconds = request.get("deadline_ms", 150) / 1000 + MARGIN
    cdp = Cdp(options.broker, wait=seconds)
    try:
        cdp.connect()
    except NoAnswer as error:
        print(f"decide.py: {error}", file=sys.stderr)
    directory = Path(tempfile.gettempdir(), "cdp-checkout")
    checkout = Checkout(options.door, os.environ.get("CDP_DOOR_KEY", ""), directory, cdp)
    try:
        decision = checkout.decide(request, seconds)
    except WrongRequest as error:
        sys.exit(f"decide.py: {error}")
    print(json.dumps(decision, indent=2))
    sys.exit(0 if decision["decision_id"] else 1)


if __name__ == "__main__":
    main()
