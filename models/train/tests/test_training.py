"""The optimizer, the start of a run, and the devices of a step."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from samples import SHAPE, exported
from tokenizers import Tokenizer
from torch._subclasses.fake_tensor import FakeTensorMode

from fimble_train import settings
from fimble_train.model import export
from fimble_train.settings import Config
from fimble_train.training import muon, train


def test_muon_makes_updates_orthogonal() -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(muon.orthogonal(torch.randn(3, 48, 32)))
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_training_begins_with_a_model_if_it_is_one_of_the_run(
    tmp_path: Path, encoder: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    tiny = Config.load(settings.RECIPE / "configs" / "tiny.toml")
    config = replace(tiny, shape=SHAPE, training=replace(tiny.training, compile=False))
    base = exported(tmp_path / "base", encoder)
    shutil.copyfile(base / "tokenizer.json", config.tokenizer)
    begun = train.Trainer(config, base).model.state_dict()
    assert all(torch.equal(begun[name], weight) for name, weight in export.load(base)[0].state_dict().items())
    with pytest.raises(SystemExit, match="another shape"):
        train.Trainer(replace(config, shape=replace(SHAPE, layers=3)), base)
    config.tokenizer.write_text("{}")
    with pytest.raises(SystemExit, match="another tokenizer"):
        train.Trainer(config, base)


# Without an accelerator, PyTorch computes without bf16 and warns about it.
@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_on_an_accelerator_nothing_of_a_step_is_anywhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks the forward pass and the optimizers with fake tensors, which need no accelerator; the backward pass would."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    device = torch.device("cuda", 0)
    monkeypatch.setattr(train, "DEVICE", device)
    tiny = Config.load(settings.RECIPE / "configs" / "tiny.toml")
    with FakeTensorMode():
        trainer = train.Trainer(replace(tiny, shape=SHAPE, training=replace(tiny.training, compile=False)))
        losses = trainer.token_losses(torch.zeros(2, 65, dtype=torch.int64), trainer.model.losses)
        assert losses.shape == (2, 64) and losses.device == device
        parameters = list(trainer.model.parameters())
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        for optimizer in trainer.optimizers:
            optimizer.step()
        assert {parameter.device for parameter in parameters} == {device}
