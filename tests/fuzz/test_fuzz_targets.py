"""The corpus, and a moment of mutation: long runs are `python -m tests.fuzz`."""

import random

import pytest

from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import inputs
from tests.fuzz.targets import TARGETS

MUTANTS = 150


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_breaks_nothing(name: str) -> None:
    for data in inputs(name):
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_mutants_of_the_corpus_break_nothing(name: str) -> None:
    chance = random.Random(name)
    pool = inputs(name)
    for _ in range(MUTANTS):
        TARGETS[name](mutate(chance.choice(pool), chance, pool))
