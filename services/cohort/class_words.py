"""What people call the classes that scans are counted in."""

from __future__ import annotations

from services.task_words import words_of


def class_words(dimension: str, name: str) -> str:
    """A class's name for people: "Brain tumour" of the task "brain-tumour", "Brain tumour 3" of a version."""
    if dimension == "task":
        return words_of(name).label
    if dimension == "version" and " " in name:
        task, version = name.rsplit(" ", 1)
        return f"{words_of(task).label} {version}"
    return name
