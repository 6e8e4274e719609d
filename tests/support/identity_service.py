"""Identity as a service, answered from memory: for tests of the services that call it."""

from __future__ import annotations

from typing import Any, ClassVar

from chassis.runtime.service import Service, rpc
from tests.unit.profiles.identity_in_memory import IdentityInMemory


class IdentityServiceInMemory(Service):
    """Identity's calls, answered by `inner`."""

    name = "identity"
    inner: ClassVar[IdentityInMemory]

    @rpc
    def resolve(self, observations: Any) -> dict[str, Any]:
        return self.inner.resolve(observations=observations)

    @rpc
    def lookup(self, identifiers: Any, authenticated: Any) -> dict[str, Any]:
        return self.inner.lookup(identifiers=identifiers, authenticated=authenticated)

    @rpc
    def holders(self, keys: Any) -> dict[str, Any]:
        return self.inner.holders(keys=keys)
