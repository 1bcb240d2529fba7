"""Training one agent: PPO over worker processes, validated, checkpointed and resumable.

What happens between two updates is in `run_log.py`. Nothing is printed: what a caller may want to show is given
out as `Setup` (once) and `Status` (while a teacher is imitated, after every update and every validation episode).
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecNormalize

from robosim.agents.evaluation.evaluator import Evaluator
from robosim.agents.policies.network import count_parameters
from robosim.agents.storage.provenance import usable_cores
from robosim.agents.training.checkpoint import Progress, load_checkpoint, read_progress, refuse_diverged
from robosim.agents.training.curve import Curve
from robosim.agents.training.device import DeviceName, choose_device
from robosim.agents.training.experiment import Experiment
from robosim.agents.training.imitate import imitate
from robosim.agents.training.learner import NEVER, critic_only, make_envs, make_model
from robosim.agents.training.run_folder import RunError, RunFolder, identity, keep_experiment, open_run
from robosim.agents.training.run_log import RunLog, StopRequestedError
from robosim.agents.training.start_from import start_from
from robosim.agents.training.status import Outcome, Setup, Status
from robosim.agents.training.updates import UpdateCallback
from robosim.agents.vector.vec_env import WorkerDied

LARGE_NETWORK = 1_000_000
"""Parameters from which an update uses all cores, as it does where it has pictures to look at. Below, waking threads
costs more than it saves; on a machine that is busy with other work it makes an update ten times slower, and the
environment variable OMP_NUM_THREADS=1 keeps to one."""


def train(
    experiment: Experiment,
    folder: str | Path,
    *,
    resume: bool = False,
    device: DeviceName = "auto",
    on_setup: Callable[[Setup], None] = lambda setup: None,
    on_status: Callable[[Status], None] = lambda status: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train until total_steps or until stopped; the folder can then be resumed, watched and evaluated.

    A resumed run goes on from its last checkpoint with network, optimizer, statistics, schedule and curve; it
    starts new episodes, with generators seeded from (seed, steps done).

    Args:
        experiment: What to train. When a run is resumed, only `run_folder.CHANGEABLE` may be different.
        folder: Where; empty or not there for a new run.
        resume: Go on with the run in the folder.
        device: Where the network runs.
        on_setup: Called once, before anything is learnt.
        on_status: Called after every update and every validation episode, and while a teacher is imitated.
        stop: Asked again and again; True, for good, ends the run cleanly, with a checkpoint.

    Raises:
        RobosimError: A user's mistake or a damaged file, with what to do about it (RunError, ExperimentError,
            AgentError, DeviceError, LearnerError, CheckpointError); training that diverged (DivergedError).
        WorkerDied: An env failed; the last checkpoint is in place.
    """
    threads = torch.get_num_threads()
    with ExitStack() as stack:
        run = stack.enter_context(open_run(folder, experiment, resume))
        progress = _progress(run, experiment)
        envs = make_envs(experiment)
        stack.callback(envs.close)
        space = envs.unwrapped.observation_space
        told = critic_only(experiment, space)
        parameters = count_parameters(space, envs.action_space, experiment.network, told)
        choice = choose_device(device, space, parameters)
        model = make_model(experiment, envs, choice.device, progress.steps, told)
        if experiment.start_from is not None and not progress.steps:
            progress.start_from = start_from(model, envs, experiment)
        large = parameters >= LARGE_NETWORK or experiment.network.encoder is not None
        update_threads = min(threads, usable_cores()) if large else 1
        stack.callback(torch.set_num_threads, threads)
        torch.set_num_threads(update_threads)
        on_setup(
            Setup(
                folder=run.path,
                device=choice,
                parameters=parameters,
                update_threads=update_threads,
                envs=experiment.envs,
                workers=experiment.workers,
                resumed_at=progress.steps,
                total_steps=experiment.total_steps,
            )
        )
        began = time.monotonic()
        if progress.steps:
            load_checkpoint(run.checkpoint, model, envs)
        elif experiment.expert_steps and not _imitated(model, envs, experiment, on_status, stop):
            keep_experiment(run, experiment)
            return Outcome(run.path, 0, finished=False, best=None)
        progress.elapsed_s += time.monotonic() - began  # imitation is part of what an agent costs
        keep_experiment(run, experiment)
        evaluator = stack.enter_context(Evaluator(experiment.workers))
        curve = Curve(run.curve, run.tensorboard, before=progress.steps)
        stack.callback(curve.close)
        run_log = RunLog(run, experiment, model, envs, evaluator, curve, progress, on_status, stop)
        run_log.begin()
        left = experiment.total_steps - progress.steps
        if left > 0 and not stop():
            callback = UpdateCallback(run_log.note_episode, run_log.after_update, stop, update_threads)
            try:
                model.learn(left, callback, log_interval=NEVER, reset_num_timesteps=False)
            except ValueError:  # from a distribution that was given NaN
                refuse_diverged(model)
                raise
            except WorkerDied:
                if not stop():  # a SIGTERM to the whole process group ends the workers at once
                    raise
        run_log.close()
        return Outcome(run.path, progress.steps, run_log.finished, run_log.best)


def _imitated(
    model: PPO,
    envs: VecNormalize,
    experiment: Experiment,
    on_status: Callable[[Status], None],
    stop: Callable[[], bool],
) -> bool:
    """Imitates the teacher; says whether it came to its end."""
    begun = Status(0, experiment.total_steps, 0, 0.0, None, None, None, None, None, None)

    def tell(share: float) -> None:
        if stop():
            raise StopRequestedError
        on_status(replace(begun, imitating=share))

    try:
        imitate(model, envs, experiment, tell)
    except StopRequestedError:
        return False
    except WorkerDied:
        if not stop():  # as below
            raise
        return False
    return True


def _progress(run: RunFolder, experiment: Experiment) -> Progress:
    """How far the run is: from its checkpoint, or from nothing."""
    if not run.checkpoint.is_file():
        return Progress(experiment_sha256=identity(experiment))
    progress = read_progress(run.checkpoint)
    if progress.experiment_sha256 != identity(experiment):
        raise RunError(f"{run.experiment}: was changed since {run.checkpoint.name} was written, which fits it no more")
    if progress.steps - experiment.rollout_steps >= experiment.total_steps:  # more than an update too far
        raise RunError(
            f"total_steps = {experiment.total_steps}: the run in {run.path} has made {progress.steps} already"
        )
    return progress
