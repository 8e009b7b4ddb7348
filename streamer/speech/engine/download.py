"""Fetch a model from the Hugging Face hub, into its cache or the user's folder of models: the only thing in this package that uses the internet."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from streamer.core.reasons import explain
from streamer.errors import NotFoundError, StreamerError
from streamer.speech.engine.models import (
    NAMES,
    InstalledModel,
    check_model,
    models_folder,
    name_folder,
    resolve_model,
)

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EFBIG}
"""What a disk says, and no network."""

_FILES = ["config.json", "preprocessor_config.json", "model.bin", "tokenizer.json", "vocabulary.*"]


def pull_model(name: str, models_dir: str = "") -> InstalledModel:
    """Download a model by one of `NAMES` or a repository's `owner/name`; shows a progress bar on stderr.

    Raises:
        NotFoundError: There is no such model.
        StreamerError: The hub cannot be reached.
        ModelError: What came is not whole.
    """
    repository = NAMES.get(name, name)
    if repository.count("/") != 1:
        raise NotFoundError(f"there is no model {name}; choose one of {', '.join(NAMES)}")
    target = models_folder(models_dir) / name_folder(name) if models_dir else None
    check_model(_download(repository, target))
    return resolve_model(name, models_dir)


def _download(repository: str, target: Path | None) -> Path:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(repository, allow_patterns=_FILES, local_dir=target))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise NotFoundError(f"the Hugging Face hub has no model {repository}") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        if getattr(error, "errno", None) in _DISK:
            raise StreamerError(
                f"{repository} cannot be kept: {explain(error)}, or name another folder with --models-dir"
            ) from error
        raise StreamerError(
            f"the Hugging Face hub cannot be reached for {repository}; check the network and any proxy, or copy the model's"
            " directory here and name it with --model DIR"
        ) from error
