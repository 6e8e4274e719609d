"""The metadata of segments' own tables."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
