"""FiLM: what an agent is told, such as an order, decides what its eyes look for.

E. Perez et al. (2018), "FiLM: visual reasoning with a general conditioning layer", AAAI.
"""

from torch import nn

from robosim.perception.pixels import Tensor


class Film(nn.Module):
    """Scales and shifts each channel of a map, by numbers that it makes of what is told; at first it changes nothing.

    Args:
        told: How many numbers are told.
        channels: Of the map.
    """

    def __init__(self, told: int, channels: int) -> None:
        """Makes it."""
        super().__init__()
        self.dense = nn.Linear(told, 2 * channels)

    def start_at_zero(self) -> None:
        """Lets it begin by changing nothing, whatever is told."""
        nn.init.zeros_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    def forward(self, maps: Tensor, told: Tensor) -> Tensor:
        """Shapes (batch, channels, h, w) and (batch, told) to (batch, channels, h, w)."""
        scale, shift = self.dense(told)[..., None, None].chunk(2, dim=1)
        changed: Tensor = maps * (1 + scale) + shift
        return changed
