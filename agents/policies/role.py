"""Who does what in a team that fetches and brings packages."""

from typing import Literal, TypeAlias

Role: TypeAlias = Literal["drive", "pick", "place"]
