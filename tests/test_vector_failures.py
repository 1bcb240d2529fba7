"""WorkerVecEnv when something goes wrong: a clear error with the seed, never a hang, and no process left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import pytest
from gymnasium import spaces
from walk import DIE, EXIT, HANG, HUGE, RAISE, Walk, discrete

from robosim.agents.vector.vec_env import WorkerDied, WorkerVecEnv

ROOT = Path(__file__).resolve().parents[1]
SOON_S = 5.0
ORDINARY = np.zeros((4, 2), np.float32)


@pytest.fixture(autouse=True)
def _no_worker_stays() -> Iterator[None]:
    yield
    assert not multiprocessing.active_children(), "a worker outlived its test"


def one_bad(kind: float, env: int = 1) -> npt.NDArray[np.float32]:
    """Actions for four envs of which one misbehaves."""
    actions = ORDINARY.copy()
    actions[env, 0] = kind
    return actions


def test_an_exception_in_step_ends_the_run_with_traceback_and_seed() -> None:
    envs = WorkerVecEnv([Walk] * 4, 2)
    envs.seed(40)
    envs.reset()
    with pytest.raises(WorkerDied) as caught:
        envs.step(one_bad(RAISE, env=3))
    died = caught.value
    assert (list(died.envs), list(died.seeds)) == ([2, 3], [2, 3])
    assert (died.busy, died.seeds[3]) == (3, 43)
    assert isinstance(died.__cause__, ZeroDivisionError)
    for part in ("envs 2 to 3", "in env 3, episode seed 43", "walk.py", "ZeroDivisionError: the env broke"):
        assert part in str(died)
    assert envs.closed
    with pytest.raises(RuntimeError, match="closed"):
        envs.step(ORDINARY)
    envs.close()


def test_an_exception_in_reset_ends_the_run() -> None:
    envs = WorkerVecEnv([Walk] * 2, 2)
    envs.seed(5)
    envs.set_options([{}, {"fail": True}])
    with pytest.raises(WorkerDied, match=r"in env 1, episode seed 6(.|\n)*reset was told to fail"):
        envs.reset()


@pytest.mark.parametrize(("kind", "words", "exit_code"), [(DIE, "SIGKILL", -signal.SIGKILL), (EXIT, "exit code 3", 3)])
def test_a_worker_that_ends_in_a_step_ends_the_run(kind: float, words: str, exit_code: int) -> None:
    envs = WorkerVecEnv([Walk] * 4, 2)
    envs.seed(40)
    envs.reset()
    started = time.monotonic()
    with pytest.raises(WorkerDied, match=f"{words}.* in env 1, episode seed 41") as caught:
        envs.step(one_bad(kind))
    assert time.monotonic() - started < SOON_S
    assert caught.value.exit_code == exit_code
    assert caught.value.seeds[1] == 41


@pytest.mark.medium
@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_a_worker_killed_between_steps_ends_the_run(start_method: str) -> None:
    envs = WorkerVecEnv([Walk] * 4, 2, start_method)
    envs.seed(40)
    envs.reset()
    os.kill(envs.env_method("process")[2], signal.SIGKILL)
    started = time.monotonic()
    with pytest.raises(WorkerDied, match="envs 2 to 3 was ended by SIGKILL") as caught:
        envs.step(ORDINARY)
    assert time.monotonic() - started < SOON_S
    assert caught.value.seeds.keys() == {2, 3}


def test_a_death_is_noticed_while_another_worker_never_answers() -> None:
    envs = WorkerVecEnv([Walk] * 4, 2)
    envs.reset()
    actions = one_bad(HANG, env=0)
    actions[3, 0] = DIE
    started = time.monotonic()
    with pytest.raises(WorkerDied, match="envs 2 to 3 was ended by SIGKILL"):
        envs.step(actions)
    assert time.monotonic() - started < SOON_S


def no_env() -> Walk:
    raise OSError("no such robot")


def other_env() -> gym.Env[Any, Any]:
    return discrete()


def nested_env() -> gym.Env[Any, Any]:
    env = Walk()
    env.observation_space = spaces.Dict({"a": spaces.Dict({"b": spaces.Discrete(2)})})  # type: ignore[assignment]
    return env


def test_what_cannot_be_started_is_refused() -> None:
    with pytest.raises(WorkerDied, match=r"envs 1 to 1 raised(.|\n)*OSError: no such robot"):
        WorkerVecEnv([Walk, no_env], 2)
    with pytest.raises(ValueError, match="env 1 has the spaces"):
        WorkerVecEnv([Walk, other_env], 2)
    with pytest.raises(ValueError, match="no fixed size"):
        WorkerVecEnv([nested_env], 1)
    with pytest.raises(ValueError, match="env_fns is empty"):
        WorkerVecEnv([])
    with pytest.raises(ValueError, match="workers = 0"):
        WorkerVecEnv([Walk], 0)
    with pytest.raises(ValueError, match="infos = 'some'"):
        WorkerVecEnv([Walk], infos="some")  # type: ignore[arg-type]
    env = Walk()
    with pytest.raises(WorkerDied, match="return the same env"):
        WorkerVecEnv([lambda: env, lambda: env], 1)


def test_actions_that_do_not_fit_are_refused_and_nothing_moves() -> None:
    with closing(WorkerVecEnv([discrete] * 3, 2)) as envs:
        envs.reset()
        with pytest.raises(ValueError, match=r"shape \(2,\): \(3,\)"):
            envs.step(np.zeros(2, np.int64))
        with pytest.raises(TypeError, match="same_kind"):
            envs.step(np.zeros(3, np.float32))
        with pytest.raises(RuntimeError, match="step_async first"):
            envs.step_wait()
        envs.step(np.zeros(3, np.int64))


def test_close_twice_and_with_a_step_under_way() -> None:
    for actions in (None, ORDINARY, one_bad(HUGE)):
        envs = WorkerVecEnv([Walk] * 4, 2, infos="all")
        envs.reset()
        if actions is not None:
            envs.step_async(actions)
        started = time.monotonic()
        envs.close()
        envs.close()
        assert time.monotonic() - started < SOON_S / 2
        assert envs.closed
        with pytest.raises(RuntimeError, match="closed"):
            envs.reset()


def test_ctrl_c_leaves_workers_that_can_go_on() -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def slow() -> gym.Env[Any, Any]:
        env = Walk()
        step = env.step

        def slow_step(action: npt.NDArray[np.float32]) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            time.sleep(0.2)
            return step(action)

        env.step = slow_step  # type: ignore[method-assign]
        return env

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with closing(WorkerVecEnv([slow] * 2, 2)) as envs:
            envs.reset()
            for process in envs.env_method("process"):
                os.kill(process, signal.SIGINT)
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            with pytest.raises(KeyboardInterrupt):
                envs.step(ORDINARY[:2])
            assert envs.get_attr("color") == [0, 0]
            envs.step(ORDINARY[:2])
    finally:
        signal.signal(signal.SIGALRM, before)


def alive(process: int) -> bool:
    """Whether a process runs; one that has ended but that nobody has asked after does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


PARENT = """
import numpy as np
from walk import HANG, Walk
from robosim.agents.vector.vec_env import WorkerVecEnv

if __name__ == "__main__":
    everyone = []
    for start_method in ("spawn", "forkserver", "fork"):
        for busy in (False, True):
            everyone.append(WorkerVecEnv([Walk] * 2, 2, start_method))
            everyone[-1].reset()
            print(*everyone[-1].env_method("process"), end=" ")
            if busy:
                everyone[-1].step_async(np.full((2, 2), HANG, np.float32))
    print(flush=True)
    input()
"""


@pytest.mark.medium
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_idle_or_busy_end_when_their_parent_is_killed() -> None:
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        text=True,
    ) as parent:
        assert parent.stdout is not None
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert len(workers) == 12
        assert all(alive(worker) for worker in workers)
        parent.kill()
        deadline = time.monotonic() + SOON_S
        while any(alive(worker) for worker in workers) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not any(alive(worker) for worker in workers)
