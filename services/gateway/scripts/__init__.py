"""What is handed out as it is: the script, as it is built in web/, and the OpenAPI document."""

from pathlib import Path

SCRIPT = Path(__file__).with_name("cdp.js")
OPENAPI = Path(__file__).with_name("openapi.json")  # by `python -m deploy.openapi`
