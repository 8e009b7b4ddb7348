"""What a user can set, as one frozen value; `reading` puts it together at the edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

THEMES = ("dark", "light")
GLYPHS = ("unicode", "ascii")
"""What the screen draws with: all characters that the terminal has, or none but ASCII ones."""


def _setting(default: Any, help_text: str, sample: str) -> Any:
    """Declare a setting with its help and an example in TOML, which `streamer config` prints."""
    return field(default_factory=lambda: default, metadata={"help": help_text, "sample": sample})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user can set; `help` of each field is its documentation."""

    url: str = _setting(
        "ws://127.0.0.1:5039/ws",
        "Asterisk's websocket: stock Asterisk listens on 8088, Wazo on 5039; wss:// for TLS.",
        '"ws://127.0.0.1:5039/ws"',
    )
    user: str = _setting(
        "",
        "User for HTTP Basic authentication, if a proxy in front of Asterisk asks for it.",
        '"monitor"',
    )
    password: str = _setting(
        "", "Password of that user. Keep this file private (chmod 600).", '"secret"'
    )
    headers: Mapping[str, str] = _setting({}, "More request headers.", '{ X-Tenant = "acme" }')
    ca: str = _setting(
        "",
        "PEM file with the certificate that signed the PBX's certificate, for wss://.",
        '"/etc/streamer/ca.pem"',
    )
    insecure: bool = _setting(
        False, "Accept any certificate. Anybody on the network path can then listen.", "true"
    )
    ari_url: str = _setting(
        "http://127.0.0.1:8088",
        "Asterisk's REST interface (ARI), with or without /ari at its end; https:// for TLS.",
        '"http://127.0.0.1:8088"',
    )
    ari_user: str = _setting("", "A user of ari.conf, who asks it.", '"streamer"')
    ari_password: str = _setting(
        "",
        "Password of that user, or @FILE whose first line it is, or $NAME of a variable of the environment. Keep this file private (chmod 600).",
        '"@/etc/streamer/ari-password"',
    )
    ari: bool = _setting(
        False,
        "Let `serve` tap calls by itself through ARI, as with --ari: those that the rules [[watch]] name, and those that ask for it.",
        "true",
    )
    watch: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Which calls `serve --ari` taps: tables [[watch]] with context, endpoint, caller, queue, did, percentage, most, boundary.",
        '[{ context = "from-trunk", most = 20 }]',
    )
    via: str = _setting(
        "auto",
        "How `watch` and `record` get at a channel: ari, stream-channel, or auto for ari where ari_user is set.",
        '"ari"',
    )
    endpoint_technology: str = _setting(
        "PJSIP",
        "How `call` reaches a number that is given alone: PJSIP, SIP, IAX2 or DAHDI.",
        '"PJSIP"',
    )
    trunk: str = _setting(
        "", "Trunk through which it calls such a number; empty for a telephone.", '"provider"'
    )
    caller_id: str = _setting(
        "", "What `call` shows as the caller: a number, or a name and a number.", '"Help <555>"'
    )
    context: str = _setting(
        "",
        "Context into which `call` sends who has answered; empty to hold the call itself.",
        '"from-internal"',
    )
    extension: str = _setting("", "Extension of it; empty for s.", '"s"')
    app: str = _setting(
        "",
        "Application of ARI, other than streamer's own, into which `call` sends who has answered.",
        '"rapida"',
    )
    model: str = _setting(
        "",
        "Speech model: a name of `streamer models` or a directory; empty for the largest installed.",
        '"small"',
    )
    models_dir: str = _setting(
        "",
        "Folder of speech models, one folder each, into which `streamer models pull` puts them; empty for the Hugging Face cache.",
        '"/var/lib/streamer/models"',
    )
    language: str = _setting(
        "en",
        "Language that is spoken, by code or name; several, separated by commas, or auto are chosen from once per leg.",
        '"en,es"',
    )
    prompt: str = _setting(
        "", "A sentence with names and terms that are likely to be said.", '"Ask for Ms Okafor."'
    )
    hotwords: str = _setting("", "Names and terms, separated by commas.", '"PJSIP, Okafor"')
    device: str = _setting("auto", "Where the model runs: auto, cpu or cuda.", '"cpu"')
    compute_type: str = _setting(
        "auto",
        "Number format of the model: auto, int8, float16 or another one of CTranslate2.",
        '"int8"',
    )
    encoder_window: str = _setting(
        "auto",
        "Encoder input: full or short (faster; auto decides by measurement).",
        '"auto"',
    )
    recordings: str = _setting(
        "recordings", "Folder of all recordings.", '"/var/lib/streamer/recordings"'
    )
    db: str = _setting(
        "",
        "Database of transcripts; empty for streamer.sqlite3 in the folder of recordings.",
        '"/var/lib/streamer/streamer.sqlite3"',
    )
    retention_days: int = _setting(
        0,
        "Delete calls that are more than so many days old, when `watch` or `serve` starts and then daily; 0 keeps all.",
        "30",
    )
    register_key: str = _setting(
        "",
        "Key that each registration at `serve --register` must show. Keep this file private (chmod 600).",
        '"secret"',
    )
    register_names: str = _setting(
        "",
        "Further names, separated by commas, by which `serve --register` and `serve --api` may be asked; those of this machine need not be named.",
        '"streamer.example.com"',
    )
    trusted_proxies: str = _setting(
        "",
        "Addresses and networks of proxies, separated by commas, whose X-Forwarded-For `serve` believes.",
        '"127.0.0.1, 10.0.0.0/8"',
    )
    cert: str = _setting(
        "",
        "PEM file with the certificate of `serve`, for all its listeners but those on loopback; it is read again when it changes.",
        '"/etc/letsencrypt/live/streamer.example.com/fullchain.pem"',
    )
    key: str = _setting(
        "",
        "PEM file with the key of that certificate; empty if it is in the same file.",
        '"/etc/letsencrypt/live/streamer.example.com/privkey.pem"',
    )
    listen: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Where `serve` listens, besides its flags: tables [[listen]] with kind, address, tls, auth, rate, yeastar_auth, public_url.",
        '[{ kind = "websocket", address = "0.0.0.0:9094", auth = ["bearer:@/etc/streamer/token"] }]',
    )
    alert: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Watch-words: tables [[alert]] with name, said or not_said, within, leg, severity, quiet, tentative, when, then.",
        '[{ name = "cancels", said = ["cancel my contract"], leg = "caller", severity = "warning" }]',
    )
    webhook: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Who is told what happens: tables [[webhook]] with url, secret, events, format, name, ca. Keep this file private (chmod 600).",
        '[{ url = "https://crm.example.com/hook", secret = "@/etc/streamer/webhook-secret", events = ["alert", "call_ended"] }]',
    )
    mqtt: Mapping[str, Any] = _setting(
        {},
        "Where the same is published: url, topic, events, user, password, ca, cert, key; needs asterisk-streamer[mqtt].",
        '{ url = "mqtt://127.0.0.1:1883", topic = "streamer" }',
    )
    token: Sequence[Mapping[str, Any]] = _setting(
        [],
        "Who may ask `serve --api`: tables [[token]] with name, token, scopes. Keep this file private (chmod 600).",
        '[{ name = "board", token = "@/etc/streamer/board-token", scopes = ["read"] }]',
    )
    keys: Mapping[str, Any] = _setting(
        {},
        "Other keys for what the screen can do: an action, and its key or a list of keys.",
        '{ stop = "f8", mark = ["m", "ctrl+k"] }',
    )
    theme: str = _setting(
        "", "Colours of the screen: dark or light; empty for those used last.", '"light"'
    )
    glyphs: str = _setting(
        "",
        "What the screen draws with: ascii, or unicode where the terminal has it; empty for what was used last.",
        '"ascii"',
    )
    log_file: str = _setting(
        "", "Log file; empty for the system's usual place.", '"/var/log/streamer.log"'
    )
    open_timeout: float = _setting(
        10.0,
        "Seconds to wait for the PBX to accept a connection, and again for its answer.",
        "10.0",
    )
    keeper_patience: float = _setting(
        10.0,
        "Seconds without a sign of life from a recording process until the keeper reads its sockets in its place.",
        "10.0",
    )
    runtime_dir: str = _setting(
        "",
        "Folder of the keeper's socket; empty for the system's usual place.",
        '"/run/user/1000/streamer"',
    )


SECRETS = ("password", "headers", "register_key", "ari_password")
"""Settings that nobody else should read."""


def render_sample() -> str:
    """Return a config file with every setting, explained and commented out."""
    lines = [
        "# Settings of streamer. Each one can also be set in the environment, as STREAMER_NAME; many have a flag."
    ]
    for setting in fields(Settings):
        lines += [
            "",
            f"# {setting.metadata['help']}",
            f"# {setting.name} = {setting.metadata['sample']}",
        ]
    return "\n".join(lines) + "\n"
