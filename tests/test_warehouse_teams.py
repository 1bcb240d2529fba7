"""Teams that share WarehouseDeliver: what their cards say, whose turn it is, and how they dock."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from deliveries import ID, carry_on, made
from numpy.typing import NDArray
from toy import save_toy_agent

from robosim.agents.policies import team
from robosim.agents.policies.carrier import SLEWS, Carrier, Phase
from robosim.agents.policies.docking import Docking, Patient
from robosim.agents.policies.dwa import Dwa
from robosim.agents.policies.find import identity, load_policy, named_files
from robosim.agents.policies.placer import Placer
from robosim.agents.policies.policy import State
from robosim.agents.policies.swift_docking import Swift
from robosim.agents.storage.agent import Agent, agent_from_files
from robosim.agents.storage.files import AgentError, AgentFiles
from robosim.envs.warehouse_deliver import WarehouseDeliverEnv
from robosim.robots.mast import REACH
from robosim.task import Observation


@pytest.fixture(scope="module")
def shared() -> Iterator[WarehouseDeliverEnv]:
    env = made(level=0)
    yield env
    env.close()


def test_a_team_does_what_its_agents_do(shared: WarehouseDeliverEnv, tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(
        f"name: three\nenv: {{id: {ID}, kwargs: {{level: mixed}}}}\n"
        "parts: {drive: warehouse-navigate, pick: warehouse-pick, place: warehouse-place}\n"
    )
    three, parts = load_policy(tmp_path, shared), named_files(tmp_path)
    assert identity(parts).env.id == ID
    observation, _ = shared.reset(seed=5)
    assert isinstance(observation, dict)
    drive = load_policy("warehouse-navigate", gym.make("robosim/WarehouseNavigate-v2"))
    seen = {key: observation[key] for key in ("state", "lidar", "outlook", "unmapped")}
    expected, _ = drive.predict(seen, deterministic=True)
    action, _ = three.predict(observation, deterministic=True)
    assert np.array_equal(action[:2], expected)
    other = gym.make("robosim/WarehousePick-v0")
    with pytest.raises(AgentError, match="not the task of this env"):
        load_policy(tmp_path, other)


def test_docking_swiftly_it_goes_on_from_order_to_order_and_sooner() -> None:
    env = made(level=0, orders=2)
    times = []
    for docking in (Patient(), Swift(SLEWS)):
        observation, _ = env.reset(seed=1)
        _, info, phases = carry_on(env, observation, carrier=Carrier(docking=docking))
        assert info["is_success"]
        assert phases.count((Phase.WORK, True)) == phases.count((Phase.WORK, False)) == 2
        times.append(info["episode_metrics"]["time"])
    assert times[1] < 0.92 * times[0]
    env.close()


@pytest.mark.parametrize(("docking", "backs"), [(Patient(), False), (Swift(SLEWS), True)])
def test_a_package_that_a_drawn_in_arm_does_not_get_out_is_pulled_out_by_the_wheels(
    shared: WarehouseDeliverEnv, docking: Docking, backs: bool
) -> None:
    observation, _ = shared.reset(seed=5)
    assert isinstance(observation, dict)
    carrier = Carrier(docking=docking)
    seen = {key: part.copy() for key, part in observation.items()}
    seen["job"][:], seen["pick"][[2, 7]], seen["lidar"][:] = (1, 0, 0, 0, 1), (REACH[0], 1), 0  # it stands, and holds
    _, state = carrier.predict(seen)
    assert state is not None
    state[0][0, 0] = Phase.WORK
    speeds = list[float]()
    for _ in range(80):
        action, state = carrier.predict(seen, state)
        speeds.append(float(action[0]))
    assert speeds[:45] == [0.0] * 45  # who picks may still get it out
    assert (speeds[-1] < 0) == backs


def test_a_team_docks_as_its_card_says(shared: WarehouseDeliverEnv, tmp_path: Path) -> None:
    card = f"name: one\nenv: {{id: {ID}}}\nparts: {{drive: expert, pick: warehouse-pick, place: expert}}\n"
    hashes = set()
    for line, kind in (("", Patient), ("docking: patient\n", Patient), ("docking: swift\n", Swift)):
        (tmp_path / "team.yaml").write_text(card + line)
        one = load_policy(tmp_path, shared)
        assert isinstance(one, Carrier)
        assert isinstance(one._docking, kind)
        hashes.add(identity(named_files(tmp_path)).sha256)
    assert len(hashes) == 2  # one that docks otherwise is another team
    (tmp_path / "team.yaml").write_text(card + "docking: hasty\n")
    with pytest.raises(AgentError, match=r"docking\s+Input should be 'patient' or 'swift'"):
        load_policy(tmp_path, shared)
    (tmp_path / "team.yaml").write_text(
        "name: eyes\nenv: {id: robosim/WarehousePick-v0}\nparts: {pick: warehouse-pick}\ndocking: swift\n"
    )
    with pytest.raises(AgentError, match="does not dock"):
        load_policy(tmp_path, shared)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ("{drive: warehouse-navigate, pick: warehouse-place, place: warehouse-place}", "pick: observation_space"),
        ("{drive: warehouse-navigate, pick: warehouse-pick}", "parts"),
        ("{drive: ../elsewhere, pick: warehouse-pick, place: warehouse-place}", "drive"),
        ("{drive: warehouse-navigate, pick: warehouse-pick, place: warehouse-deliver}", "no agent of this name"),
        ("{drive: nobody, pick: warehouse-pick, place: warehouse-place}", "nobody"),
        ("{drive: expert, pick: expert, place: expert}", "so that it is the rival"),
    ],
)
def test_a_team_that_cannot_work_is_refused(
    shared: WarehouseDeliverEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    save_toy_agent(tmp_path / "nobody", size=3)  # where one happens to be, but not in the team's folder
    odd = tmp_path / "odd"
    odd.mkdir()
    (odd / "team.yaml").write_text(f"name: odd\nenv: {{id: {ID}}}\nparts: {parts}\n")
    with pytest.raises(AgentError, match=told):
        load_policy(odd, shared)


def test_a_part_may_be_scripted_as_the_rivals(shared: WarehouseDeliverEnv, tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(
        f"name: one\nenv: {{id: {ID}}}\nparts: {{drive: expert, pick: warehouse-pick, place: expert}}\n"
    )
    one = load_policy(tmp_path, shared)
    assert isinstance(one, Carrier)
    assert [type(part) for part in (one._drive, one._pick, one._place)] == [Dwa, Agent, Placer]


class Watching:
    """Drives nowhere, and remembers what it saw in the last two steps, of each robot."""

    def __init__(self) -> None:
        self.starts: list[bool] = []
        self.told: list[NDArray[Any] | None] = []

    def predict(
        self,
        observation: Observation,
        state: State = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.float32], State]:
        """Acts as `Policy` says."""
        assert isinstance(observation, dict)
        assert episode_start is not None
        self.starts += episode_start.tolist()
        self.told.append(None if state is None else state[0].copy())
        return np.zeros((len(observation["state"]), 2), np.float32), (observation["state"][:, :3].copy(),)


def test_who_drives_goes_on_with_what_it_saw_and_begins_anew_after_the_arms_work(shared: WarehouseDeliverEnv) -> None:
    watching = Watching()
    carrier, state = Carrier(watching), None
    observation, _ = shared.reset(seed=5)
    assert isinstance(observation, dict)
    batch = {key: np.stack([part, part]) for key, part in observation.items()}
    seen = []
    for step in range(4):
        if step == 2:  # the second has come to where it has to stand, and drives on later
            batch["job"][1, 1:3] = 0.1, 0.0
        elif step == 3:
            batch["job"][1, 1:3] = 5.0, 0.0
        batch["state"] = batch["state"] + np.float32(0.001)
        seen.append(batch["state"][:, :3].copy())
        _, state = carrier.predict(batch, state, np.array([step == 0] * 2))
    assert watching.starts == [True, True, False, False, False, False, True]
    told = watching.told
    assert told[:1] == [None]
    for call, (step, robot) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0)]):
        before = told[call]
        assert (before is not None) == (call > 0)
        if step and before is not None:
            assert np.array_equal(before, seen[step - 1][robot : robot + 1])


def test_an_arm_that_sees_several_pictures_at_once_is_refused(
    shared: WarehouseDeliverEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_frames(files: AgentFiles) -> Agent:
        agent = agent_from_files(files)
        network = agent.card.network.model_copy(update={"frames": 2})
        agent.card = agent.card.model_copy(update={"network": network})
        return agent

    monkeypatch.setattr(team, "agent_from_files", with_frames)
    (tmp_path / "team.yaml").write_text(
        f"name: long\nenv: {{id: {ID}}}\n"
        "parts: {drive: warehouse-navigate, pick: warehouse-pick, place: warehouse-place}\n"
    )
    with pytest.raises(AgentError, match="pick: sees 2 pictures at once"):
        load_policy(tmp_path, shared)
