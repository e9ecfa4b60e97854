"""What is suggested in a study that goes from empty to done."""

import numpy as np

from napari_npm.core.masking import Label
from napari_npm.study import Study, add_folder, run
from napari_npm.study.done import is_current
from napari_npm.study.suggesting import Act, suggest


def test_without_images_then_without_masks(phantom_data, tmp_path):
    with Study.create(tmp_path / "study", name="Mine") as study:
        assert suggest(study).act is Act.ADD
        add_folder(study, phantom_data / "images")
        assert suggest(study).act is Act.MASK
        mask = np.zeros_like(study.mask(study.images[0].id))
        mask[5:40, 5:40], mask[60:90, 60:90] = Label.CSH, Label.METAL
        study.set_mask(study.images[0].id, mask)
        found = suggest(study)
        assert (found.act, found.step) == (Act.RUN, "smooth")
        assert f"On 6 of {len(study.images)} images nobody" in found.words


def test_proposed_masks_come_before_any_run(fresh):
    with Study.open(fresh) as study:
        for image in study.images[:2]:
            study.propose_mask(image.id, study.mask(image.id))
        found = suggest(study)
        assert found.act is Act.REVIEW
        assert "2 proposed masks" in found.words


def test_each_run_leads_to_the_next_until_all_is_done(finished):
    with Study.open(finished) as study:
        assert (suggest(study).act, suggest(study).step) == (Act.RUN, "compare")
        study.set_parameters("smooth", sigma_px=7.0)
        assert suggest(study).step == "smooth"
        run(study, ["smooth"], scheduler="synchronous")
        assert suggest(study).step != "smooth"
        study.set_parameters("smooth", sigma_px=10.0)
        mask = study.mask(study.images[0].id).copy()
        mask[:4, :4] = Label.UNHYDRATED
        study.set_mask(study.images[0].id, mask)
        found = suggest(study)
        assert found.step == "smooth"


def test_one_sample_alone_asks_for_another(phantom_data, tmp_path):
    with Study.create(tmp_path / "study", name="Mine") as study:
        add_folder(study, phantom_data / "images" / "S1", sample="S1")
        for image in study.images:
            mask = np.zeros((image.height, image.width), np.uint8)
            mask[5:40, 5:40], mask[60:90, 60:90] = Label.CSH, Label.METAL
            study.set_mask(image.id, mask)
        study.set_parameters("calibrate", g_csh=60.0, g_metal=210.0)
        assert suggest(study).step == "smooth"
        run(
            study,
            ["simulate", "import", "mask", "calibrate", "smooth"],
            scheduler="synchronous",
        )
        found = suggest(study)
        assert found.act is Act.ADD
        assert "another sample" in found.words
        assert is_current(study, "smooth")
        assert not is_current(study, "predict")  # what it rests on has not run
