"""SB3's training loop seen update by update: the one callback between the loop and the run's books."""

from collections.abc import Callable, Mapping

import torch
from stable_baselines3.common.callbacks import BaseCallback


class UpdateCallback(BaseCallback):
    """Hands out finished episodes and finished updates, and sets torch's threads for each phase.

    A rollout that is broken off by `stop` is not followed by an update.
    """

    def __init__(
        self,
        on_episode: Callable[[Mapping[str, object]], None],
        on_update: Callable[[], None],
        stop: Callable[[], bool],
        update_threads: int,
    ) -> None:
        """Make the callback.

        Args:
            on_episode: Called with the last info of every episode that ends.
            on_update: Called when the network has just been updated, and nothing is being sampled.
            stop: Asked after every step of the envs; True ends training before the next update.
            update_threads: Torch threads during an update. Sampling uses one: its batches are small, and the
                cores belong to the physics.
        """
        super().__init__()
        self._on_episode, self._on_update, self._stop = on_episode, on_update, stop
        self._update_threads = update_threads
        self._updated = False

    def _on_rollout_start(self) -> None:
        self._close_update()
        torch.set_num_threads(1)

    def _on_step(self) -> bool:
        for index in self.locals["dones"].nonzero()[0]:
            self._on_episode(self.locals["infos"][index])
        return not self._stop()

    def _on_rollout_end(self) -> None:
        torch.set_num_threads(self._update_threads)
        self._updated = True

    def _on_training_end(self) -> None:
        self._close_update()

    def _close_update(self) -> None:
        """Tell of the update that SB3 made since the last rollout, if there was one."""
        if self._updated:
            self._updated = False
            self._on_update()
