"""In a mirror: A1's senses, its actions and what it sees of the ground; and PPO that learns from both sides."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toy_run import toy

from robosim.agents.policies.network import NetworkConfig
from robosim.agents.storage.agent import load_agent
from robosim.agents.training.imitate import _fit
from robosim.agents.training.learner import make_envs, make_model
from robosim.agents.training.mirrored import MirroredPolicy, MirrorError, mirrors_of, unfolded
from robosim.agents.training.recording import Recording
from robosim.agents.training.run_folder import RunError
from robosim.agents.training.train import train
from robosim.envs.ground_scan import SCAN_MIRROR, GroundScan
from robosim.math import IDENTITY
from robosim.mirror import ABOUT_THEM, FORWARD_LEFT_UP, Mirror, Mirrors, signed
from robosim.physics import Physics
from robosim.robots.a1 import A1, Variation
from robosim.robots.a1_mirror import mirrored_action, mirrored_senses
from robosim.terrain.relief import Relief
from robosim.terrain.shapes import SHAPE
from robosim.worlds.floor import Floor

Action = Literal["gait", "joint"]
KINDS = [  # and which share of an action is another one in the mirror
    ("robosim/TerrainWalk-v0", {"observation": "scan", "action": "gait"}, 12 / 15),
    ("robosim/TerrainWalk-v0", {"observation": "state", "action": "joint"}, 1.0),
    ("robosim/TerrainBalance-v0", {"action": "gait"}, 12 / 15),
    ("robosim/TerrainBalance-v0", {"action": "joint"}, 1.0),
    ("robosim/WarehouseNavigate-v2", {"guidance": "path"}, 1 / 2),
    ("robosim/WarehouseNavigate-v2", {"guidance": "goal"}, 1 / 2),
]
CONTROL_DT = 1 / 50


def in_mirror(mirror: Mirror | Mapping[str, Mirror], seen: Any) -> Any:  # noqa: ANN401
    """Gives what the mirror shows of a vector, or of a dict of them."""
    if isinstance(mirror, Mirror):
        return mirror(seen)
    return {key: mirror[key](part) for key, part in seen.items()}


def flat(seen: Any) -> NDArray[np.float32]:  # noqa: ANN401
    """Gives a vector, or those of a dict one after another."""
    return np.concatenate(list(seen.values())) if isinstance(seen, Mapping) else np.asarray(seen)


@pytest.mark.parametrize(("name", "kwargs", "turned"), KINDS)
def test_a_mirror_of_a_mirror_shows_things_as_they_are(name: str, kwargs: dict[str, Any], turned: float) -> None:
    changed = []
    with closing(gym.make(name, **kwargs)) as env:
        mirrors = env.unwrapped.mirrors  # type: ignore[attr-defined]
        for space, mirror in ((env.observation_space, mirrors.observation), (env.action_space, mirrors.action)):
            space.seed(1)
            values = space.sample()
            shown = in_mirror(mirror, values)
            changed.append((flat(shown) != flat(values)).mean())
            np.testing.assert_array_equal(flat(in_mirror(mirror, shown)), flat(values))
    assert changed[0] > 0.5
    assert changed[1] == turned


def walked(
    action: Action, actions: NDArray[np.float32], command: tuple[float, ...], phase: float
) -> NDArray[np.float32]:
    """What a robot on level ground feels in each step."""
    with Physics(1 / 250) as physics:
        Floor(physics, steepest=0.0, slickest=1.0)
        robot = A1(physics, CONTROL_DT, action)
        physics.save()
        robot.configure(Variation())
        robot.reset(((0.0, 0.0, 0.0), IDENTITY), np.random.default_rng(0), 0.0)
        robot.phase, felt = phase, []
        for acts in actions:
            robot.command[:] = command
            robot.act(acts)
            for _ in range(5):
                robot.actuate()
                physics.step()
            robot.sense()
            felt.append(robot.proprioception())
    return np.array(felt)


@pytest.mark.parametrize(("action", "size"), [("gait", 15), ("joint", 12)])
def test_a_mirrored_robot_feels_what_the_mirror_shows_of_the_robot(action: Action, size: int) -> None:
    """Nearly: A1's trunk has its centre of mass 4 mm to one side, and the solver takes contacts in an order."""
    actions = 0.3 * np.random.default_rng(0).uniform(-1, 1, (15, size)).astype(np.float32)
    felt = walked(action, actions, (0.3, 0.1, 0.4), 0.0)
    other = walked(action, mirrored_action(size)(actions), (0.3, -0.1, -0.4), 0.5)
    shown = mirrored_senses(size)(felt)
    scale = np.abs(felt).max(axis=0).clip(0.1)
    assert (np.abs(other - shown) / scale).mean(axis=0).max() < 0.3  # a wrong sign would be an error of about 1
    assert (np.abs(other - felt) / scale).mean() > 0.3


