"""APY, Apertium's HTTP server, on the loopback interface: ``python -I apertium_listening.py PORT HOME IDLE_S``.

Its own program binds every interface. It is run as a file, in a process where nothing of ours can be imported: its packages are those
that Debian has made for it.
"""

import asyncio
import importlib
import sys
from pathlib import Path


async def _serve(port: int, home: Path, idle_s: int) -> None:
    apy = importlib.import_module("apertium_apy.apy")
    httpserver = importlib.import_module("tornado.httpserver")
    # A pair that nobody asks for any more gives its memory back.
    application = apy.setup_application(apy.parse_args(["--max-idle-secs", str(idle_s), str(home / "modes")]))
    httpserver.HTTPServer(application).listen(port, address="127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    _, wanted_port, wanted_home, wanted_idle_s = sys.argv
    sys.path.insert(0, str(Path(wanted_home) / "usr/lib/python3/dist-packages"))
    asyncio.run(_serve(int(wanted_port), Path(wanted_home), int(wanted_idle_s)))
