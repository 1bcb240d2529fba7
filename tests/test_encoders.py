"""Encoders: built from data, by name, for any size of picture; what their options do, and what they keep of place."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from robosim.errors import RobosimError
from robosim.perception.cost import Cost, cost, forward_seconds
from robosim.perception.encoders import ENCODERS, Encoder, EncoderSpec, make_encoder
from robosim.perception.encoders.encoder import with_coordinates
from robosim.perception.encoders.keypoints import SoftArgmax
from robosim.perception.encoders.layers import Options
from robosim.perception.pixels import scaled, scaled_depth

NAMES = sorted(ENCODERS)


def made(spec: EncoderSpec, channels: int = 4, size: int = 64) -> Encoder:
    torch.manual_seed(0)
    return make_encoder(spec, channels, size, size)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [64, 84, 128])
def test_shapes_are_what_they_say(name: str, size: int) -> None:
    encoder = made(EncoderSpec(name=name, width=8, features=50), 3, size)
    images = torch.rand(2, 3, size, size)
    assert encoder(images).shape == (2, 50)
    assert encoder.features == 50
    assert [tuple(one.shape[1:]) for one in encoder.maps(images)] == encoder.shapes


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{}, {"layer_norm": True}, {"batch_norm": True}, {"coordinates": True}])
def test_every_weight_learns_once_the_residuals_have_begun(name: str, options: dict[str, bool]) -> None:
    encoder = made(EncoderSpec.model_validate({"name": name, "width": 8, "features": 64, **options}))
    with torch.no_grad():
        for weights in encoder.parameters():
            weights.add_(0.01 * torch.randn_like(weights))
    encoder(torch.rand(4, 4, 64, 64)).sum().backward()
    idle = [key for key, weights in encoder.named_parameters() if weights.grad is None or not weights.grad.any()]
    assert not idle


@pytest.mark.parametrize("name", NAMES)
def test_a_description_and_weights_make_the_same_network_again(name: str) -> None:
    spec = EncoderSpec(name=name, width=8, coordinates=True, layer_norm=True)
    first = made(spec)
    again = make_encoder(EncoderSpec.model_validate_json(spec.model_dump_json()), 4, 64, 64)
    again.load_state_dict(first.state_dict())
    images = torch.rand(3, 4, 64, 64)
    assert torch.equal(first(images), again(images))
    assert cost(spec, 4, 64, 64).parameters == sum(weights.numel() for weights in first.parameters())


def test_the_statistics_of_batches_begin_with_the_first_batch() -> None:
    # Its last map is a single place, of which one picture has no variance.
    encoder = made(EncoderSpec(name="resnet-small", width=4, batch_norm=True), size=16)
    assert encoder.shapes[-1][1:] == (1, 1)
    norms = [module for module in encoder.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert norms
    fresh = torch.nn.BatchNorm2d(1)
    for norm in norms:
        for key, value in fresh.named_buffers():
            assert (norm.get_buffer(key) == value).all(), key
    assert all(module.training for module in encoder.modules())


@pytest.mark.parametrize("name", NAMES)
def test_where_something_is_shows_in_the_features(name: str) -> None:
    encoder = made(EncoderSpec(name=name))
    left, right = torch.zeros(2, 1, 4, 64, 64)
    left[..., 8:24, 8:24] = 1
    right[..., 8:24, 40:56] = 1
    far = (encoder(left) - encoder(right)).norm() / encoder(left).norm()
    assert far > 0.1


def test_a_soft_argmax_finds_a_peak() -> None:
    maps = torch.zeros(1, 2, 9, 17)
    maps[0, 0, 4, 8] = 50  # the middle
    maps[0, 1, 0, 16] = 50  # top right
    assert SoftArgmax()(maps).tolist()[0] == pytest.approx([0, 1, 0, -1], abs=1e-5)


def test_coordinates_run_from_left_to_right_and_top_to_bottom() -> None:
    x, y = with_coordinates(torch.zeros(1, 3, 4, 5))[0, 3:]
    assert x[:, 0].tolist() == [-1] * 4
    assert x[:, -1].tolist() == [1] * 4
    assert y[0].tolist() == [-1] * 5
    assert y[-1].tolist() == [1] * 5


def test_costs_are_counted() -> None:
    # Nature on 84 × 84 × 4, one layer after the other: 20 × 20, 9 × 9 and 7 × 7 places, then 3136 × 512.
    macs = 20 * 20 * 32 * 4 * 64 + 9 * 9 * 64 * 32 * 16 + 7 * 7 * 64 * 64 * 9 + 3136 * 512
    weights = 4 * 64 * 32 + 32 + 32 * 16 * 64 + 64 + 64 * 9 * 64 + 64 + 3136 * 512 + 512
    assert cost(EncoderSpec(name="nature", width=32, features=512), 4, 84, 84) == Cost(macs, weights)
    assert all(seconds > 0 for seconds in forward_seconds(EncoderSpec(name="nature"), 4, 64, 64, 0.01))


def test_pixels_are_scaled_once() -> None:
    images = torch.tensor([0, 51, 255], dtype=torch.uint8)
    assert scaled(images).tolist() == pytest.approx([0, 0.2, 1])
    assert torch.equal(scaled(scaled(images)), scaled(images))
    assert scaled_depth(torch.tensor([0.0, 2.5, 30.0])).tolist() == [0, 0.25, 1]


def test_the_guide_s_cnn_is_one() -> None:
    guide = (Path(__file__).resolve().parents[1] / "CONTRIBUTING.md").read_text("utf-8")
    names: dict[str, Any] = {}
    exec(guide.partition("```python\n")[2].partition("```")[0], names)
    encoder = Encoder(names["tiny"], Options(width=4, features=8), 3, 64, 64)
    assert encoder(torch.rand(1, 3, 64, 64)).shape == (1, 8)
    assert [shape[0] for shape in encoder.shapes] == [4, 8]


def test_a_wrong_description_says_what_there_is() -> None:
    with pytest.raises(ValidationError, match=r"natur.*nature, impala"):
        EncoderSpec(name="natur")
    with pytest.raises(ValidationError, match="256"):
        EncoderSpec(name="nature", width=100_000)
    with pytest.raises(ValidationError, match="not both"):
        EncoderSpec(name="nature", layer_norm=True, batch_norm=True)
    with pytest.raises(RobosimError, match="20 × 20"):
        make_encoder(EncoderSpec(name="nature"), 3, 20, 20)
