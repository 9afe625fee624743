"""What a training will do: a task's recipe and choices, with what was asked to differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from data.errors import InvalidInput
from models.pretrained import Start
from models.training import Recipe, Trainable, Training
from models.trainings import training_of


@dataclass(frozen=True)
class Plan:
    """A task's training as it will be run: its recipe and choices with what was asked to differ."""

    training: Training
    recipe: Recipe
    choices: Any
    fold: int

    def material(self, data: Path) -> Trainable:
        """The labelled images under `data` as this plan learns from them; raises UnusableDataset."""
        return self.training.trainable(data, self.recipe, self.fold, self.choices)

    def facts(self) -> dict[str, Any]:
        """What distinguishes this run, for its log and the card."""
        return asdict(self.recipe) | asdict(self.choices) | {"validation_fold": self.fold}


def changes_of(texts: Iterable[str]) -> dict[str, str]:
    """Name -> value of texts "name=value"; raises InvalidInput for what is not of the form."""
    changes = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput(f"{text!r} is not of the form NAME=VALUE.")
        changes[name.strip()] = value.strip()
    return changes


def planned(task_name: str, changes: Mapping[str, str], fold: int | None = None) -> Plan:
    """The task's recipe and choices with `changes` (name -> value as text).

    Raises InvalidInput for a name that neither has, a value of the wrong kind, or what does not go together.
    """
    training = training_of(task_name)
    recipe, choices = training.recipe, training.choices
    for name, text in changes.items():
        if name in {field.name for field in fields(recipe)}:
            recipe = _changed(recipe, name, text)
        elif name in {field.name for field in fields(choices)}:
            choices = _changed(choices, name, text)
        else:
            known = sorted({field.name for field in (*fields(recipe), *fields(choices))})
            raise InvalidInput(f"{task_name} has no choice called {name}; it has {', '.join(known)}.")
    starts_shipped = getattr(choices, "start", None) is Start.SHIPPED
    if starts_shipped and getattr(choices, "encoder", None) != getattr(training.choices, "encoder", None):
        raise InvalidInput("start=shipped begins with the shipped version, which has another encoder.")
    if getattr(choices, "encoder_from", "") and choices.start is not Start.SCRATCH:
        raise InvalidInput("encoder_from takes a version's encoder, which only start=scratch leaves to it.")
    if recipe.kept and not starts_shipped:
        raise InvalidInput("kept mixes in the shipped weights, which only start=shipped begins with.")
    return Plan(training, recipe, choices, training.validation_fold if fold is None else fold)


def _changed(settings: Any, name: str, text: str) -> Any:
    kind = get_type_hints(type(settings))[name]
    try:
        if kind is bool:
            value = {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        else:
            value = kind(text)
    except (KeyError, ValueError):
        raise InvalidInput(f"{text!r} is no value for {name}.") from None
    return replace(settings, **{name: value})
