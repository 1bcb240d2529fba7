"""Episodes as a spectator sees them: a policy acts in an env, and every moment can be looked at.

The episode of a seed is the very one that `robosim evaluate` judges. How a frame is made is the env's own affair, how
texts are laid out that of `robosim.render.overlay`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from robosim.agents.evaluation.episodes import Episode, Job, Player
from robosim.agents.evaluation.evaluator import find_env
from robosim.agents.policies.find import kwargs_for
from robosim.agents.policies.policy import Policy, State, seed_policy
from robosim.agents.storage.reading import AnyEnv
from robosim.render.overlay import Banner, Hud, Picture, draw

FPS = 25  # pictures per second that a video aims at; as smooth as film, with half the work of 50
HOLD_S = 1.2  # how long the last picture stays, so that the outcome can be read

_FIRST, _LATER = np.ones(1, bool), np.zeros(1, bool)


@dataclass(frozen=True)
class Shot:
    """One picture of a video."""

    picture: Picture
    time: float
    """Seconds since the episode's start."""
    end: Episode | None
    """What came of it, from its last moment on."""


@dataclass(frozen=True)
class Moment:
    """The state of an episode between two control steps."""

    env: AnyEnv
    hud: Hud
    step: int
    time: float
    """Seconds since the episode's start."""
    end: Episode | None
    """What came of it, in its last moment."""

    def picture(self) -> Picture:
        """Draw the env as it is now: call it before the next moment is asked for, or not at all."""
        picture = np.asarray(self.env.render(), np.uint8)
        annotate = getattr(self.env.unwrapped, "annotate", None)  # robosim's own envs have it
        return draw(picture if annotate is None else annotate(picture), self.hud)


@contextlib.contextmanager
def stage(
    agent: str, env_id: str, kwargs: dict[str, Any], size: tuple[int, int] | None = None
) -> Iterator[tuple[AnyEnv, Policy]]:
    """An env that draws pictures, and an agent to act in it.

    Args:
        agent: As `robosim.agents.policies.find` names it.
        env_id: Of the env.
        kwargs: Of the env.
        size: Width and height of the pictures, where the env lets one choose; None: the env's own.

    Raises:
        RobosimError: There is no such agent or env, or they do not fit.
    """
    with contextlib.closing(Player()) as player:
        player.take(Job(agent, find_env(env_id), {**kwargs_for(agent, env_id, kwargs), "render_mode": "rgb_array"}))
        env, policy = player.load()
        if size is not None and hasattr(env.unwrapped, "picture_size"):
            env.unwrapped.picture_size = size
        yield env, policy


def moments(env: AnyEnv, policy: Policy, title: str, seed: int, seconds: float | None = None) -> Iterator[Moment]:
    """Play one episode with the policy's deterministic actions; nothing is drawn that is not asked for.

    Args:
        env: Made with `render_mode="rgb_array"`.
        policy: Who acts.
        title: What the viewer reads.
        seed: Of the episode.
        seconds: Where to cut the episode; None: at its end.

    Yields:
        Every moment from the start to the end, one more than there are control steps.
    """
    seed_policy(policy, seed)
    observation, info = env.reset(seed=seed)
    level = info.get("level")
    rate = control_rate(env)
    state: State = None
    ret, step = 0.0, 0
    end: Episode | None = None
    banner: Banner | None = None
    while True:
        hud = _hud(env, title, (seed, level), step, ret, banner)
        yield Moment(env, hud, step, step / rate, end)
        if end is not None or (seconds is not None and (step + 1) / rate > seconds):
            return
        action, state = policy.predict(observation, state, _LATER if step else _FIRST, deterministic=True)
        observation, reward, terminated, truncated, info = env.step(action)
        ret += float(reward)
        step += 1
        if terminated or truncated:
            metrics = {name: float(value) for name, value in info.get("episode_metrics", {}).items()}
            end = Episode(seed, level, bool(info.get("is_success", False)), step, ret, metrics)
            banner = _banner(end, step / rate, failed=bool(terminated))


def shots(env: AnyEnv, policy: Policy, title: str, seed: int, seconds: float | None = None) -> Iterator[Shot]:
    """Play one episode for a video: a picture every so many control steps, see `video_rate`, and the last one held.

    Args:
        env: All arguments are those of `moments`.
        policy: Who acts.
        title: What the viewer reads.
        seed: Of the episode.
        seconds: Where to cut the episode; None: at its end.
    """
    rate = control_rate(env)
    every = _steps_a_picture(rate)
    for moment in moments(env, policy, title, seed, seconds):
        if moment.step % every == 0 or moment.end is not None:
            shot = Shot(moment.picture(), moment.time, moment.end)
            yield shot
            if moment.end is not None:
                yield from [shot] * round(HOLD_S * video_rate(rate))


def control_rate(env: AnyEnv) -> float:
    """Control steps a second, as the env tells it."""
    return float(env.metadata["render_fps"])


def video_rate(rate: float) -> float:
    """Pictures a second of a video in real time: about `FPS`, of an env with so many control steps a second."""
    return rate / _steps_a_picture(rate)


def time_limit(env: AnyEnv) -> float | None:
    """Seconds until the env ends an episode; None where it has no limit."""
    steps = env.spec.max_episode_steps if env.spec else None
    told: float | None = getattr(env.unwrapped, "time_limit", None)  # an option may make episodes shorter
    longest = None if steps is None else steps / control_rate(env)
    return longest if told is None else min(told, longest or told)


def _steps_a_picture(rate: float) -> int:
    return max(1, round(rate / FPS))


def _hud(env: AnyEnv, title: str, which: tuple[int, int | None], step: int, ret: float, banner: Banner | None) -> Hud:
    seed, level = which
    captions: Mapping[str, str] = getattr(env.unwrapped, "captions", dict)()
    time, limit = step / control_rate(env), time_limit(env)
    return Hud(
        title=title,
        rows={**captions, "return": f"{ret:.1f}"},
        status=[*([] if level is None else [f"level {level}"]), f"seed {seed}"],
        clock=f"{time:.1f} s" if limit is None else f"{time:.1f} of {limit:g} s",
        progress=None if limit is None else time / limit,
        banner=banner,
    )


def _banner(end: Episode, time: float, *, failed: bool) -> Banner:
    known = {name.replace("_", " "): value for name, value in end.metrics.items() if math.isfinite(value)}
    detail = "     ".join(f"{name} {value:.2g}" for name, value in known.items())
    if end.success:
        return Banner("success", detail, "success")
    if failed:
        return Banner(f"failed after {time:.1f} s", kind="failure")
    return Banner("time is up, no success", detail, "neutral")
