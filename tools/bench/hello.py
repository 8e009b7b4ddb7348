"""The client that everybody writes first: `python -m tools.bench.hello URL FOLDER FIRST LAST`, a thread a channel.

Ten lines of websocket-client that write raw PCM to a file. It has no header, no keeper and no clock; it is here for comparison.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
from pathlib import Path

import websocket

from tools.bench.machine import show
from tools.bench.pbx import channel_name


def _record(url: str, channel: str, path: Path) -> None:
    ws = websocket.create_connection(
        url, subprotocols=["stream-channel"], header={"Channel-ID": channel}
    )
    with path.open("wb") as file:
        while True:
            opcode, data = ws.recv_data()
            if opcode != websocket.ABNF.OPCODE_BINARY:
                break
            file.write(data)
    ws.sock.close()  # type: ignore[union-attr]


def main() -> None:
    """Record a range of channels and print what it cost."""
    url, folder, first, last = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    threads = [
        threading.Thread(target=_record, args=(url, channel_name(n), folder / f"{n}.raw"))
        for n in range(first, last + 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    show(json.dumps({"cpu_s": usage.ru_utime + usage.ru_stime, "rss_mb": usage.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