def test_what_it_sees_of_mirrored_ground_is_mirrored() -> None:
    rng = np.random.default_rng(1)
    heights = rng.uniform(-0.1, 0.1, (1, 1, *SHAPE))
    seen = []
    with Physics(1 / 250) as physics:
        Floor(physics, steepest=0.0, slickest=1.0)
        robot = A1(physics, CONTROL_DT)
        for phase, ground, side in ((0.1, heights, 1.0), (0.6, heights[..., ::-1], -1.0)):
            robot.reset(((1.5, side * 0.3, 0.0), IDENTITY), rng, 0.0)
            robot.phase, robot.command[:] = phase, (0.4, side * 0.1, side * 0.5)
            relief = Relief(np.ascontiguousarray(ground), np.zeros((1, 1), np.bool_), 0.0, -2.0, 0.0)
            seen.append(GroundScan(robot).look(relief)[1].astype(np.float32))
    assert np.ptp(seen[0]) > 0.1
    np.testing.assert_allclose(SCAN_MIRROR(seen[0]), seen[1], atol=1e-4)


def test_what_points_left_changes_and_what_turns_left_too() -> None:
    forward, turning = np.array([3.0, 2.0, 1.0]), np.array([0.1, 0.2, 0.3])
    left = np.cross(turning, forward) * FORWARD_LEFT_UP
    np.testing.assert_allclose(np.cross(turning * ABOUT_THEM, forward * FORWARD_LEFT_UP), left)


BALANCE = {"id": "robosim/TerrainBalance-v0", "kwargs": {"level": 1}}
NAVIGATE = {"id": "robosim/WarehouseNavigate-v2", "kwargs": {"level": 1}}


@pytest.fixture(
    params=[(BALANCE, {}), (BALANCE, {"observation": False}), (NAVIGATE, {"keys": ["state"]}), (NAVIGATE, {})],
    ids=["vector", "vector-raw", "dict", "dict-normalised"],
)
def model(request: pytest.FixtureRequest) -> Iterator[Any]:
    env, normalise = request.param
    experiment = toy(
        normalise=normalise,
        env=env,
        envs=2,
        network={"hidden": [16, 12]},
        ppo={"n_steps": 16, "batch_size": 8, "n_epochs": 2, "mirror": True, "target_kl": None},
        total_steps=32,
    )
    with closing(make_envs(experiment)) as envs:
        yield make_model(experiment, envs, "cpu", 0)


def mirrors_in(model: Any) -> Mirrors:  # noqa: ANN401
    """Gives those of the task that a model learns."""
    with closing(gym.make((BALANCE if len(model.action_space.low) == 15 else NAVIGATE)["id"])) as env:  # type: ignore[arg-type]
        found: Mirrors = env.unwrapped.mirrors  # type: ignore[attr-defined]
    return found


def rows(model: Any) -> tuple[Any, NDArray[np.float32]]:  # noqa: ANN401
    """Gives observations, some beyond the normaliser's clip, and actions."""
    rng, space = np.random.default_rng(0), model.env.observation_space
    parts = space.spaces if isinstance(space, gym.spaces.Dict) else {"": space}
    sizes = {key: (20, *(part.shape or ())) for key, part in parts.items()}
    seen = {key: rng.normal(scale=3.0, size=size).astype(np.float32) for key, size in sizes.items()}
    acted = rng.normal(size=(20, *model.action_space.shape)).astype(np.float32)
    return seen.get("", seen), acted


def said(policy: Any, model: Any, seen: Any, acted: NDArray[np.float32]) -> list[torch.Tensor]:  # noqa: ANN401
    """Gives what a policy would do, what it takes that to be worth, and how likely it takes an action to be."""
    observed, _ = policy.obs_to_tensor(model.env.normalize_obs(seen))
    with torch.no_grad():
        value, likely, _ = policy.evaluate_actions(observed, torch.as_tensor(acted))
        torch.testing.assert_close(policy.predict_values(observed), value)
        return [policy.get_distribution(observed).mode(), value, likely]


