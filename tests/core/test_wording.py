"""Numbers agree with what they count."""

from napari_npm.core.wording import agree, several


def test_one_is_singular_and_all_else_plural() -> None:
    assert [several(n, "tile") for n in (0, 1, 2)] == ["0 tiles", "1 tile", "2 tiles"]
    assert [agree(n, "was", "were") for n in (0, 1, 2)] == ["were", "was", "were"]
