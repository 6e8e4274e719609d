"""Decisions for a checkout, whatever fails, and reports that are kept until they are accepted.

Copy this file with errors.py and fallback.json. It needs nothing but Python; pass a `Cdp` of
cdp_client.py, and it calls over RabbitMQ when no address answers.
"""

import http.client
import json
import logging
import os
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from datetime import UTC, datetime
from pathlib import Path

from errors import NoAnswer, WrongRequest

FALLBACK = Path(__file__).with_name("fallback.json")
MARGIN = 0.03  # seconds for the way back, of the time that a server is given
LEAST = 0.02  # seconds: with less, no server is tried
AVOIDED = 5.0  # seconds for which an address that failed is tried last
TOGETHER = 100  # reports in a call
MOST_REPORTS = 10_000  # on disk; further ones are dropped, and logged
MOST_FALLBACKS = 100  # placements by language of which the last blocks are kept
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8}){0,4}")
AT_FAULT = {400, 413}  # of the request; all else may be answered by another address
NOT_DONE = {401, 404, 408, 503}  # said before anything is done
ANSWERS = {"/v1/decide": {"placement", "slots"}, "/v1/outcomes": {"receipts"}}  # what they have

log = logging.getLogger("cdp")


class NotDone(NoAnswer):
    """Nobody has got the request, or whoever got it has done nothing: to ask elsewhere is safe."""


