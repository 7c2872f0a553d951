"""A small network of each family of torchvision: its own classes and blocks, fewer of them and narrower."""

import torch
from torch import nn
from torchvision.models import (
    VGG,
    AlexNet,
    ConvNeXt,
    DenseNet,
    EfficientNet,
    MaxVit,
    MNASNet,
    MobileNetV2,
    MobileNetV3,
    RegNet,
    ResNet,
    ShuffleNetV2,
    SwinTransformer,
    VisionTransformer,
)
from torchvision.models.convnext import CNBlockConfig
from torchvision.models.efficientnet import FusedMBConvConfig, MBConvConfig
from torchvision.models.mobilenetv3 import InvertedResidualConfig
from torchvision.models.regnet import BlockParams
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.models.swin_transformer import PatchMergingV2, SwinTransformerBlockV2
from torchvision.models.vgg import make_layers


def alexnet(num_classes: int) -> nn.Module:
    with torch.device("meta"):
        model = AlexNet(num_classes)
    model.features = nn.Sequential(
        *(nn.Conv2d(3, 16, 11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(16, 24, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
    )
    model.classifier = _classifier(24 * 36, num_classes)
    return model


def vgg(num_classes: int) -> nn.Module:
    with torch.device("meta"):
        model = VGG(nn.Identity(), num_classes, init_weights=False)
    model.features = make_layers([8, "M", 12, 12, "M", 16, "M"], batch_norm=True)
    model.classifier = _classifier(16 * 49, num_classes)
    return model


def _classifier(inputs: int, num_classes: int) -> nn.Module:
    return nn.Sequential(
        *(nn.Dropout(), nn.Linear(inputs, 32), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(32, 32)),
        *(nn.ReLU(inplace=True), nn.Linear(32, num_classes)),
    )


def convnext(num_classes: int) -> nn.Module:
    return ConvNeXt([CNBlockConfig(16, 24, 1), CNBlockConfig(24, None, 2)], num_classes=num_classes)


def densenet(num_classes: int) -> nn.Module:
    return DenseNet(8, (2, 2, 2), 16, num_classes=num_classes)


def efficientnet(num_classes: int) -> nn.Module:
    stages = [FusedMBConvConfig(2, 3, 2, 16, 16, 1), MBConvConfig(4, 3, 2, 16, 24, 2, 1.0, 1.0)]
    return EfficientNet(stages, dropout=0.2, num_classes=num_classes, last_channel=64)


def maxvit(num_classes: int) -> nn.Module:
    return MaxVit((32, 32), 16, 2, [16, 24], [1, 2], 8, 0.1, num_classes=num_classes)


def mnasnet(num_classes: int) -> nn.Module:
    return MNASNet(0.2, num_classes)


def mobilenet_v2(num_classes: int) -> nn.Module:
    return MobileNetV2(num_classes, 0.5, [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 1, 2], [6, 64, 2, 1]])


def mobilenet_v3(num_classes: int) -> nn.Module:
    blocks = [
        InvertedResidualConfig(16, 3, 16, 16, True, "RE", 2, 1, 1.0),
        InvertedResidualConfig(16, 5, 40, 24, True, "HS", 2, 1, 1.0),
        InvertedResidualConfig(24, 3, 48, 24, False, "HS", 1, 1, 1.0),
    ]
    return MobileNetV3(blocks, 64, num_classes=num_classes)


def regnet(num_classes: int) -> nn.Module:
    parameters = BlockParams([1, 2], [16, 24], [8, 8], [1.0, 1.0], [2, 2], 0.25)
    return RegNet(parameters, num_classes, stem_width=16)


def resnet(num_classes: int) -> nn.Module:
    return ResNet(BasicBlock, [1, 1, 1, 1], num_classes)


def resnext(num_classes: int) -> nn.Module:
    return ResNet(Bottleneck, [1, 1, 1, 1], num_classes, groups=8, width_per_group=4)


def shufflenet(num_classes: int) -> nn.Module:
    return ShuffleNetV2([2, 2, 2], [24, 16, 32, 64, 128], num_classes)


def swin(num_classes: int) -> nn.Module:
    return SwinTransformer([4, 4], 12, [1, 2], [2, 3], [3, 3], num_classes=num_classes)


def swin_v2(num_classes: int) -> nn.Module:
    return SwinTransformer(
        *([4, 4], 12, [1, 2], [2, 3], [4, 4]),
        num_classes=num_classes,
        block=SwinTransformerBlockV2,
        downsample_layer=PatchMergingV2,
    )


def vit(num_classes: int) -> nn.Module:
    return VisionTransformer(24, 8, 3, 2, 16, 32, num_classes=num_classes)


# By factory, the side of its images.
SIDES = {
    **dict.fromkeys(("alexnet", "resnet", "resnext", "shufflenet", "mnasnet", "mobilenet_v2"), 33),
    **dict.fromkeys(("convnext", "densenet", "efficientnet", "maxvit", "mobilenet_v3", "regnet", "vgg"), 32),
    **dict.fromkeys(("swin", "swin_v2", "vit"), 24),
}