@pytest.mark.medium
def test_a_policy_does_in_the_mirror_what_the_mirror_shows_of_it(model: Any) -> None:  # noqa: ANN401
    """Whatever its weights are, and after updates."""
    model.learn(32)
    mirrors = mirrors_in(model)
    with torch.no_grad():
        model.policy.log_std += torch.linspace(-1, 1, len(model.policy.log_std))
    seen, acted = rows(model)
    does, worth, likely = said(model.policy, model, seen, acted)
    shown = in_mirror(mirrors.observation, seen)
    turned, as_worth, as_likely = said(model.policy, model, shown, mirrors.action(acted))
    np.testing.assert_allclose(turned.numpy(), mirrors.action(does.numpy()), atol=1e-5)
    assert np.abs(turned - does).max() > 1e-3
    torch.testing.assert_close(as_worth, worth, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(as_likely, likely, atol=1e-2, rtol=1e-4)


@pytest.mark.medium
def test_what_is_saved_needs_no_mirror_and_does_the_same(model: Any) -> None:  # noqa: ANN401
    model.learn(32)
    with torch.no_grad():
        for weight in model.policy.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    pair = rows(model)
    plain, network = unfolded(model.policy, NetworkConfig(hidden=(16, 12)))
    assert network.hidden == (32, 24)
    assert not isinstance(plain, MirroredPolicy)
    for own, saved in zip(said(model.policy, model, *pair), said(plain, model, *pair), strict=True):
        torch.testing.assert_close(saved, own, rtol=1e-4, atol=1e-4)
    assert unfolded(plain, network) == (plain, network)


@pytest.mark.medium
@pytest.mark.parametrize("model", [(BALANCE, {}), (BALANCE, {"observation": False})], indirect=True)
def test_a_clone_learns_what_a_mirror_shows_of_its_teacher(model: Any) -> None:  # noqa: ANN401
    """A teacher that lifts one foot, whatever it feels: on either side that foot, so half of it on both."""
    envs, rng = model.env, np.random.default_rng(0)
    kept = Recording.room(envs, 2048, 1)
    (seen,) = kept.observations.values()
    seen[:], kept.actions[:] = rng.normal(size=seen.shape), 0.1 * rng.normal(size=kept.actions.shape)
    kept.actions[:, 2], kept.returns[:] = kept.actions[:, 2] + 1.0, rng.normal(size=2048)
    _fit(model, envs, kept, 0, 200, rng, lambda rows: None)
    acted = model.predict(envs.normalize_obs(seen[:100]), deterministic=True)[0].mean(axis=0)
    assert acted[[2, 5]] == pytest.approx([0.5, 0.5], abs=0.1)
    assert np.abs(np.delete(acted, [2, 5])).max() < 0.1


@pytest.mark.medium
def test_a_run_with_a_mirror_goes_on(tmp_path: Path) -> None:
    told: list[Any] = []
    asked: dict[str, Any] = {
        "env": {"id": "robosim/TerrainBalance-v0", "kwargs": {"level": 1}},
        "envs": 2,
        "ppo": {"n_steps": 16, "batch_size": 8, "n_epochs": 1, "mirror": True},
        "total_steps": 64,
        "validation": {"episodes": 1, "level": 0},
    }
    train(toy(**asked), tmp_path / "run", on_status=told.append, stop=lambda: bool(told) and told[-1].steps >= 32)
    with pytest.raises(RunError, match=r"ppo\.mirror: the run has True, asked for is False"):
        train(toy(**asked | {"ppo": {"n_steps": 16, "batch_size": 8, "n_epochs": 1}}), tmp_path / "run", resume=True)
    assert train(toy(**asked), tmp_path / "run", resume=True).finished
    agent = load_agent(tmp_path / "run" / "last")  # what a run saves is right in the mirror, too
    with closing(gym.make("robosim/TerrainBalance-v0", split="test", level=3)) as env:
        mirrors = env.unwrapped.mirrors  # type: ignore[attr-defined]
        seen, _ = env.reset(seed=0)
    does, turned = (agent.predict(part, deterministic=True)[0] for part in (seen, mirrors.observation(seen)))
    np.testing.assert_allclose(turned, mirrors.action(does), atol=1e-4)
    assert np.abs(turned - does).max() > 1e-3


@pytest.mark.medium
def test_a_task_without_a_mirror_says_so() -> None:
    experiment = toy(ppo={"n_steps": 64, "batch_size": 64, "mirror": True})
    with (
        closing(make_envs(experiment)) as envs,
        pytest.raises(MirrorError, match=r"ppo\.mirror = True: .* has no mirror"),
    ):
        make_model(experiment, envs, "cpu", 0)


@pytest.mark.medium
@pytest.mark.parametrize(
    ("asked", "parts", "told"),
    [
        (BALANCE, {}, r"TerrainBalance-v0 is 57 numbers, its mirror of 15 numbers"),
        (
            NAVIGATE,
            {"state": signed(1.0)},
            r"is lidar: 240 numbers and .* state: 14 .*, its mirror of state: 1 numbers",
        ),
    ],
)
def test_a_mirror_that_does_not_fit_is_named(
    asked: dict[str, Any], parts: dict[str, Mirror], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = toy(env=asked, ppo={"n_steps": 64, "batch_size": 64, "mirror": True})
    with closing(gym.make(asked["id"])) as env, closing(make_envs(experiment)) as envs:
        mirrors = env.unwrapped.mirrors  # type: ignore[attr-defined]
        wrong = mirrors._replace(observation=parts or mirrors.action)
        monkeypatch.setattr(type(env.unwrapped.task), "mirrors", lambda _: wrong)  # type: ignore[attr-defined]
        with pytest.raises(MirrorError, match=told):
            mirrors_of(experiment, envs)


@pytest.mark.parametrize("hidden", [(), (1025,)])
def test_a_network_that_cannot_be_unfolded_is_refused(hidden: tuple[int, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"network\.hidden = .*: with ppo\.mirror, one layer or more, of at most 1024 units"
    ):
        toy(network={"hidden": hidden}, ppo={"n_steps": 64, "batch_size": 64, "mirror": True})
