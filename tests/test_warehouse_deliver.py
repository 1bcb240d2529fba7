"""WarehouseDeliver: the whole job from end to end, what ends it, what is told of it, and agents that share it."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
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
from robosim.envs.warehouse_deliver import TIME_PER_ORDER, WarehouseDeliver, WarehouseDeliverEnv
from robosim.errors import RobosimError
from robosim.math import IDENTITY
from robosim.planning.grid import Grid, clearance
from robosim.robots.mast import REACH
from robosim.seeding import Streams
from robosim.task import Observation
from robosim.worlds.store.delivered import placement
from robosim.worlds.store.depot_orders import BACK, Floor, draw_depot
from robosim.worlds.store.footprints import overlap
from robosim.worlds.store.layout import DEPTH
from robosim.worlds.warehouse.generate import RADIUS

ID = "robosim/WarehouseDeliver-v0"


def made(**kwargs: Any) -> WarehouseDeliverEnv:  # noqa: ANN401 (the environment's own)
    env = gym.make(ID, **kwargs).unwrapped
    assert isinstance(env, WarehouseDeliverEnv)
    return env


def task_of(env: WarehouseDeliverEnv) -> WarehouseDeliver:
    assert isinstance(env.task, WarehouseDeliver)
    return env.task


@pytest.fixture(scope="module")
def shared() -> Iterator[WarehouseDeliverEnv]:
    env = made(level=0)
    yield env
    env.close()


def carry_on(
    env: WarehouseDeliverEnv, observation: Observation, until: Phase | None = None, carrier: Carrier | None = None
) -> tuple[Observation, dict[str, Any], list[tuple[Phase, bool]]]:
    """Lets one act, the rival if none is given, until the end, or until it begins something; gives its phases, too."""
    carrier = carrier or Carrier()
    state, phases, info = None, list[tuple[Phase, bool]](), dict[str, Any]()
    for _ in range(3000):
        action, state = carrier.predict(observation, state)
        assert state is not None
        assert isinstance(observation, dict)
        now = Phase(int(state[0][0, 0])), bool(observation["job"][0] > 0.5)
        if not phases or phases[-1] != now:
            phases.append(now)
        if until is not None and now[0] == until:
            break
        observation, _, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            break
    return observation, info, phases


def test_the_rival_brings_what_was_ordered(shared: WarehouseDeliverEnv) -> None:
    observation, _ = shared.reset(seed=1)
    _, info, phases = carry_on(shared, observation)
    assert info["ends"] == ["fulfilled"]
    assert info["is_success"]
    assert [phase.name for phase, fetching in phases if fetching] == ["GO", "NEAR", "ALIGN", "WORK"]
    assert [phase.name for phase, fetching in phases if not fetching][-1] == "WORK"
    task, metrics = task_of(shared), info["episode_metrics"]
    parcel = task.world.depot.parcels[task.job.parcel]
    lies = placement(task.world.packages.bodies[parcel.number].pose(), parcel.model.size, task.job.area)
    assert lies.outside < 0
    assert task.job.area.letter == parcel.model.letter
    assert (metrics["delivered"], metrics["right_package"], metrics["wrong_package"]) == (1.0, 1.0, 0.0)
    assert metrics["placement_error"] < 0.8 * math.sqrt(2)
    assert info["episode_rates"]["packages_per_hour"] == (3600.0, metrics["time"])


def test_an_episode_in_which_the_arm_moves_about_comes_back_bit_for_bit() -> None:
    env = made(level="mixed", split="test")
    assert isinstance(env.action_space, gym.spaces.Box)
    size = env.action_space.shape

    def play() -> list[tuple[Any, ...]]:
        actions, (observation, _), seen = np.random.default_rng(7), env.reset(seed=7), []
        for _ in range(40):
            assert isinstance(observation, dict)
            seen.append(tuple(part.tobytes() for part in observation.values()))
            action = actions.uniform(-1, 1, size).astype(np.float32)
            observation, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                break
        return seen

    first = play()
    env.reset(seed=20)
    env.step(np.zeros(size, np.float32))
    assert play() == first
    env.close()


@pytest.mark.medium
def test_orders_follow_one_another_and_have_time_for_each() -> None:
    env = made(level=0, orders=3)
    observation, _ = env.reset(seed=4)
    _, info, _ = carry_on(env, observation)
    assert info["ends"] == ["fulfilled"]
    assert info["episode_metrics"]["delivered"] == 3.0
    task = task_of(env)
    assert task.time_limit == 3 * TIME_PER_ORDER
    for number, area in task._brought:
        parcel = task.world.depot.parcels[number]
        pose = task.world.packages.bodies[parcel.number].pose()
        assert placement(pose, parcel.model.size, area).outside < 0
        assert parcel.model.letter == area.letter
    env.close()


@pytest.mark.parametrize("orders", [0, 6, "many"])
def test_more_orders_than_there_are_is_refused(orders: object) -> None:
    with pytest.raises(RobosimError, match=rf"orders={orders!r} .*'1', '2', '3', '4', '5'"):
        made(orders=orders)


def test_what_is_told_changes_when_the_package_is_out(shared: WarehouseDeliverEnv) -> None:
    observation, _ = shared.reset(seed=2)
    assert isinstance(observation, dict)
    assert observation["job"][0] == 1.0
    assert observation["pick"].any()
    assert not observation["place"].any()
    observation, _, _ = carry_on(shared, observation, until=Phase.STOW)
    assert isinstance(observation, dict)
    assert observation["job"][0] == 0.0
    assert not observation["pick"].any()
    assert observation["place"][7] == 1.0  # held
    assert task_of(shared).job.area.letter == task_of(shared).place.layout.held.model.letter


def test_who_lets_it_fall_by_the_way_has_failed(shared: WarehouseDeliverEnv) -> None:
    observation, _ = shared.reset(seed=2)
    carry_on(shared, observation, until=Phase.STOW)
    for _ in range(40):
        _, _, terminated, _, info = shared.step(np.zeros(6, np.float32))  # no air is drawn
        if terminated:
            break
    assert terminated
    assert set(info["ends"]) <= {"dropped", "misplaced"}
    assert info["episode_metrics"]["drops"] == 1.0


def test_to_hold_another_letter_is_wrong(shared: WarehouseDeliverEnv) -> None:
    shared.reset(seed=3)
    task = task_of(shared)
    depot = task.world.depot
    other = next(parcel for parcel in depot.parcels if parcel.model.letter != task.job.area.letter)
    body = task.world.packages.bodies[other.number]
    (x, y, z), turn = task.robot.suction.pose()  # the cup looks back over the deck
    rows = task.robot.body.rows()
    away = other.model.size[0] / 2 + 0.002
    body.place((x - rows[0][0] * away, y - rows[1][0] * away, z), turn)
    task.robot.suction.grasp(body)
    hold = np.array([0, 0, 0, 0, 0, 1], np.float32)
    _, reward, terminated, _, info = shared.step(hold)
    assert terminated
    assert "wrong" in info["ends"]
    assert reward < 0
    assert info["episode_metrics"]["wrong_package"] == 1.0


def test_what_it_carries_must_not_touch_a_person() -> None:
    env = made(level=4)
    observation, _ = env.reset(seed=8)
    carry_on(env, observation, until=Phase.STOW)
    task = task_of(env)
    package = task.robot.suction.held
    assert package is not None
    (x, y, _), _ = package.pose()
    walker = task.drive.traffic.bodies[0]
    walker.place((x, y, 0.0), IDENTITY)
    env.physics.step(1)
    assert task.state().knocked
    env.close()


def test_a_blocked_spot_is_joined_to_nothing() -> None:
    blocked = np.ones((4, 4), np.bool_)
    grid, free = Grid((0.0, 0.0), 1.0, blocked), np.ones((4, 4), np.float32)
    regions = np.zeros((4, 4), np.int32)
    regions[1, 1] = regions[1, 2] = 1
    whole = np.ones((4, 4), np.int32)
    here, beside, blocked_one = (1.5, 1.5, 0.0), (1.5, 2.5, 0.0), (2.5, 2.5, 0.0)
    for pair in ((whole, regions), (regions, whole)):
        floor = Floor(grid, grid, free, pair)
        assert floor.joins([here, beside])
        assert not floor.joins([here, blocked_one])


def test_depots_can_be_worked_in() -> None:
    for seed in range(30):
        level = seed % 10
        depot = draw_depot(Streams("train", seed).world, level, 1 + seed % 3).depot
        again = draw_depot(Streams("train", seed).world, level, 1 + seed % 3).depot
        assert depot.jobs == again.jobs
        assert depot.parcels == again.parcels
        hall, rack = depot.hall, depot.shelving.footprint
        standing = [tuple(row) for row in hall.true_footprints().tolist() if tuple(row) != rack]
        assert not any(overlap(rack, other) for other in standing)
        walls = min(hall.size[0] / 2 - abs(depot.shelving.x), hall.size[1] / 2 - abs(depot.shelving.y))
        assert walls == pytest.approx(DEPTH / 2 + 0.12, abs=0.01)
        for job in depot.jobs:
            parcel = depot.parcels[job.parcel]
            assert parcel.model.letter == job.area.letter
            assert math.dist(job.fetch[:2], parcel.face[:2]) == pytest.approx(0.995, abs=0.04)
            assert math.dist(job.bring[:2], (job.area.x, job.area.y)) == pytest.approx(1.1)
        assert len({job.parcel for job in depot.jobs}) == len(depot.jobs)


def test_where_it_has_to_stand_there_is_room_and_a_way() -> None:
    for seed in range(20):
        found = draw_depot(Streams("val", seed).world, seed % 10, 1)
        free, hall = clearance(found.drawn.true), found.depot.hall
        known = clearance(found.drawn.known)
        (job,) = found.depot.jobs
        assert math.isfinite(found.drawn.geodesic.distance(*hall.start[:2]))
        for x, y, heading in (job.fetch, job.bring):
            for back in (0.0, BACK):
                cell = found.drawn.true.index(x - back * math.cos(heading), y - back * math.sin(heading))
                assert free[cell] >= RADIUS
            assert math.isfinite(found.drawn.geodesic.distance(x, y))
            assert known[found.drawn.known.index(x, y)] >= RADIUS


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
