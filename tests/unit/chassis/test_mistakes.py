"""All mistakes of a file in one error."""

from __future__ import annotations

from functools import partial

import pytest

from chassis import InvalidInput
from chassis.config.mistakes import read_all, read_both


def refuse(subject: str, message: str = "is wrong") -> int:
    raise InvalidInput(subject, message)


def test_what_has_no_mistake_is_read_in_its_order() -> None:
    assert read_all(partial(int, each) for each in "312") == [3, 1, 2]
    assert read_both(lambda: "a", lambda: 1) == ("a", 1)


def test_one_mistake_is_the_error_that_it_was() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_all([partial(int, "1"), partial(refuse, "a")])
    assert refused.value.args == ("a", "is wrong")


def test_of_several_mistakes_each_is_a_line_and_the_first_is_the_subject() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_both(
            lambda: read_all([partial(refuse, "a"), partial(refuse, "b")]), partial(refuse, "c")
        )
    assert refused.value.subject == "a"
    assert str(refused.value) == "a: is wrong\nb: is wrong\nc: is wrong"


def test_the_same_mistake_is_told_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_all([partial(refuse, "a"), partial(refuse, "a")])
    assert str(refused.value) == "a: is wrong"


def test_of_very_many_mistakes_the_first_hundred_are_told() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_all(partial(refuse, f"a{number}") for number in range(1_000))
    lines = str(refused.value).splitlines()
    assert (len(lines), lines[-1]) == (101, "and more; mend these first")


def test_what_is_no_mistake_of_the_file_is_raised() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        read_all([partial(int, "x")])
