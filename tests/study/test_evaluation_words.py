"""What the report says of an evaluation, sentence by sentence, from its numbers."""

import pytest

from napari_npm.study.evaluation_words import said_of

CHANCE = 1 / 3


def network(**changes):
    line = {
        "classifier": "network on MulF",
        "role": "network",
        "maps": "mulf",
        "reads": None,
        "accuracy": 0.9,
        "low": 0.8,
        "high": 0.96,
        "sd": 0.012,
        "lowest": 0.88,
        "highest": 0.92,
        "repeats": 5,
        "repeated": "seeds",
        "calibration_error": 0.04,
        "agreement": 0.93,
        "chance": CHANCE,
        "largest_sample": 0.36,
        "specimens": 18,
        "fewest_specimens": 6,
    }
    return line | changes


def baseline(reads, accuracy, low=None, maps="mulf"):
    return {
        "classifier": f"{reads} of {maps}",
        "role": "baseline",
        "maps": maps,
        "reads": reads,
        "accuracy": accuracy,
        "low": accuracy - 0.1 if low is None else low,
        "high": accuracy + 0.1,
        "chance": CHANCE,
    }


def shuffled(accuracy, low, high):
    return {
        "classifier": "network on MulF, shuffled labels",
        "role": "shuffled labels",
        "maps": "mulf",
        "accuracy": accuracy,
        "low": low,
        "high": high,
        "chance": CHANCE,
    }


def jitter(small=0.88, moderate=0.85, plain=0.9, name="network on MulF"):
    shifts = {(1, 0): plain}
    for sign in (-1, 1):
        shifts |= {(1, sign * 0.05): small, (1 + sign * 0.1, 0): 0.9}
        shifts |= {(1, sign * 0.1): moderate, (1 + sign * 0.2, 0): 0.9}
    return [
        {"classifier": name, "number": 0, "gain": gain, "offset": offset, "accuracy": accuracy}
        for (gain, offset), accuracy in shifts.items()
    ]


def found(words, *lines, **options):
    """Return the one sentence with these words, and whether it is a caution."""
    said = [one for one in said_of(lines, **options) if words in one.text]
    assert len(said) == 1, said
    return said[0]


def absent(words, *lines, **options):
    return not any(words in one.text for one in said_of(lines, **options))


def test_without_networks_there_is_nothing_to_say() -> None:
    assert said_of([]) == []
    assert said_of([baseline("porosity", 0.5)]) == []


def test_seeds_are_told_with_their_spread_and_agreement() -> None:
    said = found("Over 5 seeds", network())
    assert said.text == (
        "Over 5 seeds the network on MulF is right on 90.0% of the test tiles (80.0% to 96.0%;"
        " chance 33.3%), from 88.0% to 92.0% (standard deviation 1.2 points). Two of these"
        " trainings give the same answer on 93.0% of the tiles."
    )
    assert not said.caution
    folds = network(repeated="folds", agreement=float("nan"))
    assert "give the same answer" not in found("Over 5 folds", folds).text


def test_one_training_and_guessing_are_cautions() -> None:
    assert found("single training", network(repeats=1, sd=float("nan"))).caution
    guessing = network(accuracy=0.4, low=0.3)
    assert found("no better than guessing: 40.0% (30.0% to 96.0%)", guessing).caution
    assert absent("no better than guessing", network(low=CHANCE + 1e-6))
    assert found("no better than guessing", network(low=CHANCE)).caution


def test_one_large_sample_raises_what_is_to_be_beaten() -> None:
    said = found("One sample makes up 60.0%", network(largest_sample=0.6))
    assert said.text.endswith("the network on MulF is better.")
    assert not said.caution
    said = found("One sample makes up 80.0%", network(largest_sample=0.8))
    assert said.text.endswith("not surely better.")
    assert said.caution
    assert absent("One sample makes up", network(largest_sample=0.43))


def test_too_sure_answers_are_a_caution() -> None:
    assert found("off by 21 points", network(calibration_error=0.21)).caution
    assert absent("at their word", network(calibration_error=0.1))


def test_few_specimens_are_said_for_what_they_are() -> None:
    single = network(fewest_specimens=1, specimens=3)
    assert found("even 98 % then says that the tiles of this specimen", single).caution
    few = network(fewest_specimens=3, specimens=10)
    said = found("The intervals rest on 10 test specimens, 3 of one sample", few)
    assert said.caution
    assert absent("single specimen", few)
    assert found("2 of one sample", network(fewest_specimens=2)).caution
    assert absent("rest on", network(fewest_specimens=5))


@pytest.mark.parametrize(
    ("reads", "accuracy", "low", "words", "caution"),
    [
        ("grey histogram", 0.95, None, "The grey histogram alone reaches 95.0%, no less", True),
        ("grey histogram", 0.9, None, "no less than the network on MulF (90.0%)", True),
        # half of the lead of 90 % over 33.3 % is reached at 61.7 %
        ("grey histogram", 0.8, None, "80.0%: most of the difference needs no network.", True),
        ("grey histogram", 0.62, None, "most of the difference", True),
        ("grey histogram", 0.61, None, "a part of the difference is one of grey values", False),
        (
            "grey histogram",
            0.40,
            0.3,
            "the network sees more than grey values alone.",
            False,
        ),
        ("porosity", 0.5, None, "Porosity alone reaches 50.0%: a part of the difference", False),
        ("average pore size", 0.3, 0.2, "The average pore size alone reaches 30.0%", False),
        ("texture", 0.88, None, "Simple texture features reach 88.0%: most of", True),
        ("texture", 0.34, 0.2, "the network sees more than simple texture.", False),
    ],
)
def test_baselines_are_held_against_the_network(reads, accuracy, low, words, caution) -> None:
    assert found(words, network(), baseline(reads, accuracy, low)).caution is caution


