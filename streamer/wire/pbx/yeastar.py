"""What to enter in the page of a Yeastar P-Series, and in our config file; together they are TOML."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

PATH = "/yeastar"
RATES = {8000: "8000 Hz", 16000: "16000 Hz"}
_USUAL_PORTS = {"ws": 80, "wss": 443}


def complete_url(url: str) -> str:
    """Return a URL with the path that says who comes, if it has none."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=PATH if parts.path in ("", "/") else parts.path))


def render_yeastar(url: str, *, header: str, token: str, rate: int) -> str:
    """Return the fields of the page as comments, and the table of our config file; every value has been checked."""
    parts = urlsplit(url)
    port = parts.port or _USUAL_PORTS[parts.scheme]
    lines = [
        "# In the web portal of the PBX: Integrations > WebSocket Audio Streaming",
        "#",
        f"#   Server address          {url}",
        f"#   Authentication, header  {header}",
        f"#   Authentication, value   {token}",
        f"#   Sample rate             {RATES[rate]}",
        "#   Subscriptions           the extensions, trunks and DID numbers whose calls are to be seen: of each call, all parties",
        "#",
        "# It needs firmware 83.20.0.74 (Software Edition), 84.20.0.74 (Cloud Edition) or newer, with the Ultimate Plan; of the Appliance",
        "# Edition the P570, which restarts. It cannot be used together with RTP transparent transmission.",
        "",
        "# In streamer's config file:",
        "[[listen]]",
        'kind = "websocket"',
        f'address = "0.0.0.0:{port}" # behind a proxy: where the proxy connects to',
        f'yeastar_auth = "{header}: {token}"',
        f"rate = {rate} # the PBX does not say it",
    ]
    if parts.scheme == "wss":
        lines.append(
            "# wss:// needs a certificate: streamer serve --cert FILE --key FILE, or a proxy in front"
        )
    return "\n".join(lines) + "\n"
