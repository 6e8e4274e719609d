"""python browse.py SDK HOST KEY DEVICE USER TOKEN CHROMIUM: a page sends what each SDK is to send.

It ends when the SDK has had the answers it waits for. The page is of another origin than the
gateway: http://localhost, at the port in PAGE_PORT. Its scripts are served from NODE_MODULES.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import Response, sync_playwright

PACKAGES = Path(os.environ["NODE_MODULES"])
SCRIPTS = {
    "@segment/analytics-next": "@segment/analytics-next/dist/umd/index.js",
    "@rudderstack/analytics-js": "@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js",
    "@jitsu/js": "@jitsu/js/dist/jitsu.es.js",
}
EVENTS = """
    const order = {order_id: device + "-1", revenue: 19.99, currency: "EUR"};
    const events = [
      ["Product Viewed", {product_id: "cup", price: 19.99, currency: "EUR"}],
      ["Order Completed", {...order, products: [{sku: "cup", price: 19.99}]}],
      ["Order Completed", {order_id: device + "-2", revenue: "1,234", currency: "EUR"}],
    ];
"""
SENDERS = {
    "@segment/analytics-next": """
        const analytics = AnalyticsNext.AnalyticsBrowser.load({writeKey: key, cdnURL: host});
        await analytics.setAnonymousId(device);
        await analytics.identify(user, {city: "Berlin"}, {context: {userToken: token}});
        for (const [event, properties] of events) await analytics.track(event, properties);
        await analytics.page("Cart");
    """,
    # The snippet of Segment's manual, in short: calls wait until the script is there.
    "snippet": """
        const analytics = (window.analytics = window.analytics || []);
        analytics._writeKey = key;
        analytics._cdn = host;  // only of a script by https the SDK reads it from the address
        for (const name of ["identify", "track", "page", "ready", "setAnonymousId"])
          analytics[name] = (...args) => analytics.push([name, ...args]);
        analytics.setAnonymousId(device);
        analytics.identify(user, {city: "Berlin"}, {context: {userToken: token}});
        for (const [event, properties] of events) analytics.track(event, properties);
        analytics.page("Cart");
        const script = document.createElement("script");
        script.src = host + "/analytics.js/v1/" + key + "/analytics.min.js";
        document.head.append(script);
    """,
    "@rudderstack/analytics-js": """
        const analytics = new rudderanalytics.RudderAnalytics();
        analytics.load(key, host, {configUrl: host, logLevel: "ERROR"});
        analytics.setAnonymousId(device);
        analytics.identify(user, {city: "Berlin"}, {context: {userToken: token}});
        for (const [event, properties] of events) analytics.track(event, properties);
        analytics.page("Cart");
    """,
    "@jitsu/js": """
        const {jitsuAnalytics} = await import("/script.js");
        const jitsu = jitsuAnalytics({host, writeKey: key + ":none"});
        await jitsu.setAnonymousId(device);
        await jitsu.identify(user, {city: "Berlin", userToken: token});
        for (const [event, properties] of events) await jitsu.track(event, properties);
        await jitsu.page({name: "Cart"});
    """,
}


class PageServer(BaseHTTPRequestHandler):
    """Serves the page and its script."""

    script = b""

    def do_GET(self) -> None:
        page = b'<!doctype html><title>Cart</title><script src="/script.js"></script>'
        is_script = self.path == "/script.js"
        content = self.script if is_script else page
        if not is_script and b"export " in self.script[-3_000:]:
            content = b"<!doctype html><title>Cart</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_script else "text/html")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_message: object) -> None:
        pass


def browse(
    sdk: str, host: str, key: str, device: str, user: str, token: str, chromium: str
) -> None:
    """Open the page, have it send, and wait until five requests have been answered 200."""
    if sdk in SCRIPTS:
        PageServer.script = (PACKAGES / SCRIPTS[sdk]).read_bytes()
    server = ThreadingHTTPServer(("localhost", int(os.environ["PAGE_PORT"])), PageServer)
    Thread(target=server.serve_forever, daemon=True).start()
    answers: list[int] = []

    def note(response: Response) -> None:
        if response.request.method == "POST":
            answers.append(response.status)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: print(message.text))
        page.on("pageerror", lambda error: print("error:", error))
        page.on("response", note)
        page.goto(f"http://localhost:{server.server_address[1]}/")
        values = {"host": host, "key": key, "device": device, "user": user, "token": token}
        page.evaluate(
            f"async ({{host, key, device, user, token}}) => {{{EVENTS}{SENDERS[sdk]}}}", values
        )
        for _ in range(300):
            if answers.count(200) >= 5:
                break
            page.wait_for_timeout(100)
        print(answers)
        browser.close()


if __name__ == "__main__":
    browse(*sys.argv[1:])
