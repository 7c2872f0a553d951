"""Checkpoints by the savers of timm and Lightning themselves. Their imports cost seconds, so each takes its own."""

import argparse
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.models.checkpoints import Layout

CLASSES = 3


def timms(average: Callable[[Any, nn.Module], nn.Module] | None = None) -> Callable[[Path, nn.Module], None]:
    """Return what saves by timm's `CheckpointSaver`, with an average of the network that stays as the network was."""

    def save(path: Path, model: nn.Module) -> None:
        import timm.utils

        trained = copy.deepcopy(model)
        mean = average(timm.utils, trained) if average else None
        optimizer = torch.optim.SGD(trained.parameters(), 0.1, momentum=0.9)
        if mean is not None:
            step(trained, optimizer)
        settings = argparse.Namespace(model="net", lr=0.1)
        saver = timm.utils.CheckpointSaver(
            trained, optimizer, args=settings, model_ema=mean, checkpoint_dir=str(path.parent)
        )
        saver.save_checkpoint(3, metric=71.3)
        assert path.is_file()  # it has names of its own

    return save


def timms_average(name: str) -> Callable[[Path, nn.Module], None]:
    """Return what saves one of timm's averages alone."""

    def save(path: Path, model: nn.Module) -> None:
        import timm.utils

        torch.save(getattr(timm.utils, name)(model).state_dict(), path)

    return save


def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Let a network learn something."""
    loss = nn.functional.cross_entropy(model.eval()(torch.ones(2, 1, 8, 8)), torch.tensor([0, 1]))
    loss.backward()
    optimizer.step()


def lightnings(rate: float = 0.0, callback: str = "", **options: object) -> Callable[[Path, nn.Module], None]:
    """Return what trains with Lightning, and saves by its `ModelCheckpoint` in the midst of it.

    Parameters
    ----------
    rate
        Learning rate; 0 leaves the network as it is. An average of decay 1 stays as the network was in any case.
    callback, options
        One more of Lightning's, and what it takes.
    """

    def save(path: Path, model: nn.Module) -> None:
        import lightning
        from lightning.pytorch import callbacks

        class Module(lightning.LightningModule):
            def __init__(self, lr: float) -> None:
                super().__init__()
                self.save_hyperparameters()
                self.net = copy.deepcopy(model)
                self.criterion = nn.CrossEntropyLoss(weight=torch.ones(CLASSES))

            def training_step(self, batch: list[torch.Tensor], _: int) -> torch.Tensor:
                return self.criterion(self.net.eval()(batch[0]), batch[1])

            def configure_optimizers(self) -> dict[str, Any]:
                # Nothing is learnt in the first step, of which averages are a copy.
                optimizer = torch.optim.SGD(self.parameters(), self.hparams.lr)
                course = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: float(step > 0))
                return {"optimizer": optimizer, "lr_scheduler": {"scheduler": course, "interval": "step"}}

        rows = torch.utils.data.TensorDataset(torch.rand(4, 1, 8, 8), torch.tensor([0, 1, 2, 0]))
        each = [callbacks.ModelCheckpoint(dirpath=path.parent, filename=path.stem)]
        each += [getattr(callbacks, callback)(**options)] if callback else []
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=2,
            logger=False,
            callbacks=each,
            enable_progress_bar=False,
            enable_model_summary=False,
            default_root_dir=path.parent,
        )
        trainer.fit(Module(rate), torch.utils.data.DataLoader(rows, batch_size=2))
        assert path.is_file()

    return save


LOADED = [
    Layout("timm's `CheckpointSaver`", timms(), "last.pth.tar"),
    Layout(
        "timm's `CheckpointSaver` with `ModelEmaV2`, one of them named",
        timms(lambda utils, model: utils.ModelEmaV2(model)),
        "last.pth.tar",
        part="state_dict_ema",
    ),
    Layout(
        "timm's `CheckpointSaver` with `ModelEmaV3`, one of them named",
        timms(lambda utils, model: utils.ModelEmaV3(model)),
        "model_best.pth.tar",
        part="state_dict_ema",
    ),
    Layout("timm's `ModelEmaV2` alone", timms_average("ModelEmaV2")),
    Layout("timm's `ModelEmaV3` alone", timms_average("ModelEmaV3")),
    Layout("Lightning's `ModelCheckpoint`", lightnings(), "last.ckpt"),
    Layout(
        "Lightning's `ModelCheckpoint` with `EMAWeightAveraging`, one of them named",
        lightnings(0.1, "EMAWeightAveraging", decay=1.0),
        "last.ckpt",
        part="state_dict.net",
    ),
]
REFUSED = [
    Layout(
        "timm's `CheckpointSaver` with `ModelEmaV3`",
        timms(lambda utils, model: utils.ModelEmaV3(model)),
        "last.pth.tar",
        refused="hold 2 networks that fit: 'state_dict' and 'state_dict_ema'",
    ),
    Layout(
        "Lightning's `ModelCheckpoint` with `EMAWeightAveraging`",
        lightnings(0.1, "EMAWeightAveraging", decay=1.0),
        "last.ckpt",
        refused="'state_dict.net' and 'current_model_state.net'",
    ),
    Layout(
        "Lightning's `ModelCheckpoint` with `StochasticWeightAveraging`",
        lightnings(0.1, "StochasticWeightAveraging", swa_lrs=0.1, swa_epoch_start=1),
        "last.ckpt",
        refused="'state_dict.net' and 'callbacks.StochasticWeightAveraging.average_model_state.net'",
    ),
]
