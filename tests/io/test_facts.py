"""Numbers, units and dates as microscopes write them."""

import pytest

from napari_npm.io._facts import iso_date, kilovolts, length_nm, number


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("2016/01/27", "9:05:06", "2016-01-27T09:05:06"),
        ("2016-01-27", None, "2016-01-27"),
        ("27.01.2016", "23:05:06", "2016-01-27T23:05:06"),
        ("23 Dec 2015", "9:40:32", "2015-12-23T09:40:32"),
        ("05/06/2022", "12:07:08 AM", "2022-05-06T00:07:08"),
        ("05/06/2022", "01:07:08 PM", "2022-05-06T13:07:08"),
        # Without AM or PM the first number may be the day or the month: left as written.
        ("05/06/2022", "13:07:08", "05/06/2022 13:07:08"),
        ("31.02.2016", "1:2:3", "31.02.2016 1:2:3"),
        ("yesterday", None, "yesterday"),
        ("", "", None),
        (None, None, None),
    ],
)
def test_dates(date, time, expected):
    assert iso_date(date, time) == expected


@pytest.mark.parametrize(
    ("written", "nanometres"),
    [
        ("5um", 5000),
        ("0.5 µm", 500),
        ("100nm", 100),
        ("1mm", 1e6),
        ("543.0 pm", 0.543),
        ("1.5e-6 m", 1500),
        ("12", None),
        ("-3 nm", None),
        ("0 nm", None),
        ("5 px", None),
        ("", None),
        (None, None),
    ],
)
def test_lengths(written, nanometres):
    expected = None if nanometres is None else pytest.approx(nanometres)
    assert length_nm(written) == expected


@pytest.mark.parametrize(
    ("written", "kv"),
    [("15000 Volt", 15), ("15.0 kV", 15), ("15.0kV", 15), ("5000", 5), ("off", None), ("0", None)],
)
def test_voltages(written, kv):
    assert kilovolts(written) == (None if kv is None else pytest.approx(kv))


@pytest.mark.parametrize("value", ["", "yes", "notafloat", True, None, "nan", "inf", [1]])
def test_what_is_no_number(value):
    assert number(value) is None
