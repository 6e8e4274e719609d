"""The former name of `contracts.export`, kept for one release: it says so, and runs that."""

from __future__ import annotations

import sys

from contracts.export.__main__ import main

if __name__ == "__main__":
    print("python -m contracts.documents is now python -m contracts.export", file=sys.stderr)
    sys.exit(main())
