"""Write a network as the CTranslate2 directory that faster-whisper loads offline.

Of the five files only model.bin is CTranslate2's own; a missing tokenizer.json would make
faster-whisper ask the network, a missing preprocessor_config.json would set the window to 30 s.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec
from numpy.typing import NDArray

from tools.demo_model.losses import ALIGNMENT_HEADS
from tools.demo_model.network import Network, Shape
from tools.demo_model.tokens import TOKENIZER_FILE, Tokens

CHUNK_S = 20
"""Length of the windows that faster-whisper cuts; the longest that training saw often."""
QUANTIZATION = "int8"
FILES = (
    "config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json",
)  # fmt: skip

Weights = dict[str, NDArray[np.float32]]


def export_model(network: Network, folder: Path, *, chunk_s: int = CHUNK_S) -> None:
    """Write the model directory, replacing what is there.

    Raises:
        ValueError: the network and the tokenizer do not belong together.
    """
    weights = {name: weight.numpy() for name, weight in network.state_dict().items()}
    tokens = Tokens()
    if len(tokens.vocabulary) != network.shape.vocabulary:
        raise ValueError(
            f"the network has {network.shape.vocabulary} tokens, the tokenizer "
            f"{len(tokens.vocabulary)}: CTranslate2 would load it and never notice"
        )
    spec = build_spec(network.shape, weights)
    spec.register_vocabulary(tokens.vocabulary)
    configure(spec, network.shape, tokens)
    spec.validate()
    spec.optimize(quantization=QUANTIZATION)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    shutil.copyfile(TOKENIZER_FILE, folder / "tokenizer.json")
    write_preprocessor(folder, chunk_s)


def write_preprocessor(folder: Path, chunk_s: int) -> None:
    """Tell faster-whisper the feature settings and its window."""
    settings = {
        "chunk_length": chunk_s,
        "feature_size": 80,
        "hop_length": 160,
        "n_fft": 400,
        "sampling_rate": 16000,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))


def configure(spec: whisper_spec.WhisperSpec, shape: Shape, tokens: Tokens) -> None:
    """Set what faster-whisper reads from config.json; suppress_ids_begin is mandatory."""
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokens.id_of("Ġ"), tokens.end]
    spec.config.lang_ids = []
    last = shape.decoder_layers - 1
    spec.config.alignment_heads = [[last, head] for head in ALIGNMENT_HEADS]


def build_spec(shape: Shape, weights: Weights) -> whisper_spec.WhisperSpec:
    """Fill CTranslate2's description of a Whisper network."""
    spec = whisper_spec.WhisperSpec(
        shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads
    )
    for own, theirs in (("first_filter", "conv1"), ("second_filter", "conv2")):
        _set_linear(getattr(spec.encoder, theirs), weights, own)
    spec.encoder.position_encodings.encodings = weights["positions"]
    _set_norm(spec.encoder.layer_norm, weights, "encoder_norm")
    for index, layer in enumerate(spec.encoder.layer):
        _set_common(layer, weights, f"encoder.{index}")
    spec.decoder.embeddings.weight = weights["embedding.weight"]
    spec.decoder.projection.weight = weights["embedding.weight"]
    spec.decoder.position_encodings.encodings = weights["token_positions"]
    _set_norm(spec.decoder.layer_norm, weights, "decoder_norm")
    for index, layer in enumerate(spec.decoder.layer):
        _set_common(layer, weights, f"decoder.{index}")
        _set_sound_attention(layer.attention, weights, f"decoder.{index}")
    return spec


def _set_common(layer: Any, weights: Weights, name: str) -> None:
    """Set self-attention and feed-forward of an encoder or decoder layer."""
    attention, forward = layer.self_attention, layer.ffn
    _set_norm(attention.layer_norm, weights, f"{name}.attention_norm")
    for kind in ("weight", "bias"):
        parts = [weights[f"{name}.attention.{part}.{kind}"] for part in ("query", "key_value")]
        setattr(attention.linear[0], kind, np.concatenate(parts))
    _set_linear(attention.linear[1], weights, f"{name}.attention.out")
    _set_norm(forward.layer_norm, weights, f"{name}.forward_norm")
    _set_linear(forward.linear_0, weights, f"{name}.feed_forward.rise")
    _set_linear(forward.linear_1, weights, f"{name}.feed_forward.fall")


def _set_sound_attention(attention: Any, weights: Weights, name: str) -> None:
    linear = attention.linear
    _set_norm(attention.layer_norm, weights, f"{name}.sound_norm")
    for index, part in enumerate(("query", "key_value", "out")):
        _set_linear(linear[index], weights, f"{name}.sound_attention.{part}")


def _set_linear(spec: Any, weights: Weights, name: str) -> None:
    spec.weight = weights[f"{name}.weight"]
    spec.bias = weights[f"{name}.bias"]


def _set_norm(spec: Any, weights: Weights, name: str) -> None:
    spec.gamma = weights[f"{name}.weight"]
    spec.beta = weights[f"{name}.bias"]
