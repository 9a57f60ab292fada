"""The load generator's books."""

import pytest

from bench.load import Load, Quota, Sent, figures, percentile


def test_a_quota_ends_at_its_count() -> None:
    quota = Quota(Load(port=1, kind="CT", count=3))
    quota.start()

    assert [quota.take() for _ in range(5)] == [True, True, True, False, False]


def test_time_ends_a_quota_once_enough_is_sent() -> None:
    quota = Quota(Load(port=1, kind="CT", count=100, seconds=0, at_least=2))
    quota.start()

    assert [quota.take() for _ in range(4)] == [True, True, False, False]


def test_the_clock_runs_from_the_first_request_to_the_last_response() -> None:
    first = Sent(begun=10.0, ended=11.0, took=[0.1, 0.2])
    second = Sent(begun=10.5, ended=12.0, took=[0.3, 0.4], refused=1, error="broken")

    found = figures([first, second])

    assert found["instances"] == 4
    assert found["seconds"] == 2.0
    assert found["rate"] == 2.0
    assert found["refused"] == 1
    assert found["errors"] == ["broken"]


def test_percentiles_are_in_milliseconds() -> None:
    ascending = [each / 1000 for each in range(1, 101)]

    assert percentile(ascending, 0.50) == pytest.approx(51)
    assert percentile(ascending, 0.99) == pytest.approx(100)
    assert percentile([], 0.5) == 0
