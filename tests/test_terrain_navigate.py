"""robosim/TerrainNavigate: its reward, its ends, what it observes, and the rival that knows the way."""

import math
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from robosim.agents.policies.find import load_policy
from robosim.agents.policies.policy import Policy
from robosim.agents.policies.stepper import Stepper
from robosim.agents.policies.wayfinder import FAST, Wayfinder, walking
from robosim.agents.storage.files import AgentError
from robosim.envs import legged_score as score
from robosim.envs.ground_scan import SIZE
from robosim.envs.terrain_navigate import (
    DONE,
    LOOK,
    OUTLOOK_X,
    OUTLOOK_Y,
    REWARD,
    State,
    TerrainNavigate,
    TerrainNavigateEnv,
    spl,
)
from robosim.robots.a1 import Felt
from robosim.robots.gait import SPEED, SPEED_RANGE, TURN_RANGE

ID = "robosim/TerrainNavigate-v0"
FELT = Felt(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
STILL = score.State(
    velocity=(0.0, 0.0, 0.0),
    spin=(0.0, 0.0, 0.0),
    command=(0.0, 0.0, 0.0),
    upright=1.0,
    height=0.26,
    heading_error=0.0,
    inside=True,
    felt=FELT,
    bumps=0,
    heights=np.zeros(0),
)
IDEAL = State(STILL, to_goal=5.0, way=6.0, progress=0.01, walked=0.01, path=2.0, shortest=8.0)
THERE = IDEAL._replace(to_goal=0.3)
WORSE = {
    "progress": IDEAL._replace(progress=0.0),
    "bounce": IDEAL._replace(walk=STILL._replace(velocity=(0.0, 0.0, 0.3))),
    "rocking": IDEAL._replace(walk=STILL._replace(spin=(0.0, 1.0, 0.0))),
    "effort": IDEAL._replace(walk=STILL._replace(felt=FELT._replace(effort=972.0))),
    "roughness": IDEAL._replace(walk=STILL._replace(felt=FELT._replace(roughness=0.04))),
    "action": IDEAL._replace(walk=STILL._replace(felt=FELT._replace(action_size=0.04))),
    "slip": IDEAL._replace(walk=STILL._replace(felt=FELT._replace(slip=0.2))),
    "bump": IDEAL._replace(walk=STILL._replace(bumps=1)),
    "fall": IDEAL._replace(walk=STILL._replace(height=0.05)),
    "strayed": IDEAL._replace(walk=STILL._replace(inside=False)),
}


def pay(state: State) -> dict[str, float]:
    return {name: term.weight * float(term.function(state)) for name, term in REWARD.items()}


@pytest.fixture
def env() -> Iterator[TerrainNavigateEnv]:
    env = TerrainNavigateEnv(level=5, guidance="path", split="val")
    yield env
    env.close()


def task_of(env: TerrainNavigateEnv) -> TerrainNavigate:
    assert isinstance(env.task, TerrainNavigate)
    return env.task


@pytest.mark.parametrize("term", WORSE)
def test_each_term_falls_where_it_shall(term: str) -> None:
    assert pay(WORSE[term])[term] < pay(IDEAL)[term]
    assert sum(pay(WORSE[term]).values()) < sum(pay(IDEAL).values())


def test_arriving_pays_and_ends_and_time_costs() -> None:
    assert pay(THERE)["arrived"] > pay(IDEAL)["arrived"] == 0
    assert pay(IDEAL)["time"] < 0
    assert set(REWARD) == {*WORSE, "arrived", "time"}
    ends = {name: [DONE[name].function(state) for state in (IDEAL, THERE)] for name in DONE}
    assert ends == {"arrived": [False, True], "fell": [False, False], "strayed": [False, False]}
    fallen = THERE._replace(walk=STILL._replace(upright=0.1))
    assert [DONE[name].function(fallen) for name in ("arrived", "fell")] == [False, True]
    assert DONE["strayed"].function(WORSE["strayed"])


def test_spl_is_the_share_of_the_way_that_was_needed() -> None:
    assert spl(IDEAL) == 0
    assert spl(THERE) == 1
    assert spl(THERE._replace(path=16.0)) == pytest.approx(0.5)


def test_it_observes_the_goal_the_way_and_the_ground_around() -> None:
    plain = TerrainNavigateEnv(level=5, guidance="path", split="val", randomise=False)
    seen, _ = plain.reset(seed=3)
    task = task_of(plain)
    assert isinstance(seen, dict)
    x, y, heading = task.field.layout.start
    goal_x, goal_y = task.field.layout.goal
    far, cos, sin = seen["state"][-3:]
    assert far == pytest.approx(math.dist((x, y), (goal_x, goal_y)), rel=1e-5)
    assert math.remainder(math.atan2(sin, cos) + heading - math.atan2(goal_y - y, goal_x - x), 2 * math.pi) == (
        pytest.approx(0.0, abs=1e-5)
    )
    way_x, way_y, left = seen["way"]
    assert left == pytest.approx(task.field.geodesic.distance(x, y), rel=0.02)
    assert math.hypot(way_x, way_y) == pytest.approx(LOOK, abs=0.02)
    there = (
        x + math.cos(heading) * way_x - math.sin(heading) * way_y,
        y + math.sin(heading) * way_x + math.cos(heading) * way_y,
    )
    assert task.field.passable(*there)
    assert seen["scan"].shape == (SIZE,)
    outlook = seen["outlook"].reshape(len(OUTLOOK_X), len(OUTLOOK_Y))
    for i, ahead in enumerate(OUTLOOK_X):
        for j, left_of in enumerate(OUTLOOK_Y):
            px = x + math.cos(heading) * ahead - math.sin(heading) * left_of
            py = y + math.sin(heading) * ahead + math.cos(heading) * left_of
            assert outlook[i, j] == pytest.approx(np.clip(task.field.height(px, py), -0.5, 0.5), abs=0.01)
    plain.close()


def test_only_the_guided_are_told_the_way() -> None:
    env = TerrainNavigateEnv(level=2)
    seen, _ = env.reset(seed=0)
    assert isinstance(seen, dict)
    assert set(seen) == {"state", "scan", "outlook"}
    env.close()


def test_the_way_on_its_own_map_is_planned_without_what_it_has_not_seen() -> None:
    with closing(TerrainNavigateEnv(level=9, guidance="map", split="val")) as env:
        longer = 0
        for seed in range(10):
            seen, _ = env.reset(seed=seed)
            assert isinstance(seen, dict)
            field = task_of(env).field
            straight = math.dist(field.layout.start[:2], field.layout.goal)
            assert straight - 0.01 <= seen["way"][2] <= field.geodesic.distance(*field.layout.start[:2]) + 0.6
            longer += seen["way"][2] > straight + 0.1
        assert 2 < longer < 10  # what is in the way was in view, or not


def test_the_action_steers(env: TerrainNavigateEnv) -> None:
    for forward, turn in ((1.0, -1.0), (-1.0, 1.0), (0.0, 0.0)):
        env.reset(seed=1)
        for _ in range(60):
            env.step(np.array([*[0.0] * 15, forward, turn], np.float32))
        command = task_of(env).robot.command
        assert command == pytest.approx((SPEED + SPEED_RANGE * forward, 0.0, TURN_RANGE * turn), abs=0.02)


def outcome(env: TerrainNavigateEnv, policy: Policy, seed: int) -> dict[str, Any]:
    seen, _ = env.reset(seed=seed)
    state, done = None, False
    info: dict[str, Any] = {}
    while not done:
        action, state = policy.predict(seen, state)
        seen, _, terminated, truncated, info = env.step(action)
        done = terminated or truncated
    return info


@pytest.mark.medium
def test_the_rival_arrives_where_it_knows_the_way_and_not_where_it_goes_straight() -> None:
    arrived = {}
    for guidance in ("path", "goal"):
        env = TerrainNavigateEnv(level=4, guidance=guidance, split="val")
        arrived[guidance] = sum(outcome(env, Wayfinder(Stepper()), seed)["is_success"] for seed in range(5))
        env.close()
    assert arrived["path"] >= 3 > arrived["goal"]


def test_the_rival_turns_to_the_way_before_it_hurries() -> None:
    seen = {"state": np.zeros(61, np.float32), "scan": np.zeros(SIZE, np.float32), "outlook": np.zeros(225, np.float32)}
    for way, forward, turn in (((1.0, 0.0), FAST, 0.0), ((0.0, 1.0), 0.1, TURN_RANGE), ((0.0, -1.0), 0.1, -TURN_RANGE)):
        action, _ = Wayfinder().predict({**seen, "way": np.array([*way, 5.0], np.float32)})
        assert action.shape == (17,)
        assert SPEED + SPEED_RANGE * action[15] == pytest.approx(forward, abs=1e-6)
        assert TURN_RANGE * action[16] == pytest.approx(turn, abs=1e-6)


def test_the_rival_acts_alike_alone_and_in_a_batch(env: TerrainNavigateEnv) -> None:
    observations = [seen for seed in range(3) if isinstance(seen := env.reset(seed=seed)[0], dict)]
    batch = {key: np.stack([seen[key] for seen in observations]) for key in ("state", "scan", "way")}
    together, _ = Wayfinder(Stepper()).predict(batch)
    alone = [Wayfinder(Stepper()).predict(seen)[0] for seen in observations]
    assert (together == np.stack(alone)).all()


@pytest.mark.parametrize("guidance", ["goal", "path"])
def test_an_agents_legs_go_where_the_wayfinder_steers(tmp_path: Path, guidance: str) -> None:
    (tmp_path / "team.yaml").write_text(
        f"name: legs\nenv: {{id: {ID}, kwargs: {{guidance: {guidance}}}}}\nparts: {{legs: terrain-walk}}\n"
    )
    with (
        closing(gym.make(ID, guidance=guidance)) as here,
        closing(gym.make("robosim/TerrainWalk-v0", observation="scan")) as elsewhere,
    ):
        team, legs = load_policy(tmp_path, here), load_policy("terrain-walk", elsewhere)
        seen, _ = here.reset(seed=3)
        walks = walking(seen)
        assert walks.shape[1:] == elsewhere.observation_space.shape
        action, _ = team.predict(seen, deterministic=True)
        assert np.array_equal(action[:-2], legs.predict(walks[0], deterministic=True)[0])
        assert np.array_equal(action[-2:], Wayfinder().predict(seen)[0][-2:])


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ("{legs: terrain-balance}", r"legs: observation_space: the agent has \(\d+,\), not \(224,\)"),
        ("{drive: warehouse-navigate}", r"\['drive'\]: a team for .* has \['legs'\]"),
    ],
)
def test_legs_that_cannot_walk_here_are_refused(tmp_path: Path, parts: str, told: str) -> None:
    (tmp_path / "team.yaml").write_text(f"name: legs\nenv: {{id: {ID}}}\nparts: {parts}\n")
    with closing(gym.make(ID)) as env, pytest.raises(AgentError, match=told):
        load_policy(tmp_path, env)
