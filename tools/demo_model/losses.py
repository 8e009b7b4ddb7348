"""What training minimizes: the right token, the right phones, and looking where the word is."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tools.demo_model.batches import Batch
from tools.demo_model.labels import IGNORED
from tools.demo_model.network import Memory, Network
from tools.demo_model.schedule import Weights
from tools.demo_model.tokens import FIRST_TIMESTAMP

SMOOTHING = 0.05
TIMESTAMP_BLUR = ((-2, 0.08), (-1, 0.2), (0, 0.44), (1, 0.2), (2, 0.08))
"""Ticks beside the right time and their share: there are 1501 times, and each is seen rarely."""
ALIGNMENT_HEADS = (0, 1)
"""Heads of the last decoder layer that are taught where words are, and later tell it."""
SPAN_MARGIN = 0.5
"""Encoder frames added to a token's span on each side."""
LONGEST_CTC = 640
"""Encoder positions; CTC costs positions times phones, so long windows go without."""
FLOOR = 1e-5


@dataclass(frozen=True)
class Losses:
    """The parts and two accuracies, each a scalar."""

    token: Tensor
    phone_sequence: Tensor
    phone_frames: Tensor
    alignment: Tensor
    token_accuracy: Tensor
    phone_accuracy: Tensor

    def total(self, weights: Weights) -> Tensor:
        """Add up the parts."""
        return (
            self.token
            + weights.phone_sequence * self.phone_sequence
            + weights.phone_frames * self.phone_frames
            + weights.alignment * self.alignment
        )


def measure(network: Network, batch: Batch) -> Losses:
    """Run the network on a batch and compare."""
    memory = network.encode(batch.mel, length=batch.length)
    states, attention = network.decode(batch.inputs, memory)
    taught = batch.targets != IGNORED
    logits, targets = network.predict(states[taught]).float(), batch.targets[taught]
    heard = memory.states[:, : memory.explicit]
    frames = network.phone_frames(heard).float()
    return Losses(
        token_loss(logits, targets),
        phone_sequence_loss(network, memory, batch),
        functional.cross_entropy(
            frames.transpose(1, 2),
            batch.frame_phones[:, : memory.explicit],
            ignore_index=IGNORED,
            label_smoothing=SMOOTHING,
        ),
        alignment_loss(attention, memory, batch.spans),
        _token_accuracy(logits, targets),
        _phone_accuracy(frames, batch.frame_phones[:, : memory.explicit]),
    )


def token_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross entropy with smoothing; times are blurred over their neighbours.

    Logits (n, vocabulary), targets (n,).
    """
    log_probabilities = logits.log_softmax(-1)
    likelihood = log_probabilities.gather(1, targets[:, None])[:, 0]
    is_time = targets >= FIRST_TIMESTAMP
    times, ticks = log_probabilities[is_time], targets[is_time]
    blurred = torch.zeros_like(likelihood[is_time])
    for step, share in TIMESTAMP_BLUR:
        tick = (ticks + step).clamp(FIRST_TIMESTAMP, logits.shape[-1] - 1)
        blurred = blurred + share * times.gather(1, tick[:, None])[:, 0]
    likelihood = likelihood.masked_scatter(is_time, blurred)
    smooth = log_probabilities.mean(-1)
    return -((1 - SMOOTHING) * likelihood + SMOOTHING * smooth).mean()


def phone_sequence_loss(network: Network, memory: Memory, batch: Batch) -> Tensor:
    """CTC on the phones, per phone; zero for long windows."""
    has_phones = batch.phone_counts > 0
    if memory.explicit > LONGEST_CTC or not has_phones.any():
        return memory.states.new_zeros(())
    states = memory.states[:, : memory.explicit][has_phones]
    scores = network.phone_sequence(states).float().log_softmax(-1)
    counts = batch.phone_counts[has_phones]
    losses = functional.ctc_loss(
        scores.transpose(0, 1),
        batch.phones[has_phones],
        batch.positions[has_phones].clamp(max=memory.explicit),
        counts,
        reduction="none",
        zero_infinity=True,
    )
    return (losses / counts).mean()


def alignment_loss(attention: Tensor, memory: Memory, spans: Tensor) -> Tensor:
    """Ask the alignment heads to look evenly at the span of the token that comes next."""
    has_span = spans[..., 1] > 0
    if not has_span.any():
        return attention.new_zeros(())
    looks = attention[:, list(ALIGNMENT_HEADS), :, : memory.explicit].transpose(1, 2)[has_span]
    starts, ends = spans[has_span].unbind(-1)
    frames = torch.arange(memory.explicit, device=spans.device)
    begun = (frames + 1 - starts[:, None] + SPAN_MARGIN).clamp(0, 1)
    unended = (ends[:, None] + SPAN_MARGIN - frames).clamp(0, 1)
    wanted = begun * unended
    wanted = wanted / wanted.sum(-1, keepdim=True).clamp(min=FLOOR)
    return -(wanted[:, None] * looks.float().clamp(min=FLOOR).log()).sum(-1).mean()


def _token_accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    text = targets < FIRST_TIMESTAMP
    return (logits.argmax(-1) == targets)[text].float().mean()


def _phone_accuracy(frames: Tensor, phones: Tensor) -> Tensor:
    voiced = phones > 0
    return (frames.argmax(-1) == phones)[voiced].float().sum() / voiced.sum().clamp(min=1)
