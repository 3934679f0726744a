"""`amends ui`: the desk in a browser."""

import webbrowser
from argparse import Namespace


def run(options: Namespace) -> int:
    """Serve the desk until Ctrl-C; open a browser where there is one."""
    from ui.asgi import serve

    if options.open:
        webbrowser.open(f"http://localhost:{options.port}/")
    serve(options.port, options.address)
    return 0
