"""What the gateway counts and times."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

REQUESTS = Histogram(
    "cdp_gateway_request_seconds",
    "How long HTTP requests to the gateway took, by path and status.",
    ["path", "status"],
    buckets=_SECONDS,
)
CALLS = Histogram(
    "cdp_gateway_call_seconds",
    "How long the gateway's calls of services took, by outcome: ok, or the name of the error.",
    ["service", "method", "outcome"],
    buckets=_SECONDS,
)
GATHERED = Histogram(
    "cdp_gateway_gathered_events",
    "How many events of single requests shared a call.",
    buckets=(1, 2, 5, 10, 20, 50, 100),
)
LIMITED = Counter(
    "cdp_gateway_limited", "Requests and connections above a limit, by its kind.", ["kind"]
)
CRAWLED = Counter(
    "cdp_gateway_crawled_items",
    "Items that known crawlers sent, and that were dropped.",
    ["source"],
)
BODY_BYTES = Gauge(
    "cdp_gateway_body_bytes", "Bytes of bodies under way, as they came and inflated."
)
CONNECTIONS = Gauge("cdp_gateway_connections", "Connections that are open.")
REJECTS_DROPPED = Counter(
    "cdp_gateway_rejects_dropped",
    "Rejected items that were not kept, as public keys of the source had sent too many.",
    ["source"],
)
REJECTED = Counter(
    "cdp_gateway_rejected_items",
    "Items that were not recorded, kept or not, by source.",
    ["source"],
)
READY = Gauge("cdp_gateway_ready", "Whether the gateway can do its work; `/ready` says why not.")
WEBHOOKS_WAITING = Gauge(
    "cdp_gateway_webhooks_waiting_age_seconds",
    "Since when the oldest webhook waits that is neither recorded nor settled; 0 if none does.",
)
BROKER_CONNECTED = Gauge(
    "cdp_gateway_broker_connected", "Whether the gateway can call services over the broker."
)
WEBHOOKS = Counter(
    "cdp_gateway_webhooks", "Webhooks by what became of them; `cdp webhooks list`.", ["status"]
)
for _status in ("done", "ignored", "failed", "unlinked", "due", "postponed"):
    WEBHOOKS.labels(_status)
for _kind in ("address", "key", "connections", "bytes"):
    LIMITED.labels(_kind)
