"""Claims that somebody has signed: JSON Web Tokens (JWT) with HS256, and no other algorithm.

When they hold is for the caller to say, who knows what time it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jwt import PyJWS
from jwt.exceptions import PyJWTError

from chassis.core.errors import Refused
from chassis.core.json import dump_json, load_json

_ALGORITHM = "HS256"
_JWS = PyJWS(algorithms=[_ALGORITHM])


def sign_claims(claims: Mapping[str, Any], secret: str) -> str:
    """A token that has these claims."""
    return _JWS.encode(dump_json(dict(claims)).encode(), secret, _ALGORITHM)


def read_claims(token: str, secrets: Sequence[str]) -> dict[str, Any]:
    """The claims of a token that one of the secrets has signed; Refused if none has."""
    for secret in filter(None, secrets):
        try:
            claims = load_json(_JWS.decode(token, secret, algorithms=[_ALGORITHM]))
        except (PyJWTError, ValueError):
            continue
        if isinstance(claims, dict):
            return claims
    raise Refused("token", "is signed by none of the secrets")
