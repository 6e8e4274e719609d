"""What every table must hold, computed from the logs of profiles and segments alone.

Nothing here imports the code that is judged: neither chassis nor contracts, identifiers, rules,
directory or services. Rows come in as plain data and all rules are written out by hand.
"""

from tests.support.oracle.comparison import differences
from tests.support.oracle.identity import identifiers, identity_flaws, labels, profiles
from tests.support.oracle.log import LoggedEvent, log_flaws, read_log
from tests.support.oracle.memberships import entries_and_exits, few_memberships, memberships
from tests.support.oracle.shopper import (
    FoldedShopper,
    fold,
    kept,
    proves_account,
    read_summary,
    view,
)

__all__ = [
    "FoldedShopper",
    "LoggedEvent",
    "differences",
    "entries_and_exits",
    "few_memberships",
    "fold",
    "identifiers",
    "identity_flaws",
    "kept",
    "labels",
    "log_flaws",
    "memberships",
    "profiles",
    "proves_account",
    "read_log",
    "read_summary",
    "view",
]
