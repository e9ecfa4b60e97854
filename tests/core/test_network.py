import copy

import pytest
import torch
from torch import Tensor, nn

from napari_npm.core.errors import NpmError
from napari_npm.core.network import NanoporosityNet, NetworkConfig, fused_copy


def randomise_norms(model: nn.Module, seed: int = 0) -> nn.Module:
    """Give every batch norm statistics as after training."""
    g = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            shape = module.weight.shape
            module.weight.data = torch.empty(shape).uniform_(0.5, 1.5, generator=g)
            module.bias.data = torch.empty(shape).normal_(0, 0.2, generator=g)
            module.running_mean = torch.empty(shape).normal_(0, 0.3, generator=g)
            module.running_var = torch.empty(shape).uniform_(0.3, 2.0, generator=g)
    return model


class Residual(nn.Module):
    """A user's network: functional ReLU, one norm of a sum, one norm after its convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_of_sum = nn.BatchNorm2d(4)
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.last = nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        a = torch.relu(self.first(images))
        b = self.act(self.norm(self.second(a)))
        return self.last(self.norm_of_sum(a + b).relu().mean((2, 3)))


class Branching(nn.Sequential):
    """A forward that depends on its data, which torch.fx cannot trace."""

    def forward(self, images: Tensor) -> Tensor:
        if images.max() < 0:
            images = -images
        return super().forward(images)


def branching() -> nn.Module:
    block = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    return Branching(block, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


def norms(model: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def test_default_has_seven_blocks_ending_in_3x3() -> None:
    net = NanoporosityNet()
    convs = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [16, 32, 64, 128, 128, 128, 128]
    assert all(conv.kernel_size == (3, 3) and conv.bias is None for conv in convs)
    assert norms(net) == 7
    # by hand: 9 (1*16 + 16*32 + 32*64 + 64*128 + 3*128*128) + 2 * 624 + 129 * 3
    assert sum(p.numel() for p in net.parameters()) == 540_915
    assert net.blocks(torch.rand(1, 1, 384, 384)).shape == (1, 128, 3, 3)
    assert net(torch.rand(2, 1, 384, 384)).shape == (2, 3)


@pytest.mark.parametrize("pooling", ["max", "average"])
@pytest.mark.parametrize("padding", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize("head", ["gap", "flatten"])
def test_every_configuration_runs_and_fuses(pooling: str, padding: str, head: str) -> None:
    config = NetworkConfig((4,) * 7, pooling, padding, head, 128)
    torch.manual_seed(0)
    net = randomise_norms(NanoporosityNet(4, config)).eval()
    images = torch.rand(2, 1, 128, 128)
    fused = fused_copy(net)
    assert norms(fused) == 0
    assert norms(net) == 7
    torch.testing.assert_close(fused(images), net(images), rtol=1e-4, atol=1e-5)
    assert NetworkConfig.from_dict(config.to_dict()) == config


def test_description_without_channels_is_of_a_network_that_reads_one_map() -> None:
    old = NetworkConfig().to_dict()
    del old["in_channels"]
    assert NetworkConfig.from_dict(old) == NetworkConfig()
    two = NanoporosityNet(2, NetworkConfig((4, 4), input_size=8, in_channels=2))
    assert two(torch.rand(3, 2, 8, 8)).shape == (3, 2)
    two.check_map((2, 8, 8))
    with pytest.raises(NpmError, match="have 1 channel"):
        two.check_map((8, 8))


def test_gap_takes_other_sizes_and_says_which_not() -> None:
    net = NanoporosityNet(2, NetworkConfig((4,) * 7))
    assert net(torch.rand(2, 1, 200, 256)).shape == (2, 2)
    net.check_size(128, 1000)
    with pytest.raises(NpmError, match=r"100 x 384 px.*at least 128"):
        net.check_size(100, 384)
    with pytest.raises(NpmError, match=r"256 x 256 px.*takes 384 x 384"):
        NanoporosityNet(2, NetworkConfig((4,) * 7, head="flatten")).check_size(256, 256)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"widths": ()}, "widths"),
        ({"widths": (4, 0)}, "widths"),
        ({"pooling": "sum"}, "pooling is 'sum'"),
        ({"padding": "wrap"}, "padding is 'wrap'"),
        ({"head": "cls"}, "head is 'cls'"),
        ({"input_size": 300}, "multiple of 128 px"),
        ({"in_channels": 0}, "reads 0 maps"),
        ({"colour": 3}, "cannot be read"),
    ],
)
def test_bad_configuration_is_one_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(NpmError, match=sentence):
        NetworkConfig.from_dict(values)


def test_one_class_is_refused() -> None:
    with pytest.raises(NpmError, match="at least 2"):
        NanoporosityNet(1)


@pytest.mark.parametrize(("make", "left"), [(Residual, 1), (branching, 0)])
def test_users_networks_fuse_where_it_is_right_and_stay_as_they_are(make, left: int) -> None:
    torch.manual_seed(1)
    net = randomise_norms(make()).train()
    before = copy.deepcopy(net.state_dict())
    fused = fused_copy(net)
    assert norms(fused) == left
    assert net.training
    assert not fused.training
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert any(getattr(module, "inplace", False) for module in net.modules())
    assert not any(getattr(module, "inplace", False) for module in fused.modules())
    images = torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(fused(images), net.eval()(images), rtol=1e-4, atol=1e-5)
