"""robosim/TerrainWalk: its reward, its ends, what it commands, what it observes, on every kind of ground."""

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from rollouts import play

from robosim.agents.policies.experts import make_expert
from robosim.agents.policies.trotter import Trotter
from robosim.envs.ground_eyes import DEPTHS
from robosim.envs.ground_scan import SCAN_X, SCAN_Y, SIZE, GroundScan
from robosim.envs.legged_score import State
from robosim.envs.sim_env import SimEnv
from robosim.envs.terrain_walk import (
    MOST_HEADING,
    REWARD,
    SHARE,
    SIDE_SPEED,
    SPEED,
    TerrainWalk,
    TerrainWalkEnv,
)
from robosim.robots.a1 import FOOT_RADIUS, MASS, Felt
from robosim.robots.gait import FOOT_X, FOOT_Y, HEIGHT
from robosim.worlds.terrain import CHOICES

ENV = "robosim/TerrainWalk-v0"
IDEAL = State(
    velocity=(0.5, 0.0, 0.0),
    spin=(0.0, 0.0, 0.0),
    command=(0.5, 0.0, 0.0),
    upright=1.0,
    height=0.28,
    heading_error=0.0,
    inside=True,
    felt=Felt(0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    bumps=0,
    heights=np.zeros(87),
)
# term → a state in which it pays less than in the ideal one
STILL = Felt(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
WORSE: dict[str, dict[str, Any]] = {
    "progress": {"velocity": (0.2, 0.0, 0.0)},
    "velocity": {"velocity": (0.5, 0.3, 0.0)},
    "turning": {"spin": (0.0, 0.0, 0.5)},
    "bounce": {"velocity": (0.5, 0.0, 0.3)},
    "rocking": {"spin": (1.0, 0.0, 0.0)},
    "effort": {"felt": STILL._replace(effort=1200.0)},
    "roughness": {"felt": STILL._replace(roughness=0.04)},
    "action": {"felt": STILL._replace(action_size=0.04)},
    "slip": {"felt": STILL._replace(slip=0.3)},
    "bump": {"bumps": 2},
    "fall": {"upright": 0.4},
    "left": {"inside": False},
}


def pay(state: State) -> dict[str, float]:
    return {name: term.weight * float(term.function(state)) for name, term in REWARD.items()}


@pytest.fixture
def env() -> Iterator[TerrainWalkEnv]:
    env = TerrainWalkEnv(observation="scan", level=5)
    yield env
    env.close()


def task_of(env: SimEnv) -> TerrainWalk:
    assert isinstance(env.task, TerrainWalk)
    return env.task


def test_walking_as_commanded_pays_three_and_a_half_a_second() -> None:
    assert sum(pay(IDEAL).values()) == pytest.approx(3.5)


@pytest.mark.parametrize("term", REWARD)
def test_each_term_falls_where_it_shall(term: str) -> None:
    worse = IDEAL._replace(**WORSE[term])
    assert pay(worse)[term] < pay(IDEAL)[term]
    assert sum(pay(worse).values()) < sum(pay(IDEAL).values())


def test_going_the_other_way_or_too_fast_pays_no_more() -> None:
    assert pay(IDEAL._replace(velocity=(-0.5, 0.0, 0.0)))["progress"] == -2.0
    assert pay(IDEAL._replace(velocity=(1.0, 0.0, 0.0)))["progress"] == 2.0


def test_lying_ends_as_a_fall_and_leaving_the_lane_does_not(env: TerrainWalkEnv) -> None:
    zero = np.zeros(15, np.float32)
    env.reset(seed=0)
    task = task_of(env)
    task.robot.body.place((-0.8, 0.0, 0.3), (1.0, 0.0, 0.0, 0.0))  # on its back
    *_, ended, _, info = env.step(zero)
    assert ended
    assert info["ends"] == ["fell"]
    assert info["episode_metrics"]["fell"] == 1.0
    env.reset(seed=0)
    task.robot.body.place((-0.8, 2.3, 0.3))
    *_, ended, _, info = env.step(zero)
    assert ended
    assert info["ends"] == ["left"]
    assert info["episode_metrics"]["fell"] == 0.0
    assert not info["is_success"]


def test_success_is_way_and_heading(env: TerrainWalkEnv) -> None:
    task = task_of(env)
    good = {"covered": SHARE * 8.0 + 0.01, "commanded": 8.0, "heading_error": 0.2}
    assert task.succeeded(good)
    assert not task.succeeded({**good, "covered": SHARE * 8.0 - 0.01})
    assert not task.succeeded({**good, "heading_error": 0.4})


def test_open_loop_trot_succeeds_on_level_ground_and_not_on_high_stairs() -> None:
    shares: dict[str, list[bool]] = {"flat": [], "stairs_up": []}
    for terrain, kept in shares.items():
        env = TerrainWalkEnv(terrain=terrain, level=9, split="test")
        for seed in range(4):
            env.reset(seed=seed)
            done = False
            while not done:
                _, _, terminated, truncated, info = env.step(np.zeros(15, np.float32))
                done = terminated or truncated
            kept.append(info["is_success"])
            assert info["kind"] == terrain
        env.close()
    assert sum(shares["flat"]) >= 3
    assert sum(shares["stairs_up"]) == 0


def test_commands_change_and_stay_within_their_limits(env: TerrainWalkEnv) -> None:
    env.reset(seed=1)
    task, commands = task_of(env), []
    for _ in range(900):
        env.step(np.zeros(15, np.float32))
        commands.append(task.robot.command.copy())
    forward, left, _ = np.array(commands).T
    assert forward.max() <= SPEED[1]
    assert forward[100:].min() >= SPEED[0]
    assert np.abs(left).max() <= SIDE_SPEED
    assert len(set(np.round(forward, 6).tolist())) > 10
    assert np.abs(np.diff(forward)).max() < 0.011
    assert abs(task._heading) <= MOST_HEADING


def test_a_push_changes_the_speed_as_it_says(env: TerrainWalkEnv) -> None:
    env.reset(seed=0)
    task = task_of(env)
    task.robot.body.place((-2.0, 0.0, 5.0))  # in the air nothing else does
    task.pushes.reset(np.random.default_rng(0), None)
    for _ in range(2):
        env.step(np.zeros(15, np.float32))
    task.pushes.push(0.6, 0.0)
    mass = MASS + task.robot._variation.payload
    before = task.robot.body.motion()[1][0]
    for _ in range(6):
        env.step(np.zeros(15, np.float32))
    assert task.robot.body.motion()[1][0] - before == pytest.approx(0.6 * MASS / mass, rel=0.25)


def test_the_scan_is_the_ground_around_the_robot() -> None:
    env = TerrainWalkEnv(observation="scan", level=9, terrain="stairs_up", randomise=False)
    env.reset(seed=0)
    task = task_of(env)
    task.robot.body.place((0.2, 0.0, 0.30))
    state = task.state()
    seen = env.task.observe(state)
    assert isinstance(seen, np.ndarray)
    near = len(SCAN_X) * len(SCAN_Y)
    scan, feet = seen[-SIZE:][:near].reshape(len(SCAN_X), -1), seen[near - SIZE :].reshape(4, len(FOOT_X), -1)
    ground = [[task.terrain.height(0.2 + x, y) for y in SCAN_Y] for x in SCAN_X]
    assert scan == pytest.approx(np.array(ground) - (0.30 - HEIGHT - FOOT_RADIUS), abs=1e-5)
    assert np.ptp(scan) > 0.1
    under = np.array(ground)[np.abs(SCAN_X) < 0.2]  # half the trunk's length, and a little
    assert task.scan.look(task.terrain.relief)[0] == pytest.approx(under.mean())
    assert GroundScan(task.robot, sees=False).look(task.terrain.relief)[0] == pytest.approx(under.mean())
    for (x, y, z), patch in zip(task.robot.aims(), feet, strict=True):
        around = [[task.terrain.height(0.2 + x + dx, y + dy) for dy in FOOT_Y] for dx in FOOT_X]
        assert patch == pytest.approx(np.array(around) - (0.30 + z - FOOT_RADIUS), abs=1e-5)
    env.close()


def test_randomisation_has_one_switch() -> None:
    for randomise in (False, True):
        env = TerrainWalkEnv(randomise=randomise, observation="scan", level=3)
        varied = []
        for seed in range(5):
            env.reset(seed=seed)
            task = task_of(env)
            varied.append((task.robot._variation, tuple(task.terrain.frictions), task.pushes._at, task.scan.offset))
        assert len(set(varied)) == (5 if randomise else 1)
        env.close()


@pytest.mark.medium
@pytest.mark.parametrize("terrain", CHOICES)
def test_an_episode_replays_bit_for_bit_on_every_kind(terrain: str) -> None:
    env = gym.make(ENV, terrain=terrain, level=8)
    first = play(env, 5, 300).digest()
    play(env, 6, 150, wild=True)
    play(env, 7, 60)
    assert play(env, 5, 300).digest() == first
    env.close()


@pytest.mark.medium
def test_every_kind_is_drawn_and_told(env: TerrainWalkEnv) -> None:
    kinds = {env.reset(seed=seed)[1]["kind"] for seed in range(120)}
    assert kinds == set(CHOICES)


@pytest.mark.parametrize("observation", ["state", "scan"])
@pytest.mark.parametrize("action", ["gait", "joint"])
def test_the_rival_follows_the_command_in_every_mode(observation: str, action: str) -> None:
    env: Any = gym.make(ENV, observation=observation, action=action, terrain="flat", randomise=False)
    expert = make_expert(env)
    assert isinstance(expert, Trotter)
    seen, _ = env.reset(seed=2)
    for _ in range(500):
        chosen, _ = expert.predict(seen)
        assert chosen.shape == env.action_space.shape
        seen, _, terminated, _, _ = env.step(chosen)
        assert not terminated
    batch = expert.predict(np.stack([seen, seen]))[0]
    assert (batch[0] == batch[1]).all()
    (x, _, _), _ = env.unwrapped.task.robot.body.pose()
    assert x > 1.0
    env.close()


def test_feet_come_down_where_they_are_foreseen_to() -> None:
    env = TerrainWalkEnv(observation="scan", terrain="flat", randomise=False)
    env.reset(seed=3)
    task, robot = task_of(env), task_of(env).robot
    for _ in range(150):
        env.step(np.zeros(15, np.float32))
    foreseen: dict[int, np.ndarray[Any, Any]] = {}
    errors = []
    for _ in range(100):
        down = list(robot.pressed)
        (x, y, _), _ = robot.body.pose()
        aims = robot.aims() + np.array((x, y, 0.0))
        env.step(np.zeros(15, np.float32))
        for leg in range(4):
            waiting = (1 - (robot.phase + (0.0 if leg in (0, 3) else 0.5)) % 1.0) / 2.5
            if 0.08 < waiting < 0.1:
                foreseen[leg] = aims[leg]
            if robot.pressed[leg] and not down[leg] and leg in foreseen:
                (x, y, z), _ = robot.body.pose()
                rows = np.array(robot.body.rows())
                errors.append(float(np.hypot(*(rows @ robot.feet[leg] + (x, y, z) - foreseen.pop(leg))[:2])))
    assert len(errors) > 10
    assert np.mean(errors) < 0.03
    assert task.terrain.kind == "flat"
    env.close()


def test_the_belly_sees_how_high_it_is_and_the_head_that_stairs_begin() -> None:
    along = {}
    for terrain in ("flat", "stairs_up"):
        env = TerrainWalkEnv(observation="camera", terrain=terrain, level=9, randomise=False)
        observation, _ = env.reset(seed=0)
        for _ in range(100):
            observation, *_ = env.step(np.zeros(15, np.float32))
        assert isinstance(observation, dict)
        along[terrain] = np.diff(observation["depth8_head"][:48, 32, 0].astype(float))  # below are its own legs
        if terrain == "flat":
            (_, _, z), _ = env.task.robot.body.pose()
            middle = observation["depth8_belly"][28:36, 28:36].mean() * DEPTHS[1] / 255
            assert middle == pytest.approx(z - 0.06, abs=0.015)
            shown = env.task.sketch(env.task.state()).insets  # what spectators see of it
            assert set(shown) == {"head", "belly"}
            near, far = (shown["head"][row, 32].astype(int) for row in (40, 4))
            assert near[0] - near[2] > far[0] - far[2]  # redder
        env.close()
    nearer = {terrain: np.maximum(steps, 0).sum() for terrain, steps in along.items()}
    assert nearer["flat"] <= 2  # from bottom to top it is ever farther away, but for rounding
    assert nearer["stairs_up"] > 5  # a riser's upper edge is nearer than its foot
