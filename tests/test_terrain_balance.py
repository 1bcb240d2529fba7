"""robosim/TerrainBalance: its platform, its pushes, its ends and its reward."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest

from robosim.agents.policies.trotter import Trotter
from robosim.envs import legged_score as score
from robosim.envs.terrain_balance import LOAD, PUSH, RECOVERED, REWARD, State, TerrainBalance, TerrainBalanceEnv
from robosim.physics import Physics
from robosim.robots.a1 import MASS, Felt
from robosim.robots.pushes import LENGTH, Pushes
from robosim.worlds.platform import TILT, Platform

FELT = Felt(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
STILL = score.State(
    velocity=(0.0, 0.0, 0.0),
    spin=(0.0, 0.0, 0.0),
    command=(0.0, 0.0, 0.0),
    upright=1.0,
    height=0.28,
    heading_error=0.0,
    inside=True,
    felt=FELT,
    bumps=0,
    heights=np.zeros(0),
)
IDEAL = State(STILL, 0.0, 0.0)
WORSE = {
    "upright": IDEAL._replace(walk=STILL._replace(upright=0.8)),
    "near": IDEAL._replace(away=0.4),
    "velocity": IDEAL._replace(walk=STILL._replace(velocity=(0.3, 0.0, 0.0))),
    "rocking": IDEAL._replace(walk=STILL._replace(spin=(0.0, 1.0, 0.0))),
    "effort": IDEAL._replace(walk=STILL._replace(felt=FELT._replace(effort=972.0))),
    "roughness": IDEAL._replace(walk=STILL._replace(felt=FELT._replace(roughness=0.04))),
    "action": IDEAL._replace(walk=STILL._replace(felt=FELT._replace(action_size=0.04))),
    "slip": IDEAL._replace(walk=STILL._replace(felt=FELT._replace(slip=0.2))),
    "bump": IDEAL._replace(walk=STILL._replace(bumps=1)),
    "fall": IDEAL._replace(walk=STILL._replace(height=0.05)),
    "left": IDEAL._replace(walk=STILL._replace(inside=False)),
}


def pay(state: State) -> dict[str, float]:
    return {name: term.weight * float(term.function(state)) for name, term in REWARD.items()}


@pytest.fixture
def env() -> Iterator[TerrainBalanceEnv]:
    env = TerrainBalanceEnv(level=3)
    yield env
    env.close()


def task_of(env: TerrainBalanceEnv) -> TerrainBalance:
    assert isinstance(env.task, TerrainBalance)
    return env.task


@pytest.mark.parametrize("term", REWARD)
def test_each_term_falls_where_it_shall(term: str) -> None:
    assert pay(WORSE[term])[term] < pay(IDEAL)[term]
    assert sum(pay(WORSE[term]).values()) < sum(pay(IDEAL).values()) == pytest.approx(3.0)


def test_the_platform_is_where_its_height_says_and_stays_within_its_tilt() -> None:
    with Physics(1 / 250) as physics:
        platform = Platform(physics)
        physics.save()
        physics.restore()
        platform.reset(np.random.default_rng(0), 9)
        rng, tilts, errors = np.random.default_rng(1), [], []
        for step in range(2500):
            platform.move(step / 250)
            physics.step()
            if step % 25 == 0:
                x, y = rng.uniform(-0.8, 0.8, 2)
                hit = physics.ray((x, y, 2.0), (x, y, -2.0))
                assert hit is not None
                errors.append(abs(hit[2] - platform.height(x, y)))
                tilts.append(max(map(abs, platform.place[3:])))
        assert max(errors) < 0.012  # the motors follow by half of the way a step
        assert TILT[1] / 2 < max(tilts) <= TILT[1]


def test_a_push_gives_the_speed_it_names() -> None:
    with Physics(1 / 250) as physics:
        box = physics.add_box((0.3, 0.3, 0.1), MASS, (1, 1, 1, 1))
        box.set_damping(0.0, 0.0)
        pushes = Pushes(box, MASS, (1.0, 2.0), (3.0, 4.0), 1 / 50)
        physics.save()
        pushes.reset(np.random.default_rng(0), (0.5, 0.9))
        begun = []
        for step in range(500):
            before = box.motion()[1]
            pushes.advance()
            if pushes.since == 0.0:
                begun.append((step / 50, pushes.last))
                start = before
            for _ in range(5):
                pushes.disturb()
                physics.step()
            if begun and abs(pushes.since - LENGTH) < 1e-6:
                gained = [a - b for a, b in zip(box.motion()[1][:2], start[:2], strict=True)]
                assert math.hypot(*gained) == pytest.approx(pushes.last, rel=0.01)
        assert 1.0 <= begun[0][0] <= 2.05
        assert all(2.9 < b[0] - a[0] < 4.1 for a, b in itertools.pairwise(begun))
        assert all(0.5 <= size <= 0.9 for _, size in begun)


def test_pushes_and_load_grow_with_the_level() -> None:
    for level, share in ((0, 0.0), (9, 1.0)):
        env = TerrainBalanceEnv(level=level)
        most = PUSH[0] + (PUSH[1] - PUSH[0]) * share
        loads = []
        for seed in range(8):
            env.reset(seed=seed)
            assert task_of(env).pushes._sizes == pytest.approx((most / 2, most))
            loads.append(task_of(env).robot._variation.payload)
        assert 0 <= min(loads) < max(loads) <= LOAD[0] + (LOAD[1] - LOAD[0]) * share
        env.close()


def test_it_is_told_to_go_back_to_the_middle(env: TerrainBalanceEnv) -> None:
    env.reset(seed=0)
    task = task_of(env)
    (_, _, z), _ = task.robot.body.pose()
    task.robot.body.place((0.5, 0.0, z), (0.0, 0.0, math.sin(math.pi / 4), math.cos(math.pi / 4)))  # it looks along y
    env.step(np.zeros(15, np.float32))
    forward, left, _ = task.robot.command.tolist()
    assert abs(forward) < 0.05
    assert left == pytest.approx(0.3)


def test_falling_and_leaving_end_it(env: TerrainBalanceEnv) -> None:
    zero = np.zeros(15, np.float32)
    env.reset(seed=0)
    task_of(env).robot.body.place((0.0, 0.0, 0.1), (1.0, 0.0, 0.0, 0.0))
    *_, info = env.step(zero)
    assert info["ends"] == ["fell"]
    env.reset(seed=0)
    task_of(env).robot.body.place((1.05, 0.0, 0.28))
    *_, info = env.step(zero)
    assert info["ends"] == ["left"]


def test_a_push_counts_once_it_is_survived(env: TerrainBalanceEnv) -> None:
    env.reset(seed=0)
    task = task_of(env)
    task.pushes.reset(np.random.default_rng(0), None)
    task.pushes.push(0.3, 0.0)
    seen = []
    for _ in range(round(RECOVERED * 50) + 5):
        *_, info = env.step(np.zeros(15, np.float32))
        seen.append(info["metric/push_survived"])
    assert seen[10] == 0.0
    assert seen[-1] == 0.3


@pytest.mark.medium
def test_the_rival_keeps_its_feet_where_it_is_easy() -> None:
    env, expert, kept = TerrainBalanceEnv(level=0, split="val"), Trotter(), []
    for seed in range(5):
        observation, _ = env.reset(seed=seed)
        done = False
        while not done:
            observation, _, terminated, truncated, info = env.step(expert.predict(observation)[0])
            done = terminated or truncated
        kept.append(info["is_success"])
    assert sum(kept) >= 4
    env.close()
