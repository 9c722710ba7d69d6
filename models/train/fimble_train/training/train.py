"""Trains a model. A run can be cut into slices: every slice resumes from the checkpoint of the one before.

Muon trains the matrices inside the layers, AdamW everything else. The rate warms up, stays constant, and falls to zero
over the last steps. stable.pt is the state before the rate falls: copy it over checkpoint.pt to make a run longer. A run
can also start from the weights of an exported model; it must then use that model's tokenizer.
"""

import shutil
import signal
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer
from torch.utils.data import DataLoader

from fimble_train.data import fim
from fimble_train.model import export
from fimble_train.model.llama import Model
from fimble_train.settings import Config, Training, add_config
from fimble_train.training.device import DEVICE, HAS_BF16
from fimble_train.training.muon import Muon

REPORT_STEPS = 20


def add_arguments(parser: ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end this slice after so many minutes")
    parser.add_argument("--from", type=Path, dest="base", metavar="FOLDER", help="start from an exported model's weights")


def main(options: Namespace) -> None:
    Trainer(Config.load(options.config), options.base).run(options.minutes)


class Trainer:
    def __init__(self, config: Config, base: Path | None = None) -> None:
        self.config = config
        self.settings = config.training
        torch.manual_seed(self.settings.seed)
        with DEVICE:
            self.model = Model(config.shape)
        self.optimizers = optimizers(self.model, self.settings)
        self.step = 0
        self.step_tokens = self.settings.batch * config.rows.context
        self.steps = self.settings.tokens // self.step_tokens
        # Validation runs too rarely to be worth compiling for.
        self.fast_losses = torch.compile(self.model.losses) if self.settings.compile else self.model.losses
        self.role_weights = torch.tensor([0.0, 1.0, config.rows.middle_weight], device=DEVICE)
        self.interrupted = False
        self.checkpoint = config.folder / "checkpoint.pt"
        if self.checkpoint.exists():
            self.resume()
        elif base:
            self.begin_with(base)

    def run(self, minutes: float) -> None:
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self.interrupt)
        print(f"{parameters(self.model) / 1e6:.1f}M parameters on {DEVICE}, step {self.step} of {self.steps}", flush=True)
        end = time.monotonic() + 60 * minutes
        saved = reported = time.monotonic()
        losses: list[float] = []
        for batch in self.batches():
            if self.step == self.decay_start():
                self.save()
                shutil.copyfile(self.checkpoint, self.checkpoint.with_name("stable.pt"))
            losses.append(self.optimize(*batch))
            now = time.monotonic()
            if self.step % REPORT_STEPS == 0 or self.step == self.steps:
                speed = len(losses) * self.step_tokens / (now - reported)
                left = (self.steps - self.step) * self.step_tokens / speed / 3600
                loss = sum(losses) / len(losses)
                progress = f"step {self.step}/{self.steps}  loss {loss:.3f}"
                print(f"{progress}  {speed:,.0f} tokens/s  {left:.2f} h left", flush=True)
                losses, reported = [], now
            ends = self.step == self.steps or self.interrupted or now > end
            if ends or now > saved + 60 * self.settings.checkpoint_minutes:
                self.save()
                self.validate()
                saved = reported = time.monotonic()
                losses = []
            if ends:
                break

    def batches(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """The blocks of the remaining steps, and the roles of their tokens in the loss."""
        numbers = range(self.step * self.settings.batch, self.steps * self.settings.batch)
        blocks = fim.Blocks.of(self.config, "train")
        return DataLoader(
            blocks,
            self.settings.batch,
            sampler=numbers,
            num_workers=self.settings.loaders,
            pin_memory=DEVICE.type == "cuda",
        )

    def optimize(self, tokens: Tensor, roles: Tensor) -> float:
        """Takes one step and returns the loss of its batch, in nats a token."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.rate() * group["full_rate"]
        weights = self.role_weights[roles[:, 1:].to(DEVICE)]
        total = weights.sum()
        loss = torch.zeros((), device=DEVICE)
        size = self.settings.micro_batch
        for part, part_weights in zip(tokens.split(size), weights.split(size), strict=True):
            part_loss = (self.token_losses(part, self.fast_losses) * part_weights).sum() / total
            part_loss.backward()
            loss += part_loss.detach()
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return loss.item()

    def token_losses(self, tokens: Tensor, losses: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """The loss of every token of the blocks except the first, in nats."""
        tokens = tokens.to(DEVICE, non_blocking=True)
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=HAS_BF16):
            return losses(tokens[:, :-1], tokens[:, 1:])

    @torch.inference_mode()
    def validate(self) -> None:
        """Prints and logs the loss on held-out packages: of all tokens that are learned, and of the middles alone."""
        blocks = fim.Blocks.of(self.config, "validation")
        summed, counted = torch.zeros(3), torch.zeros(3)
        for tokens, roles in DataLoader(blocks, self.settings.micro_batch, sampler=range(self.settings.validation_blocks)):
            losses, roles = self.token_losses(tokens, self.model.losses).float().cpu().flatten(), roles[:, 1:].flatten()
            summed.index_add_(0, roles, losses)
            counted.index_add_(0, roles, torch.ones_like(losses))
        learned = (summed[1:].sum() / counted[1:].sum()).item()
        middle = (summed[fim.WRITTEN] / counted[fim.WRITTEN]).item()
        seen = self.step * self.step_tokens
        held_out = f"held-out loss {learned:.3f}, of the middles {middle:.3f}"
        print(f"step {self.step}  {seen / 1e6:.2f}M tokens  {held_out}", flush=True)
        curve = self.config.folder / "curve.tsv"
        if not curve.exists():
            curve.write_text("step\ttokens\theld_out\tmiddle\n")
        with curve.open("a") as out:
            out.write(f"{self.step}\t{seen}\t{learned:.4f}\t{middle:.4f}\n")

    def rate(self) -> float:
        """The factor of the full rates at this step: warm-up, then stable, then decay."""
        warm = (self.step + 1) / self.settings.warm_up
        falling = (self.steps - self.step) / (self.steps - self.decay_start())
        return min(1.0, warm, falling)

    def decay_start(self) -> int:
        return round(self.steps * (1 - self.settings.decay))

    def save(self) -> None:
        """Writes beside the old checkpoint and renames, so a killed slice leaves a complete checkpoint."""
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }
        unfinished = self.checkpoint.with_suffix(".unfinished")
        torch.save(state, unfinished)
        unfinished.replace(self.checkpoint)

    def resume(self) -> None:
        """Loads the checkpoint. A shrunk one has no optimizer state; momentum is back after some hundred steps."""
        state = torch.load(self.checkpoint, map_location=DEVICE)
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state.get("optimizers", []), strict=False):
            optimizer.load_state_dict(saved)

    def begin_with(self, base: Path) -> None:
        if (base / "tokenizer.json").read_bytes() != self.config.tokenizer.read_bytes():
            raise SystemExit(f"{base} has another tokenizer than {self.config.tokenizer}: copy it there and run `tape` again")
        model, _ = export.load(base)
        if model.shape != self.config.shape:
            raise SystemExit(f"{base} has another shape than the configuration: {model.shape}")
        self.model.load_state_dict(model.state_dict())

    def interrupt(self, *_: object) -> None:
        self.interrupted = True


def optimizers(model: Model, settings: Training) -> list[Optimizer]:
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for name, parameter in model.named_parameters():
        (matrices if parameter.ndim == 2 and ".layers." in name else others).append(parameter)
    muon = Muon(matrices, settings.muon_rate, settings.weight_decay)
    adamw = AdamW(others, settings.adamw_rate, betas=(0.9, 0.95), weight_decay=0.0)
    for optimizer in (muon, adamw):
        for group in optimizer.param_groups:
            group["full_rate"] = group["lr"]
    return [muon, adamw]


def parameters(model: Model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
