"""Networks of the published kinds that are narrow, so that tests of them are quick."""

from torch import nn
from torchvision.models import ResNet


class Quarter(ResNet):
    """torchvision's residual network with a quarter of the units in its blocks."""

    def __init__(self, block, blocks, num_classes):
        super().__init__(block, blocks, num_classes=num_classes)
        self.fc = nn.Linear(128 * block.expansion, num_classes)

    def _make_layer(self, block, planes, *others, **named):
        return super()._make_layer(block, planes // 4, *others, **named)
