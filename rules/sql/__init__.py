"""Rules in SQL, for previews and back-tests over the single events of all profiles.

    query = translate(rule, POSTGRESQL, now)      # NotInSql if the rule asks for anything else
    connection.execute(text(f"WITH profile_facts AS (…), profiles AS (…) {query.text}"),
                       query.parameters)

The query selects `profile_id` of those for whom the rule holds at `now`. It reads two relations:

- `profiles(profile_id)`: everybody
- `profile_facts(profile_id, type, at, stream_id, version, data)`: their events; `data` is JSON

Bands of percentiles have no part in it, as such rules are not translated.
"""

from rules.sql.dialects import POSTGRESQL, SQLITE, Dialect
from rules.sql.names import NotInSql
from rules.sql.query import Query, translate

__all__ = ["POSTGRESQL", "SQLITE", "Dialect", "NotInSql", "Query", "translate"]
