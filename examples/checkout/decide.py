"""Have Checkout CDP decide what a shopper sees at the checkout, and print it.

The request is the only argument: a JSON file such as examples/requests/first-time-guest.json.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from cdp_client import Cdp, NoAnswer, WrongRequest

FALLBACK = Path(__file__).with_name("fallback.json")
MARGIN = 0.15  # seconds for the network, on top of the deadline in the request


def decide(cdp, request):
    """The decision for `request`; without an answer, the stored fallback as a degraded one."""
    try:
        return cdp.call("offers", "decide", request=request)
    except NoAnswer as error:
        slots = json.loads(FALLBACK.read_text()).get(request.get("placement"), {})
        return {"decision_id": None, "slots": slots, "degraded": [f"stored fallback: {error}"]}


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
    parser.add_argument("--at-least", metavar="TOKEN", help="the token that record.py printed")
    options = parser.parse_args()
    try:
        request = json.loads(options.request.read_text())
        if options.at_least:
            request["at_least"] = json.loads(options.at_least)
    except (OSError, ValueError) as error:
        parser.error(str(error))

    # A checkout does this once, when its process starts, and keeps `cdp`.
    cdp = Cdp(options.broker, wait=request.get("deadline_ms", 150) / 1000 + MARGIN)
    try:
        cdp.connect()
    except NoAnswer as error:
        print(f"decide.py: {error}", file=sys.stderr)
    try:
        decision = decide(cdp, request)
    except WrongRequest as error:
        sys.exit(f"decide.py: {error}")
    print(json.dumps(decision, indent=2))
    sys.exit(0 if decision["decision_id"] else 1)


if __name__ == "__main__":
    main()