class Checkout:
    """Asks each of `doors` ("host:port"), then `cdp` if there is one, then answers by itself.

    In `directory` are the reports that nobody has accepted yet and the last fallback blocks of each
    placement and language.
    `decide` and `report` may be called from any number of threads.
    """

    def __init__(self, doors, key, directory, cdp=None):
        self._doors = [Door(address, key) for address in doors]
        self._cdp = cdp
        self._reports = Path(directory, "reports")
        self._reports.mkdir(parents=True, exist_ok=True)
        self._shipped = json.loads(FALLBACK.read_text())
        self._stored = Path(directory, "fallbacks.json")
        self._fallbacks = read_kept(self._stored)
        self._keeping = threading.Lock()
        self._sending = threading.Lock()

    def decide(self, request, seconds=0.5):
        """A decision within so many seconds in all; WrongRequest if the request is at fault.

        Without an answer it is the stored fallback: its `decision_id` is None. A request with
        `reserve` is sent once: without an answer, what it reserved counts until its time is over.
        """
        until = time.monotonic() + seconds
        reasons = []
        routes = self._routes()
        once = reserves(request)
        for number, (name, call) in enumerate(routes):
            left = until - time.monotonic()
            # One that hangs leaves the others an equal part of the time, where they may be asked.
            part = left / (len(routes) - number)
            if part < LEAST:
                reasons.append("no time left")
                break
            given = left if once else part
            deadline_ms = max(1, int(1_000 * (given - min(MARGIN, given / 3))))
            asked = {**request, "deadline_ms": deadline_ms}
            to_connect = part if once else None
            try:
                decision = call(
                    "decide", "/v1/decide", asked, {"request": asked}, given, to_connect
                )
            except NoAnswer as error:
                reasons.append(f"{name}: {error}")
                if once and not isinstance(error, NotDone):
                    reasons.append("it may have reserved, and is not sent again")
                    break
            else:
                log_failed(name, reasons)
                self._keep_fallback(request, decision)
                return decision
        log.warning("stored fallback: %s", "; ".join(reasons))
        shipped = self._shipped.get(request.get("placement"), {})
        slots = {**shipped, **self._fallbacks.get(fallback_key(request), {})}
        degraded = [f"stored fallback: {'; '.join(reasons)}"]
        return {"decision_id": None, "slots": slots, "reasons": [], "degraded": degraded}

    def report(self, decision, kind, slots=None, **more):
        """Keep on disk what became of blocks, by default of all slots; False if it is not kept.

        `kind` is shown, clicked or converted. The stored fallback has no decision to report.
        """
        if decision["decision_id"] is None or "decision_not_logged" in decision.get("degraded", ()):
            return True  # it could never be joined with its decision
        outcomes = [
            {
                "decision_id": decision["decision_id"],
                "slot": slot,
                "kind": kind,
                "at": datetime.now(UTC).isoformat(),
                **({"offer_id": block["offer_id"]} if block["offer_id"] else {}),
                **more,
            }
            for slot in slots or decision["slots"]
            for block in decision["slots"][slot]
        ]
        if not outcomes:
            return True
        if sum(1 for _ in self._reports.glob("*.json")) >= MOST_REPORTS:
            log.error("reports_full: %d outcomes are dropped", len(outcomes))
            return False
        try:
            write(self._reports / f"{time.time_ns()}-{uuid.uuid4().hex}.json", outcomes)
        except OSError as error:  # the disk is full: that is in no page's way
            log.error("report not kept: %s", error)  # noqa: TRY400 - it says it all
            return False
        return True

    def send_reports(self, seconds=10.0):
        """Send what is on disk and delete what is accepted; how many reports are left.

        Sending the same twice is safe, also from several processes: each counts once.
        """
        with self._sending:
            files = sorted(self._reports.glob("*.json"))
            for start in range(0, len(files), TOGETHER):
                if not self._send(files[start : start + TOGETHER], seconds):
                    break
            return sum(1 for _ in self._reports.glob("*.json"))

    def start(self, pause=1.0):
        """Send reports in the background from now on, what an earlier process has left first."""

        def work():
            while True:
                try:
                    self.send_reports()
                except Exception:  # a thread that ended would leave reports on disk for ever
                    log.exception("reports wait")
                time.sleep(pause)

        threading.Thread(target=work, name="cdp-reports", daemon=True).start()

    def _routes(self):
        """Whom to ask, in order: addresses that failed just now after those that did not."""
        now = time.monotonic()
        doors = sorted(self._doors, key=lambda door: door.avoided_until > now)
        routes = [(door.address, door.call) for door in doors]
        return [*routes, ("rpc", self._call_rpc)] if self._cdp else routes

    def _call_rpc(self, method, _path, _body, arguments, seconds, _to_connect=None):
        return self._cdp.call("offers", method, wait=seconds, **arguments)

    def _keep_fallback(self, request, decision):
        """Keep the fallback blocks that an answer shows, for when there is none.

        They are written when they change alone. Of too many those go that changed first: the next
        answer brings them back.
        """
        key = fallback_key(request)
        new = {
            slot: blocks
            for slot, blocks in decision["slots"].items()
            if blocks and all(block["offer_id"] is None for block in blocks)
        }
        if new.items() <= self._fallbacks.get(key, {}).items():
            return
        with self._keeping:
            kept = {**self._fallbacks}
            kept[key] = {**kept.pop(key, {}), **new}
            self._fallbacks = dict(list(kept.items())[-MOST_FALLBACKS:])
            try:
                write(self._stored, self._fallbacks)
            except OSError as error:  # the disk is full: the shopper has her answer all the same
                log.error("fallback not kept: %s", error)  # noqa: TRY400 - it says it all

    def _send(self, files, seconds):
        """Send the reports of some files together, or one by one if they are refused together."""
        outcomes = []
        for file in files:
            try:
                outcomes += json.loads(file.read_text())
            except FileNotFoundError:  # another process has just sent it
                continue
            except ValueError:  # as after a power failure; the others are not to wait for it
                log.error("report unreadable: %s", file.name)  # noqa: TRY400 - it says all
        body = {"outcomes": outcomes}
        try:
            receipts = self._answer("record_outcomes", "/v1/outcomes", body, seconds)["receipts"]
        except NoAnswer as error:
            log.warning("reports wait: %s", error)
            return False
        except WrongRequest as error:
            if len(files) > 1:
                return all(self._send([file], seconds) for file in files)
            log.error("report refused: %s", error)  # noqa: TRY400 - it says all there is to say
            receipts = []
        for receipt in receipts:
            if receipt["status"] in ("rejected", "conflict"):
                log.error("outcome %s: %s", receipt["status"], receipt["errors"])
        for file in files:
            file.unlink(missing_ok=True)
        return True

    def _answer(self, method, path, body, seconds):
        reasons = []
        for name, call in self._routes():
            try:
                answer = call(method, path, body, body, seconds)
            except NoAnswer as error:
                reasons.append(f"{name}: {error}")
            else:
                log_failed(name, reasons)
                return answer
        raise NoAnswer("; ".join(reasons))


