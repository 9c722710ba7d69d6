"""The training loop of fine-tuning, with early stopping on held-out files."""

import itertools
import time

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from fimble_train.data.fim import Blocks
from fimble_train.finetuning.lora import Adapted
from fimble_train.model.llama import CausalModel, Model
from fimble_train.training.device import DEVICE, HAS_BF16

BATCH = 8  # rows in a step
WARM_UP = 20  # steps
EPOCHS = 8  # at most
LOOKS = 20  # evaluations of the held-out loss, in total
PATIENCE = 3  # evaluations without a better loss after which training ends
LOSS_BLOCKS = 64  # blocks of a held-out loss, at most


def tune(model: Model | Adapted, train: Blocks, validation: Blocks, minutes: float, rate: float) -> None:
    """Trains the model and leaves it with the weights that had the lowest held-out loss."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = AdamW(learning, rate, betas=(0.9, 0.95), weight_decay=0.0)
    steps = EPOCHS * train.per_epoch // BATCH
    count = sum(map(torch.numel, learning)) / 1e6
    print(f"{count:.1f}M parameters learn on {DEVICE}, {steps} steps at most", flush=True)
    best = held_out_loss(model, validation)
    kept = [parameter.detach().clone() for parameter in learning]
    start, looks, worse = time.monotonic(), 1, 0
    for step in itertools.count(1):
        # The rate falls to zero at the end of the time or of the steps, whichever comes first.
        done = max(step / steps, (time.monotonic() - start) / (60 * minutes))
        optimizer.param_groups[0]["lr"] = rate * max(0.0, min(step / WARM_UP, 1 - done))
        for number in range(step * BATCH, (step + 1) * BATCH):
            tokens, weights = block(train, number)
            loss = losses(model, tokens) * weights
            (loss.sum() / weights.sum() / BATCH).backward()
        nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if done * LOOKS >= looks or done >= 1:
            looks = int(done * LOOKS) + 1
            held_out = held_out_loss(model, validation)
            print(f"step {step}  {100 * done:.0f} %  held-out loss {held_out:.3f}", flush=True)
            worse = 0 if held_out < best else worse + 1
            if held_out < best:
                best, kept = held_out, [parameter.detach().clone() for parameter in learning]
            if done >= 1 or worse == PATIENCE:
                break
    with torch.no_grad():
        for parameter, value in zip(learning, kept, strict=True):
            parameter.copy_(value)


@torch.inference_mode()
def held_out_loss(model: CausalModel, blocks: Blocks) -> float:
    """The loss of all tokens that are learned, in nats a token."""
    summed = counted = 0.0
    for number in range(min(LOSS_BLOCKS, blocks.per_epoch)):
        tokens, weights = block(blocks, number)
        summed += (losses(model, tokens) * weights).sum().item()
        counted += weights.sum().item()
    return summed / counted


def block(blocks: Blocks, number: int) -> tuple[Tensor, Tensor]:
    """A block as a batch of one, and the weight of each of its tokens except the first."""
    tokens, roles = blocks[number]
    return tokens[None], torch.tensor([0.0, 1.0, blocks.rows.middle_weight])[roles[None, 1:]]


def losses(model: CausalModel, tokens: Tensor) -> Tensor:
    with torch.autocast(DEVICE.type, torch.bfloat16, enabled=HAS_BF16):
        return model.losses(tokens[:, :-1], tokens[:, 1:])
