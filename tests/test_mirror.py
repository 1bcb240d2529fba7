"""In a mirror: A1's senses, its actions and what it sees of the ground; and PPO that learns from both sides."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toy_run import toy

from robosim.agents.training.imitate import _fit
from robosim.agents.training.learner import make_envs, make_model
from robosim.agents.training.mirrored import MirroredBuffer, MirrorError
from robosim.agents.training.recording import Recording
from robosim.agents.training.run_folder import RunError
from robosim.agents.training.train import train
from robosim.envs.ground_scan import SCAN_MIRROR, GroundScan
from robosim.math import IDENTITY
from robosim.mirror import ABOUT_THEM, FORWARD_LEFT_UP
from robosim.physics import Physics
from robosim.robots.a1 import A1, Variation
from robosim.robots.a1_mirror import mirrored_action, mirrored_senses
from robosim.terrain.relief import Relief
from robosim.terrain.shapes import SHAPE
from robosim.worlds.floor import Floor

Action = Literal["gait", "joint"]
KINDS = [
    ("robosim/TerrainWalk-v0", {"observation": "scan", "action": "gait"}),
    ("robosim/TerrainWalk-v0", {"observation": "state", "action": "joint"}),
    ("robosim/TerrainBalance-v0", {"action": "gait"}),
    ("robosim/TerrainBalance-v0", {"action": "joint"}),
]
CONTROL_DT = 1 / 50


@pytest.mark.parametrize(("name", "kwargs"), KINDS)
def test_a_mirror_of_a_mirror_shows_things_as_they_are(name: str, kwargs: dict[str, Any]) -> None:
    with closing(gym.make(name, **kwargs)) as env:
        mirrors = env.unwrapped.mirrors  # type: ignore[attr-defined]
        for space, mirror in ((env.observation_space, mirrors.observation), (env.action_space, mirrors.action)):
            space.seed(1)
            values = space.sample()
            shown = mirror(values)
            assert (shown != values).mean() > 0.5
            np.testing.assert_array_equal(mirror(shown), values)


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


@pytest.fixture
def model() -> Iterator[Any]:
    experiment = toy(
        env={"id": "robosim/TerrainBalance-v0", "kwargs": {"level": 1}},
        envs=2,
        network={"hidden": [16]},
        ppo={"n_steps": 16, "batch_size": 8, "n_epochs": 2, "mirror": True, "target_kl": None},
        total_steps=32,
    )
    with closing(make_envs(experiment)) as envs:
        yield make_model(experiment, envs, "cpu", 0)


@pytest.mark.medium
def test_batches_hold_each_step_and_its_mirror_image(model: Any) -> None:  # noqa: ANN401
    model.learn(32)
    buffer = model.rollout_buffer
    assert isinstance(buffer, MirroredBuffer)
    buffer.reset()
    rng = np.random.default_rng(0)
    for name in ("observations", "actions", "advantages", "log_probs"):
        getattr(buffer, name)[:] = rng.normal(size=getattr(buffer, name).shape)
    buffer.pos, buffer.full = 16, True
    batches = list(buffer.get(8))
    assert [len(batch.observations) for batch in batches] == [16] * 4
    running = model.env.obs_rms
    scale = torch.as_tensor(np.sqrt(running.var + model.env.epsilon), dtype=torch.float32)
    mean = torch.as_tensor(running.mean, dtype=torch.float32)
    with closing(gym.make("robosim/TerrainBalance-v0")) as env:
        mirrors = env.unwrapped.mirrors  # type: ignore[attr-defined]

    def likely(batch: Any) -> torch.Tensor:  # noqa: ANN401
        with torch.no_grad():
            said: torch.Tensor = model.policy.evaluate_actions(batch.observations[8:], batch.actions[8:])[1]
        return said

    for batch in batches:
        plain = mirrors.observation((batch.observations[:8] * scale + mean).numpy())
        shown = ((plain - mean.numpy()) / scale.numpy()).clip(-10.0, 10.0)  # as the env's are
        np.testing.assert_allclose(batch.observations[8:].numpy(), shown, rtol=1e-3, atol=1e-3)
        assert torch.equal(*batch.advantages.reshape(2, 8))
        assert torch.equal(*batch.returns.reshape(2, 8))
        np.testing.assert_array_equal(mirrors.action(batch.actions[:8].numpy()), batch.actions[8:].numpy())
        torch.testing.assert_close(batch.old_log_prob[8:], likely(batch))
    for weight in model.policy.parameters():  # an update: what was likely before it counts
        weight.data += 0.01
    again = next(iter(buffer.get(32)))
    before = torch.cat([batch.old_log_prob[8:] for batch in batches]).sort().values
    torch.testing.assert_close(again.old_log_prob[32:].sort().values, before)


@pytest.mark.medium
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


@pytest.mark.medium
def test_a_task_without_a_mirror_says_so() -> None:
    experiment = toy(ppo={"n_steps": 64, "batch_size": 64, "mirror": True})
    with (
        closing(make_envs(experiment)) as envs,
        pytest.raises(MirrorError, match=r"ppo\.mirror = True: .* has no mirror"),
    ):
        make_model(experiment, envs, "cpu", 0)
