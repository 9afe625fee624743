from __future__ import annotations

import pytest
from dash.exceptions import PreventUpdate

from dashboard.components.outputs import clicked, outputs, pressed


def test_outputs_are_named_like_the_values() -> None:
    made = outputs({"title": "children", "empty": ("children", "hidden")})
    assert made["title"].component_id == "title"
    assert made["title"].component_property == "children"
    assert {part: output.component_property for part, output in made["empty"].items()} == {
        "children": "children",
        "hidden": "hidden",
    }
    assert not made["title"].allow_duplicate
    again = outputs({"title": "children", "empty": ("hidden",)}, again=True)
    assert again["title"].allow_duplicate and again["empty"]["hidden"].allow_duplicate


def test_a_button_that_appears_was_not_clicked() -> None:
    for clicks in ((), (None,), (0, None)):
        with pytest.raises(PreventUpdate):
            clicked(*clicks)
    clicked(None, 1)


def test_only_a_button_of_the_list_that_was_pressed_counts() -> None:
    button = {"type": "delete", "report": "7"}
    assert pressed(button, [None, 1]) is button
    for triggered, clicks in ((button, [None]), (button, []), (None, [1]), ("tick", [1])):
        with pytest.raises(PreventUpdate):
            pressed(triggered, clicks)
