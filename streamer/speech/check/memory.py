"""What checks have found on this machine, in `checks.json` of the user's cache.

A finding is remembered by the weights (SHA-256 of model.bin), by `device` and `compute_type` as they are set, and by the version of
streamer. Hashing takes seconds for a large model, so a file's hash is remembered by its path, size and time of change; whoever only
looks (`recall`) never hashes. Two checks that end at the same moment may lose one of the two findings; it is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import platformdirs

from streamer import __version__
from streamer.config import Settings
from streamer.speech.base import EncoderWindow
from streamer.speech.check.findings import Findings
from streamer.speech.engine.models import InstalledModel

_PIECE = 1 << 20


def checks_path() -> Path:
    """Return where findings are remembered."""
    return Path(platformdirs.user_cache_dir("streamer")) / "checks.json"


def hash_weights(model: InstalledModel) -> str:
    """Return the SHA-256 of a model's weights, and remember it; blocks, a second for a gigabyte and a half.

    Raises:
        OSError: They cannot be read.
    """
    path = model.path / "model.bin"
    known = _recall_hash(_read(), path)
    if known:
        return known
    digest = hashlib.sha256()
    stamp = _stamp(path)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    _write({"hashes": {str(path): {**stamp, "sha256": digest.hexdigest()}}})
    return digest.hexdigest()


def remember(settings: Settings, model: InstalledModel, findings: Findings) -> None:
    """Keep what a check has found; a cache that cannot be written costs only the memory."""
    key = _key(hash_weights(model), settings)
    fields = {**asdict(findings), "checked_at": findings.checked_at.isoformat()}
    _write({"checks": {key: fields}})


def recall(settings: Settings, model: InstalledModel) -> Findings | None:
    """Return what was found for these weights, settings and this version, without hashing anything; None if nothing was."""
    read = _read()
    with suppress(OSError, KeyError, TypeError, ValueError):
        sha256 = _recall_hash(read, model.path / "model.bin")
        return _parse(read["checks"][_key(sha256, settings)], model)
    return None


def recall_latest(model: InstalledModel) -> Findings | None:
    """Return what was found last for these weights by this version, whatever the settings; hashes nothing."""
    read = _read()
    with suppress(OSError, KeyError, TypeError, ValueError):
        sha256 = _recall_hash(read, model.path / "model.bin")
        found = [
            _parse(fields, model)
            for key, fields in read["checks"].items()
            if sha256 and key.startswith(f"{sha256}/") and key.endswith(f"/{__version__}")
        ]
        return max(found, key=lambda each: each.checked_at, default=None)
    return None


def _key(sha256: str, settings: Settings) -> str:
    return "/".join((sha256, settings.device, settings.compute_type, __version__))


def _stamp(path: Path) -> dict[str, int]:
    state = path.stat()
    return {"size": state.st_size, "mtime_ns": state.st_mtime_ns}


def _recall_hash(read: dict[str, Any], path: Path) -> str:
    """Return the hash of a file as far as it is known, else nothing."""
    known = read.get("hashes", {}).get(str(path))
    sha256 = known.pop("sha256", "") if isinstance(known, dict) else ""
    return str(sha256) if known == _stamp(path) else ""


def _parse(fields: dict[str, Any], model: InstalledModel) -> Findings:
    return Findings(
        model.name,
        EncoderWindow(fields["encoder_window"]),
        float(fields["wer"]),
        float(fields["wer_difference"]),
        float(fields["real_time_factor"]),
        int(fields["calls"]),
        datetime.fromisoformat(fields["checked_at"]),
    )


def _read() -> dict[str, Any]:
    """Return what the file holds; nothing if it is missing or not ours."""
    with suppress(OSError, ValueError):
        read = json.loads(checks_path().read_text(encoding="utf-8"))
        if isinstance(read, dict) and all(isinstance(part, dict) for part in read.values()):
            return read
    return {}


def _write(new: dict[str, dict[str, Any]]) -> None:
    """Add to the file, which is never seen half written."""
    whole = _read()
    for part, entries in new.items():
        whole[part] = {**whole.get(part, {}), **entries}
    path = checks_path()
    writing = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        writing.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
        writing.replace(path)
