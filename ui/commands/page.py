"""`amends ui`: the desk in a browser."""

import threading
import time
import urllib.error
import urllib.request
import webbrowser
from argparse import Namespace


def run(options: Namespace) -> int:
    """Serve the desk until Ctrl-C; with --open, show it in this machine's browser once it answers."""
    from ui.asgi import serve

    if options.open:
        threading.Thread(target=_show, args=(f"http://localhost:{options.port}/",), daemon=True).start()
    serve(options.port, options.address)
    return 0


def _show(address: str, patience: float = 30) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{address}_stcore/health", timeout=2).close()  # noqa: S310  (our own address)
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            webbrowser.open(address)
            return
