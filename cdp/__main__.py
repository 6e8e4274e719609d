"""`python -m cdp`."""

from cdp.main import main

main()
