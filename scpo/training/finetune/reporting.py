"""Figures of a finished model reach the trackers' run: they are logged before it is closed, and nothing opens another.

Trackio's and MLflow's callbacks close their run when training ends, and open a new one, without its parameters, for
whatever is logged later, such as a last `evaluate`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from transformers import PrinterCallback, ProgressCallback, TrainerCallback

CLOSING = {"TrackioCallback", "MLflowCallback"}  # by name: their packages need not be here
SHOWING = (PrinterCallback, ProgressCallback)
log = logging.getLogger("scpo")


class LastFigures(TrainerCallback):
    """Evaluates the model that a training ends with; stands before all callbacks that close something then."""

    def __init__(self, trainer):
        self._trainer, self._judged, self._over = trainer, -1, False
        trainer.callback_handler.callbacks.insert(0, self)

    def on_train_begin(self, args, state, control, **others):
        self._judged, self._over = -1, False

    def on_train_end(self, args, state, control, **others):
        other_weights = args.load_best_model_at_end and state.best_global_step not in (None, state.global_step)
        if args.last_evaluation and self._trainer.eval_dataset and (other_weights or self._judged != state.global_step):
            self._trainer.evaluate()
        self._over = True

    @contextlib.contextmanager
    def telling(self, again: bool) -> Iterator[None]:
        """What is logged inside goes to every callback; after the training not to those that would open a new run.

        again  the trainer's own pairs are judged, whose figures the run has since the training ended
        """
        handler, everybody = self._trainer.callback_handler, self._trainer.callback_handler.callbacks
        if again:
            self._judged = self._trainer.state.global_step
        if self._over:
            closed = [one for one in everybody if CLOSING & {kind.__name__ for kind in type(one).__mro__}]
            if closed and not again:
                log.warning(
                    "the training is over and its tracker's run is closed, so these figures are given back and kept in "
                    "state.log_history, and not reported. Name the pairs in eval_dataset to have them in the run."
                )
            kept = (lambda one: isinstance(one, SHOWING)) if again else (lambda one: one not in closed)
            handler.callbacks = [one for one in everybody if kept(one)]
        try:
            yield
        finally:
            handler.callbacks = everybody