class Door:
    """One address of offers' HTTP door, with a connection for each of its threads."""

    def __init__(self, address, key, threads=16):
        self.address = address
        self.avoided_until = 0.0
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="cdp-door")
        self._local = threading.local()

    def call(self, _method, path, body, _arguments, seconds, to_connect=None):
        """The answer to a POST of `body`; NoAnswer if it is none, or comes too late.

        With `to_connect` it is sent once, over a connection that is made within so many seconds;
        NotDone then says that the same may be asked elsewhere.
        """
        until = time.monotonic() + seconds
        content = json.dumps(body).encode()
        # In a thread, as only that bounds all of it: looking up a name has no limit of its own.
        if to_connect is None:
            future = self._threads.submit(self._post, path, content, until)
        else:
            future = self._threads.submit(self._post_once, path, content, until, to_connect)
        try:
            status, answer = future.result(timeout=seconds)
        except NotDone:
            self.avoided_until = time.monotonic() + AVOIDED
            raise
        except (TooLate, OSError, http.client.HTTPException, ValueError) as error:
            future.cancel()
            self.avoided_until = time.monotonic() + AVOIDED
            reason = "no answer in time" if isinstance(error, TooLate) else str(error)
            raise NoAnswer(reason or type(error).__name__) from None
        if not isinstance(answer, dict):  # a proxy may say anything
            answer = {}
        if status == 200 and ANSWERS[path] <= answer.keys():
            self.avoided_until = 0.0
            return answer
        if status in AT_FAULT and "field" in answer:
            raise WrongRequest(f"{answer.get('field')}: {answer.get('message')}")
        self.avoided_until = time.monotonic() + AVOIDED
        kind = NotDone if status in NOT_DONE else NoAnswer
        raise kind(f"{status} {answer.get('message', '')}")

    def _post(self, path, body, until):
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            try:
                return self._exchange(connection, path, body, until)
            except (http.client.RemoteDisconnected, ConnectionError):
                pass  # it was closed while it was idle: what was sent was not read
        return self._exchange(self._connect(until - time.monotonic()), path, body, until)

    def _post_once(self, path, body, until, to_connect):
        # Over no connection that was kept: if it ends now, nobody knows whether this was read.
        if (kept := getattr(self._local, "connection", None)) is not None:
            kept.close()
        try:
            connection = self._connect(min(to_connect, until - time.monotonic()))
        except (OSError, http.client.HTTPException) as error:
            raise NotDone(str(error) or type(error).__name__) from None
        return self._exchange(connection, path, body, until)

    def _connect(self, seconds):
        self._local.connection = None
        connection = http.client.HTTPConnection(self.address, timeout=max(seconds, 0.001))
        connection.connect()
        self._local.connection = connection
        return connection

    def _exchange(self, connection, path, body, until):
        try:
            left = until - time.monotonic()
            if left <= 0:
                raise NotDone("no time left")
            if connection.sock is None:
                raise ConnectionError("closed")
            connection.sock.settimeout(left)
            connection.request("POST", path, body, self._headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except BaseException:
            connection.close()
            self._local.connection = None
            raise


def log_failed(name, reasons):
    """Log who did not answer before `name` did: a wrong key, say, would be noticed by nobody."""
    if reasons:
        log.warning("answered by %s, as others failed: %s", name, "; ".join(reasons))


def fallback_key(request):
    """The placement and the language of a request: by nothing else do fallback blocks differ.

    Of a header such as `de-AT,de;q=0.9` the first language counts; what is none has the shop's own.
    """
    context = request.get("context")
    language = context.get("language") if isinstance(context, dict) else None
    first = re.split("[,;]", language)[0] if isinstance(language, str) else ""
    tag = first.strip().replace("_", "-").lower()
    return f"{request.get('placement')} {tag if LANGUAGE.fullmatch(tag) else ''}"


def reserves(request):
    """Whether a decision may be one that reserves, which must not be made twice."""
    return request.get("reserve") not in (None, False)


def read_kept(path):
    """The object of a file, empty if there is none or it cannot be read: answers bring it back."""
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # as after a power failure
        log.error("fallbacks unreadable: %s", error)  # noqa: TRY400 - it says it all
        return {}
    return kept if isinstance(kept, dict) else {}


def write(path, value):
    """Write JSON so that a reader, or the next process, sees all of it or nothing."""
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with unfinished.open("w") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
