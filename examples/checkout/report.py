"""Report to Checkout CDP what became of the blocks of a decision: what decide.py has printed.

What was decided counts as shown once it is reported. Reporting it again is safe: it counts once.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from cdp_client import Cdp
from errors import NoAnswer, WrongRequest


def report_shown(cdp, decision, slots=None):
    """The receipts after reporting that the shopper saw these slots, by default all of them."""
    return _report(cdp, decision, "shown", slots or decision["slots"])


def report_clicked(cdp, decision, slot):
    """The receipts after reporting that the shopper followed the block of a slot."""
    return _report(cdp, decision, "clicked", [slot])


def report_converted(cdp, decision, slot, **order):
    """The receipts after reporting that the block of a slot led to an order.

    `order` has `order_id`, and `value` in minor units with its `currency`.
    """
    return _report(cdp, decision, "converted", [slot], **order)


def _report(cdp, decision, kind, slots, **order):
    if decision["decision_id"] is None:  # the stored fallback
        return []
    outcomes = [
        {
            "decision_id": decision["decision_id"],
            "slot": slot,
            "kind": kind,
            **({"offer_id": block["offer_id"]} if block["offer_id"] else {}),
            **order,
        }
        for slot in slots
        for block in decision["slots"][slot]
    ]
    return cdp.call("offers", "record_outcomes", outcomes=outcomes)["receipts"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("decision", type=Path, help="a JSON file with what decide.py has printed")
    parser.add_argument("kind", choices=["shown", "clicked", "converted"])
    parser.add_argument("--slot", help="the slot; what was shown is by default all of them")
    parser.add_argument("--order", help="the id of the order that a block has led to")
    parser.add_argument(
        "--broker",
        default=os.environ.get("CDP_AMQP_URI", "amqp://guest:guest@localhost:5672/"),
        help="URI of RabbitMQ (default: CDP_AMQP_URI, or guest on localhost)",
    )
    options = parser.parse_args()
    try:
        decision = json.loads(options.decision.read_text())
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if options.kind != "shown" and not options.slot:
        parser.error(f"name the slot that was {options.kind}: --slot extras")

    cdp = Cdp(options.broker, wait=10)
    try:
        cdp.connect()
        if options.kind == "shown":
            receipts = report_shown(cdp, decision, options.slot and [options.slot])
        elif options.kind == "clicked":
            receipts = report_clicked(cdp, decision, options.slot)
        else:
            order = {"order_id": options.order} if options.order else {}
            receipts = report_converted(cdp, decision, options.slot, **order)
    except (NoAnswer, WrongRequest) as error:
        sys.exit(f"report.py: {error}")
    except KeyError as error:
        sys.exit(f"report.py: the decision has no slot {error}")
    counts = {}
    for receipt in receipts:
        counts[receipt["status"]] = counts.get(receipt["status"], 0) + 1
        for each in receipt.get("errors", ()):
            print(f"report.py: {each['field']}: {each['message']}", file=sys.stderr)
    print(json.dumps({"receipts": counts}))
    sys.exit(1 if counts.get("rejected") or counts.get("conflict") else 0)


if __name__ == "__main__":
    main()
