"""A team: agents that share one task, as a folder with a card that names them; who leads them says how, as `Carrier`.

    name: warehouse-deliver
    env: {id: robosim/WarehouseDeliver-v0, kwargs: {level: mixed}}
    parts: {drive: warehouse-navigate, pick: warehouse-pick, place: warehouse-place}
    docking: swift

A part is the name of a shipped agent, or of one in a shipped team (`warehouse-pick-camera/eyes`), or a folder of an
agent inside the team's own, or `expert`, which is always the rival's own scripted controller. Who delivers docks as
the rival does, `patient`, unless the card says `swift`. Loading one executes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from robosim.agents.policies.role import ROLES, Manner, Role
from robosim.agents.storage.card import EnvCard
from robosim.agents.storage.files import AgentError, AgentFiles, Lack, is_agent, read_files
from robosim.agents.storage.strict_yaml import StrictYamlError, read_yaml

TEAM_NAME = "team.yaml"
SCRIPTED = "expert"
PATIENT: Manner = "patient"
MAX_BYTES = 2**16
_NAME = "[A-Za-z0-9][A-Za-z0-9_-]{0,99}"


class TeamCard(BaseModel):
    """What `team.yaml` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    env: EnvCard
    # No dots: a card must not reach out of its folder.
    parts: dict[Role, Annotated[str, Field(pattern=rf"^{_NAME}(/{_NAME})?$")]]
    docking: Manner = PATIENT

    @model_validator(mode="after")
    def _of_its_task(self) -> Self:
        wanted = ROLES.get(self.env.id.rsplit("-v", 1)[0])
        if wanted is None:
            raise ValueError(f"env.id = {self.env.id}: no team shares this task; teams share {', '.join(ROLES)}")
        if set(self.parts) != wanted:
            raise ValueError(f"parts = {sorted(self.parts)}: a team for {self.env.id} has {sorted(wanted)}")
        if set(self.parts.values()) == {SCRIPTED} and self.docking == PATIENT:
            raise ValueError(f"parts: all of them are {SCRIPTED}, so that it is the rival")
        if self.docking != PATIENT and "drive" not in wanted:
            raise ValueError(f"docking = {self.docking}: a team for {self.env.id} does not dock")
        return self


@dataclass(frozen=True)
class TeamFiles:
    """A team as it lies on disk."""

    source: Path
    """Where it was read, for messages."""
    card: TeamCard
    parts: Mapping[Role, AgentFiles]
    """Those that are agents."""
    lacks: Lack = ""
    """What it is to act without; see `robosim.agents.policies.blind`."""

    @property
    def sha256(self) -> str:
        """Of all that its agents are, and how it docks: it is another team once one of them is another."""
        found = hashlib.sha256(b"" if self.card.docking == PATIENT else self.card.docking.encode())
        for role in sorted(self.parts):
            found.update(role.encode() + hashlib.sha256(self.parts[role].card).digest())
            found.update(hashlib.sha256(self.parts[role].weights).digest())
        return found.hexdigest()


AnyFiles = AgentFiles | TeamFiles


def is_team(folder: Path) -> bool:
    """Whether there is a team to read at `folder`, judged by the presence of its card alone."""
    return (folder / TEAM_NAME).is_file()


def read_team(folder: Path, find: Callable[[str], Path]) -> TeamFiles:
    """Read a team's card and the files of its agents.

    Args:
        folder: Where it is.
        find: Gives the folder of a shipped agent; raises `AgentError` where there is none.

    Raises:
        AgentError: There is no sound team at `folder`, or one of its agents is not there or damaged.
    """
    path = folder / TEAM_NAME
    try:
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise AgentError(f"{path}: has {len(content)} bytes, more than {MAX_BYTES}: it is not the card of a team")
        card = TeamCard.model_validate(read_yaml(content))
    except OSError as error:
        raise AgentError(f"{path}: cannot be read ({error.strerror})") from error
    except (StrictYamlError, ValidationError) as error:
        raise AgentError(f"{path}: is not the card of a team: {error}") from error
    parts = {}
    for role, name in card.parts.items():
        if name == SCRIPTED:
            continue
        own = folder / name
        parts[role] = read_files(own if is_agent(own) else find(name))
    return TeamFiles(folder, card, parts)
