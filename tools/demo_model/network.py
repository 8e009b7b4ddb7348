"""The Whisper architecture in plain PyTorch, with two branches that only training uses.

Theory of the padding. A window of n encoder positions is followed by zero features up to the
length that the recognizer was given: 1500 positions through faster-whisper, fewer with short
windows. Those positions hold one constant vector plus their place in the sinusoid table, they
matter only as something to look past, and computing them all would cost more than the speech.
So training keeps a few after the speech and then one in STRIDE, whose attention logit is raised by
log(STRIDE): to attention it weighs like the positions it stands for. Training costs what the
speech costs, at every encoder length.
"""

import math
from dataclasses import asdict, dataclass
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional

POSITIONS = 1500
STRIDE = 16
KEPT_AFTER_SPEECH = 4
SINUSOID_SCALE = 0.5
MASKED = -1e9


@dataclass(frozen=True)
class Shape:
    """Sizes of a network."""

    vocabulary: int
    phones: int
    width: int = 192
    heads: int = 4
    encoder_layers: int = 4
    decoder_layers: int = 2
    mels: int = 80
    decoder_positions: int = 448
    """faster-whisper counts on 448."""

    def to_json(self) -> dict[str, int]:
        """Return the sizes by name."""
        return asdict(self)


@dataclass(frozen=True)
class Memory:
    """What the decoder reads: states (batch, positions, width), how often each counts."""

    states: Tensor
    log_counts: Tensor | None
    """Added to attention logits; shape (positions,). None where each counts once."""
    explicit: int
    """Positions at the start that stand for themselves."""


def sinusoids(count: int, width: int) -> Tensor:
    """Build Whisper's table of encoder positions, shape (count, width)."""
    step = math.log(10_000) / (width // 2 - 1)
    rates = torch.exp(-step * torch.arange(width // 2))
    angles = torch.arange(count)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Attention(nn.Module):
    """Multi-head attention as plain matrix products: faster than the fused kernel on a CPU."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, source: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor]:
        """Attend from x to source; a bias is added to the logits. Returns output and weights."""
        query = self._split(self.query(x) * (x.shape[-1] // self.heads) ** -0.5)
        key, value = (self._split(part) for part in self.key_value(source).chunk(2, dim=-1))
        logits = query @ key.transpose(-1, -2)
        if bias is not None:
            logits = logits + bias.to(query.dtype)
        weights = torch.softmax(logits, dim=-1, dtype=logits.dtype)
        mixed = (weights @ value).transpose(1, 2).flatten(2)
        return self.out(mixed), weights

    def _split(self, x: Tensor) -> Tensor:
        heads = x.view(*x.shape[:2], self.heads, -1)
        return heads.transpose(1, 2)


class FeedForward(nn.Module):
    """Two layers with GELU, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.rise = nn.Linear(width, 4 * width)
        self.fall = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Transform each position."""
        widened: Tensor = self.fall(functional.gelu(self.rise(x)))
        return widened


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, normalized before each."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = Attention(shape.width, shape.heads)
        self.forward_norm = nn.LayerNorm(shape.width)
        self.feed_forward = FeedForward(shape.width)

    def forward(self, x: Tensor, bias: Tensor | None) -> Tensor:
        """Transform (batch, positions, width)."""
        normed = self.attention_norm(x)
        x = x + self.attention(normed, normed, bias)[0]
        transformed: Tensor = x + self.feed_forward(self.forward_norm(x))
        return transformed


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the sound, feed-forward."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(shape.width)
        self.attention = Attention(shape.width, shape.heads)
        self.sound_norm = nn.LayerNorm(shape.width)
        self.sound_attention = Attention(shape.width, shape.heads)
        self.forward_norm = nn.LayerNorm(shape.width)
        self.feed_forward = FeedForward(shape.width)

    def forward(self, x: Tensor, causal: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Transform (batch, tokens, width); also returns the attention to the sound."""
        normed = self.attention_norm(x)
        x = x + self.attention(normed, normed, causal)[0]
        heard, weights = self.sound_attention(self.sound_norm(x), memory.states, memory.log_counts)
        x = x + heard
        return x + self.feed_forward(self.forward_norm(x)), weights


class Network(nn.Module):
    """Encoder, decoder, and phone branches on the encoder."""

    positions: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.first_filter = nn.Conv1d(shape.mels, width, 3, padding=1)
        self.second_filter = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids(POSITIONS, width) * SINUSOID_SCALE)
        self.encoder = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.encoder_layers))
        self.encoder_norm = nn.LayerNorm(width)
        self.embedding = nn.Embedding(shape.vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.token_positions = nn.Parameter(torch.randn(shape.decoder_positions, width) * 0.01)
        self.decoder = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.decoder_layers))
        self.decoder_norm = nn.LayerNorm(width)
        self.phone_sequence = nn.Linear(width, shape.phones)
        self.phone_frames = nn.Linear(width, shape.phones)

    def encode(self, mel: Tensor, *, length: int, stride: int = STRIDE) -> Memory:
        """Encode features (batch, mels, frames) as if zero-padded to `length` positions.

        An even number of frames, at most twice `length`. With stride 1 it is exact.
        """
        frames = mel.shape[-1]
        x = functional.pad(mel, (0, 4 * KEPT_AFTER_SPEECH))
        x = functional.gelu(self.first_filter(x))
        x = functional.gelu(self.second_filter(x)).transpose(1, 2)
        explicit = min(frames // 2 + KEPT_AFTER_SPEECH, length)
        padded = place_padding(explicit, length, stride)
        speech, padding = x[:, :explicit] + self.positions[:explicit], x[:, -2:-1]
        x = torch.cat([speech, padding + self.positions[padded]], dim=1)
        log_counts = None
        if padded:
            log_counts = count_padding(explicit, length, len(padded)).to(x.device)
        for layer in self.encoder:
            x = layer(x, log_counts)
        return Memory(self.encoder_norm(x), log_counts, explicit)

    def decode(self, tokens: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Read (batch, tokens) and the sound.

        Returns states for `predict` (batch, tokens, width) and the last layer's attention to the
        sound (batch, heads, tokens, positions).
        """
        count = tokens.shape[1]
        x = self.embedding(tokens) + self.token_positions[:count]
        causal = torch.full((count, count), MASKED, device=x.device).triu(1)
        weights = x
        for layer in self.decoder:
            x, weights = layer(x, causal, memory)
        return self.decoder_norm(x), weights

    def predict(self, states: Tensor) -> Tensor:
        """Turn decoder states (..., width) into logits of the next token."""
        return functional.linear(states, self.embedding.weight)


def place_padding(explicit: int, length: int, stride: int) -> list[int]:
    """Choose the padded positions that stand for all: one at random in each stride."""
    starts = range(explicit, length, stride)
    if stride == 1:
        return list(starts)
    shifts = torch.randint(stride, (len(starts),)).tolist()
    return [min(start + shift, length - 1) for start, shift in zip(starts, shifts, strict=True)]


def count_padding(explicit: int, length: int, padded: int) -> Tensor:
    """Return the logarithm of how many positions each kept one stands for."""
    counts = chain([1.0] * explicit, [(length - explicit) / max(1, padded)] * padded)
    return torch.tensor(list(counts)).log()