def test_baselines_stand_against_the_network_on_the_same_maps() -> None:
    micf = network(classifier="network on MicF", maps="micf", accuracy=0.5, low=0.45)
    lines = (network(), micf, baseline("grey histogram", 0.5, maps="micf"))
    assert "of MicF maps alone reaches 50.0%, no less than the network on MicF" in (
        found("of MicF maps", *lines).text
    )
    # a network that reads both maps is held against the baselines of each
    both = network(classifier="network on MulF + MicF", maps="both")
    assert found("most of the difference", both, baseline("texture", 0.8, maps="micf")).caution
    assert absent("MicF maps", network(), baseline("grey histogram", 0.5, maps="micf"))
    # with several, against the best
    assert not found("Porosity alone", network(), micf, baseline("porosity", 0.5)).caution
    # porosity is one of the material, whatever the maps
    assert found("Porosity alone", micf, baseline("porosity", 0.49)).caution
    worse = network(accuracy=0.3, low=0.2)
    assert found("Porosity alone reaches 50.0% (chance", worse, baseline("porosity", 0.5))
    guessing = network(accuracy=0.6, low=0.3)
    assert found("Porosity alone reaches 34.0% (chance", guessing, baseline("porosity", 0.34))


def test_missing_controls_are_missed() -> None:
    assert found("No controls were made", network())
    assert absent("No controls", network(), jitter=jitter())
    said = found("Labels could not be shuffled", network(), jitter=jitter())
    assert said.caution
    assert absent("could not be shuffled", network(), shuffled(0.3, 0.2, 0.4), jitter=jitter())


def test_shuffled_labels_at_chance_clear_the_split() -> None:
    learnt = [{"maps": "mulf", "learnt": 0.95}]
    options = {"jitter": jitter(), "shuffles": learnt}
    said = found("leaks nothing", network(), shuffled(0.36, 0.3, 0.42), **options)
    assert said.text == (
        "With shuffled labels the network on MulF reaches 36.0% (30.0% to 42.0%; chance 33.3%):"
        " the split leaks nothing that it could learn."
    )
    assert not said.caution


def test_shuffled_labels_above_chance_are_a_warning() -> None:
    options = {"jitter": jitter(), "shuffles": [{"maps": "mulf", "learnt": 0.95}]}
    said = found("on both sides of the split", network(), shuffled(0.6, 0.5, 0.7), **options)
    assert said.caution
    wide = shuffled(0.5, 0.2, 0.8)
    assert found("too wide to rule out a leak", network(), wide, **options).caution
    assert absent("leaks nothing", network(), wide, **options)
    # half of the lead of 90 % over 33.3 % is reached at 61.7 %
    assert found("too wide", network(), shuffled(0.34, 0.1, 0.62), **options).caution
    assert found("leaks nothing", network(), shuffled(0.34, 0.1, 0.61), **options)


def test_a_network_that_did_not_learn_the_shuffled_labels_clears_nothing() -> None:
    options = {"jitter": jitter(), "shuffles": [{"maps": "mulf", "learnt": 0.5}]}
    said = found("by heart either (50.0%", network(), shuffled(0.34, 0.3, 0.4), **options)
    assert said.caution
    assert absent("leaks nothing", network(), shuffled(0.34, 0.3, 0.4), **options)
    other = {"jitter": jitter(), "shuffles": [{"maps": "micf", "learnt": 0.5}]}
    assert found("leaks nothing", network(), shuffled(0.34, 0.3, 0.4), **other)


def test_shifts_tell_what_reads_brightness() -> None:
    control = shuffled(0.34, 0.3, 0.4)
    # the lead over chance is 56.7 points; half of it is lost below 61.7 %
    steady = found("A shift", network(), control, jitter=jitter())
    assert steady.text == (
        "A shift of brightness by 0.05 or contrast by 10% leaves the network on MulF at 88.0%"
        " (from 90.0%), one of 0.1 or 20% at 85.0%: it reads no brightness."
    )
    assert not steady.caution
    moderate = found("not moderate ones", network(), control, jitter=jitter(moderate=0.61))
    assert moderate.caution
    assert absent("not moderate ones", network(), control, jitter=jitter(moderate=0.63))
    small = found("leans on brightness", network(), control, jitter=jitter(0.61, 0.4))
    assert small.caution
    assert "from 90.0% to 61.0%" in small.text
    # nothing can be said of a network that guesses, or of another one
    guessing = network(accuracy=0.3, low=0.2)
    assert absent("A shift", guessing, control, jitter=jitter())
    assert absent("A shift", network(), control, jitter=jitter(name="grey histogram"))


def test_the_leak_of_a_split_comes_first() -> None:
    said = said_of([network()], leak="Tiles of one specimen stand on both sides.")
    assert (said[0].text, said[0].caution) == ("Tiles of one specimen stand on both sides.", True)
