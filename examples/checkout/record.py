"""Record what shoppers did in Checkout CDP: one JSON event per line, from a file or standard input.

Every event has an id of its own, so sending it again is safe: it counts once.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from cdp_client import Cdp
from errors import NoAnswer, WrongRequest

BATCH = 200
TRIES = 3


def record(cdp, events, tries=TRIES):
    """The receipts and the token of `events`; tries again without an answer."""
    try:
        return cdp.call("profiles", "record", events=events)
    except NoAnswer:
        if tries == 1:
            raise
        return record(cdp, events, tries - 1)


def read(text):
    """The events of `text`, one per line; ValueError names a line that is not JSON."""
    events = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            events += [json.loads(line)] if line.strip() else []
        except ValueError as error:
            raise ValueError(f"line {number} is not JSON: {error}") from None
    return events


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument(
        "events",
        nargs="?",
        type=Path,
        help="a file such as examples/shoppers.ndjson (default: standard input)",
    )
    parser.add_argument(
        "--broker",
        default=os.environ.get("CDP_AMQP_URI", "amqp://guest:guest@localhost:5672/"),
        help="URI of RabbitMQ (default: CDP_AMQP_URI, or guest on localhost)",
    )
    options = parser.parse_args()
    try:
        events = read(options.events.read_text() if options.events else sys.stdin.read())
    except (OSError, ValueError) as error:
        parser.error(str(error))

    cdp = Cdp(options.broker, wait=10)
    counts, token = {}, {}
    try:
        cdp.connect()
        for start in range(0, len(events), BATCH):
            response = record(cdp, events[start : start + BATCH])
            token |= response["token"]
            for receipt in response["receipts"]:
                counts[receipt["status"]] = counts.get(receipt["status"], 0) + 1
                for each in (*receipt.get("errors", ()), *receipt.get("warnings", ())):
                    print(
                        f"record.py: {receipt['event_id']}: {each['field']}: {each['message']}",
                        file=sys.stderr,
                    )
    except (NoAnswer, WrongRequest) as error:
        sys.exit(f"record.py: {error}")
    # Pass the token to decide.py --at-least, and the decision takes these events into account.
    print(json.dumps({"receipts": counts, "token": token}))
    sys.exit(1 if counts.get("rejected") or counts.get("conflict") else 0)


if __name__ == "__main__":
    main()
