"""A process that appends with eventsourcing: `python -m bench.appends_theirs URI MODE`."""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from urllib.parse import unquote, urlsplit

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from bench.appends import SECONDS, SIZES, WRITERS
from bench.orders import order


def main(uri: str, mode: str) -> float:
    """Events a second."""
    place = urlsplit(uri)
    datastore = PostgresDatastore(
        dbname=place.path.strip("/"),
        host=place.hostname or "localhost",
        port=str(place.port or 5432),
        user=unquote(place.username or ""),
        password=unquote(place.password or ""),
        pool_size=WRITERS,
    )
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()
    data = order(1)["data"]
    appended = [0] * WRITERS
    end = time.monotonic() + SECONDS

    def writer(number: int) -> None:
        while time.monotonic() < end:
            events = [
                StoredEvent(uuid.uuid4(), 1, "order_completed", json.dumps(data).encode())
                for _ in range(SIZES[mode])
            ]
            recorder.insert_events(events)
            appended[number] += len(events)

    start = time.monotonic()
    threads = [threading.Thread(target=writer, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(appended) / (time.monotonic() - start)


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
