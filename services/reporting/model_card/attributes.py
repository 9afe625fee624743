"""What a model card says of a version: the source attributes of 45 CFR 170.315(b)(11)(iv)(B), and headings.

The attributes are those of HTI-1 (89 FR 1192, 9 January 2024), the headings those of Annex IV of
Regulation (EU) 2024/1689. The words are ours, the order theirs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceAttribute:
    """One thing that a card says; `number` counts through all, `paragraph` names it in the rule."""

    key: str
    number: int
    paragraph: str
    category: str
    name: str


_CATEGORIES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Details and output",
        (
            ("developer", "Developer: name and contact"),
            ("funding", "Funding of the development"),
            ("output", "What it gives as output"),
            ("output_type", "Kind of output"),
        ),
    ),
    (
        "Purpose",
        (
            ("intended_use", "Intended use"),
            ("intended_population", "Intended patients"),
            ("intended_users", "Intended users"),
            ("decision_role", "Role in decisions"),
        ),
    ),
    (
        "Cautioned out-of-scope use",
        (
            ("out_of_scope", "Tasks, situations and populations that it is not for"),
            ("known_risks", "Known risks and limits"),
        ),
    ),
    (
        "Development and input",
        (
            ("training_criteria", "What was taken into the training data, and what was not"),
            ("demographic_inputs", "Demographic variables used as input"),
            ("training_representativeness", "Demographics of the training data"),
            ("relevance", "How far the training data are like what is read here"),
        ),
    ),
    (
        "Fairness in development",
        (
            ("fairness_approach", "How it was made sure that the output is fair"),
            ("bias_management", "How bias was managed, reduced or removed"),
        ),
    ),
    (
        "External validation",
        (
            ("external_source", "Data and setting of the external validation"),
            ("external_party", "Who did the external validation"),
            ("external_representativeness", "Demographics of the external data"),
            ("external_process", "How it was validated externally"),
        ),
    ),
    (
        "Measures of performance",
        (
            ("validity_test", "Validity in test data of the training's own sources"),
            ("fairness_test", "Fairness in test data of the training's own sources"),
            ("validity_external", "Validity in external data"),
            ("fairness_external", "Fairness in external data"),
            ("outcomes", "Evaluations of its effect on outcomes"),
        ),
    ),
    (
        "Maintenance",
        (
            ("validity_monitoring", "How, and how often, validity is monitored"),
            ("validity_local", "Validity in local data"),
            ("fairness_monitoring", "How, and how often, fairness is monitored"),
            ("fairness_local", "Fairness in local data"),
        ),
    ),
    (
        "Updates",
        (
            ("update_process", "How, and how often, it is updated"),
            ("correction", "How, and how often, performance is corrected when risks are found"),
        ),
    ),
)


def _listed() -> tuple[SourceAttribute, ...]:
    attributes: list[SourceAttribute] = []
    for category_number, (category, names) in enumerate(_CATEGORIES, start=1):
        for place, (key, name) in enumerate(names):
            paragraph = f"({category_number})({_ROMAN[place]})"
            attributes.append(SourceAttribute(key, len(attributes) + 1, paragraph, category, name))
    return tuple(attributes)


_ROMAN = ("i", "ii", "iii", "iv", "v")
ATTRIBUTES = _listed()
"""All of them, in the order of the rule."""
BY_KEY = {attribute.key: attribute for attribute in ATTRIBUTES}


@dataclass(frozen=True)
class Heading:
    """A heading of Annex IV, and the attributes that say something under it; none: the house has nothing."""

    number: int
    name: str
    attributes: tuple[str, ...]


HEADINGS = (
    Heading(
        1,
        "General description of the AI system",
        ("output", "output_type", "intended_use", "intended_users", "decision_role"),
    ),
    Heading(
        2,
        "Elements of the system and process of its development",
        (
            "training_criteria", "demographic_inputs", "training_representativeness", "validity_test",
            "fairness_approach", "bias_management",
        ),
    ),
    Heading(
        3,
        "Monitoring, functioning and control",
        ("out_of_scope", "known_risks", "validity_monitoring", "validity_local", "fairness_local"),
    ),
    Heading(
        4,
        "Appropriateness of the performance metrics",
        ("validity_test", "validity_external", "fairness_test", "fairness_external"),
    ),
    Heading(5, "Risk management system", ()),
    Heading(6, "Relevant changes through the lifecycle", ("update_process", "correction")),
    Heading(7, "Harmonised standards applied", ()),
    Heading(8, "EU declaration of conformity", ()),
    Heading(9, "Evaluation after placing on the market", ("validity_monitoring", "correction")),
)  # fmt: skip
