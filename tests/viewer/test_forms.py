from pathlib import Path
from typing import Literal

import pytest
from qtpy.QtCore import Qt

from napari_npm.core.errors import NpmError
from napari_npm.study.figure_settings import FigurePreset
from napari_npm.study.parameters import Parameters, parameter
from napari_npm.study.steps import STEPS
from napari_npm.viewer.captions import named_captions, title_of, value_words
from napari_npm.viewer.forms import Form, bounds_of


class Sample(Parameters):
    count: int = parameter(3, "How many.", unit="px", ge=1, le=9)
    rate: float = parameter(1.5e-5, "How fast.", unit="1/px", gt=0)
    on: bool = parameter(True, "Whether.")
    edge: Literal["reflect", "wrap"] = parameter("reflect", "Beyond.")
    level: float | None = parameter(None, "Grey level.", ge=0)
    names: tuple[str, ...] = parameter((), "Which.")
    maps: tuple[Literal["mulf", "micf"], ...] = parameter(("mulf",), "Maps.")
    curve: Path | None = parameter(None, "File.")
    text: str = parameter("a", "Text.")


@pytest.fixture
def form(qtbot):
    widget = Form(Sample)
    qtbot.addWidget(widget)
    return widget


def test_a_new_form_holds_the_defaults(form):
    assert form.parameters() == Sample()


def test_values_go_in_and_come_out(form):
    values = Sample(
        count=5, rate=2.5e-7, on=False, edge="wrap", level=12.5, names=("x", "y"),
        maps=("mulf", "micf"), curve=Path("c.csv"), text="b",
    )  # fmt: skip
    form.set_values(values)
    assert form.parameters() == values
    form.reset_button.click()
    assert form.parameters() == Sample()


def test_typing_a_small_number_in_scientific_notation(form, qtbot):
    field = form.fields["rate"]
    field.selectAll()
    qtbot.keyClicks(field.lineEdit(), "3e-6")
    qtbot.keyClick(field.lineEdit(), Qt.Key.Key_Return)
    assert form.values()["rate"] == pytest.approx(3e-6)
    assert field.text() == "3e-06 1/px"


def test_bounds_and_units_are_on_the_widgets(form):
    field = form.fields["count"]
    assert (field.minimum(), field.maximum(), field.suffix()) == (1, 9, " px")
    tip = field.toolTip()
    assert "How many." in tip
    assert "at least 1" in tip
    assert "at most 9" in tip
    assert bounds_of(Sample.model_fields["rate"]) == (0, None)


def test_a_value_left_out_is_none_until_ticked(form, qtbot):
    field = form.fields["level"]
    assert form.values()["level"] is None
    with qtbot.waitSignal(form.changed):
        field.box.click()
    field.field.setValue(40)
    assert form.values()["level"] == 40


def test_changed_values_are_marked(form):
    form.fields["count"].setValue(4)
    assert "*" in form._labels["count"].text()
    form.fields["count"].setValue(3)
    assert "*" not in form._labels["count"].text()


def test_what_pydantic_refuses_is_one_sentence(form):
    form.fields["rate"].setMinimum(-1)
    form.fields["rate"].set_value(0)
    with pytest.raises(NpmError, match="rate"):
        form.parameters()


@pytest.mark.parametrize("step", list(STEPS))
def test_every_step_has_a_form_that_gives_its_defaults(step, qtbot):
    widget = Form(STEPS[step].Parameters)
    qtbot.addWidget(widget)
    assert widget.parameters() == STEPS[step].Parameters()


@pytest.mark.parametrize(
    ("name", "unit", "title"),
    [
        ("batch_size", "", "Batch size"),
        ("erode_px", "px", "Erode"),
        ("csh_low", "", "C-S-H low"),
        ("g_metal", "", "G<sub>m</sub>"),
    ],
)
def test_captions_use_the_terms_of_the_field(name, unit, title):
    assert title_of(name, unit) == title


def test_captions_of_a_step_say_what_its_names_do_not():
    for step, names in named_captions().items():
        model = FigurePreset if step == "figure" else STEPS[step].Parameters
        assert set(names) <= set(model.model_fields), step
        titles = [title_of(name, step=step) for name in model.model_fields]
        assert len(set(titles)) == len(titles)
    widget = Form(STEPS["explain"].Parameters, step="explain")
    assert widget._labels["target"].text() == "Explain the class"
    assert "called target in files and commands" in widget.fields["target"].toolTip()


def test_values_to_choose_are_written_as_the_field_does(qtbot):
    widget = Form(STEPS["train"].Parameters, step="train")
    boxes = widget.fields["maps"].boxes
    assert [box.text() for box in boxes.values()] == ["MulF", "MicF", "both together"]
    assert widget.values()["maps"] == ("mulf", "micf")
    assert value_words(None) == "none"


def test_a_changed_value_can_be_set_back_alone(form, qtbot):
    heard = []
    form.changed.connect(lambda: heard.append(form.values()))
    assert all(button.isHidden() for button in form.back_buttons.values())
    form.fields["count"].set_value(5)
    form.fields["maps"].set_value(("micf",))
    changed = [name for name, button in form.back_buttons.items() if not button.isHidden()]
    assert changed == ["count", "maps"]
    heard.clear()
    qtbot.mouseClick(form.back_buttons["maps"], Qt.MouseButton.LeftButton)
    assert form.parameters() == Sample(count=5)
    assert form.back_buttons["maps"].isHidden()
    assert heard[-1]["maps"] == ("mulf",)
    assert form.back_buttons["count"].accessibleName() == "Set Count back to its default"
    assert "MulF" in form.back_buttons["maps"].toolTip()
