"""What a subscribed method returns is built when its service starts, not for every batch."""

from __future__ import annotations

import pytest
from nameko.testing.services import worker_factory

from chassis.runtime.subscriber import Subscribe
from contracts.topology import SERVICE_NAMES
from deploy.services import service_class


@pytest.mark.parametrize("name", SERVICE_NAMES)
def test_every_batch_has_the_same_projection(name: str) -> None:
    service = service_class(name)
    worker = worker_factory(service)
    subscribed = [
        method
        for method in dir(service)
        if any(
            isinstance(entry_point, Subscribe)
            for entry_point in getattr(getattr(service, method), "nameko_entrypoints", ())
        )
    ]
    for method in subscribed:
        assert getattr(worker, method)() is getattr(worker, method)()
