"""What `robosim speed` measures of learning from pictures: encoders, and PPO from the camera to the updated network."""

import contextlib
import math
import time
from functools import partial

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import BaseBuffer
from stable_baselines3.common.utils import set_random_seed

from robosim.agents.storage.provenance import usable_cores
from robosim.agents.training.experiment_file import load_experiment, parse_experiment
from robosim.agents.training.learner import NEVER, make_envs, make_model
from robosim.agents.training.updates import UpdateCallback
from robosim.perception.encoders import EncoderSpec, make_encoder
from robosim.scripts.measurements import Bench, Measurement, Round, time_in

DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
BATCH, SIZE, CHANNELS = 256, 64, 4  # pictures at once, pixels a side, colour and depth
EXPERIMENT, STEPS, MINIBATCH = "warehouse_navigate_camera", 128, 512  # steps of each env in an update
WHOLE, SAMPLING, TRANSFER, LEARNING = "whole update", "sampling alone", "transfer alone", "learning alone"


def encoding(name: str, bench: Bench) -> Round:
    """Forward and backward through an encoder, in pictures a second, on all cores as in an update."""
    plays = {device: _passes(name, device) for device in DEVICES}

    def rate(device: str) -> float:
        torch.set_num_threads(usable_cores())  # of measurements before, one may have been left
        count = 0
        end = (start := time.perf_counter()) + bench.seconds
        while time.perf_counter() < end:
            plays[device]()
            count += BATCH
        _settle(device)
        return count / (time.perf_counter() - start)

    return lambda: {device: rate(device) for device in DEVICES}


def _passes(name: str, device: str) -> partial[None]:
    torch.manual_seed(0)
    encoder = make_encoder(EncoderSpec(name=name, layer_norm=True), CHANNELS, SIZE, SIZE).to(device)
    return partial(_pass, encoder, torch.rand(BATCH, CHANNELS, SIZE, SIZE, device=device))


def _pass(encoder: torch.nn.Module, images: torch.Tensor) -> None:
    encoder.zero_grad(set_to_none=True)
    encoder(images).square().mean().backward()


def seeing_training(device: str, bench: Bench) -> Round:
    """Whole updates of PPO with a camera and a CNN; transfer is of what was sampled to where it is learnt from."""
    values, asked = load_experiment(EXPERIMENT).model_dump(), bench.experiment
    values |= {"envs": asked.envs, "workers": bench.workers}
    steps = min(STEPS, asked.ppo.n_steps)
    values["ppo"] |= {"n_steps": steps, "batch_size": math.gcd(MINIBATCH, steps * asked.envs)}
    experiment = parse_experiment(values, EXPERIMENT)
    envs = bench.close_later(make_envs(experiment))
    model = make_model(experiment, envs, device, 0)
    threads = UpdateCallback(lambda info: None, lambda: None, lambda: False, usable_cores())  # as training has them

    def play() -> dict[str, float]:
        set_random_seed(model.num_timesteps)
        with contextlib.ExitStack() as stack:
            sampled = stack.enter_context(time_in((PPO, "collect_rollouts")))
            moved = stack.enter_context(time_in((BaseBuffer, "to_torch")))
            start = time.perf_counter()
            model.learn(experiment.rollout_steps, threads, log_interval=NEVER, reset_num_timesteps=False)
            _settle(device)
            whole = time.perf_counter() - start
        parts = {WHOLE: whole, SAMPLING: sampled[0], TRANSFER: moved[0], LEARNING: whole - sampled[0] - moved[0]}
        return {name: experiment.rollout_steps / seconds for name, seconds in parts.items()}

    return play


def _settle(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


SEEING_MEASUREMENTS = {
    **{
        f"cnn-{name}": Measurement(
            f"encoder {name}, {SIZE} × {SIZE} × {CHANNELS}, forward and backward, {BATCH} pictures at once",
            ("cuda", "cpu"),
            partial(encoding, name),
        )
        for name in ("nature", "impala")
    },
    **{
        f"camera-training-{device}": Measurement(
            f"PPO with cameras and a CNN ({EXPERIMENT}), whole updates, {device}",
            (WHOLE, SAMPLING),
            partial(seeing_training, device),
            parts=(SAMPLING, TRANSFER, LEARNING),
        )
        for device in DEVICES
    },
}
