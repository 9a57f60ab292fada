"""Instances that an origin server will not have, and how it shows that."""

from pathlib import Path
from typing import Any

from tests.support.instances import Made, make
from tests.support.origin_server import Answer, Exchange, well


def instances(folder: Path, count: int, first: int = 1, **options: Any) -> list[Made]:
    return [make(folder, number, **options) for number in range(first, first + count)]


def refusing(uid: str, answer: Answer) -> Answer:
    """Answers so to each request that holds this instance, and well to others."""

    def either(exchange: Exchange) -> None:
        if exchange.command == "POST" and uid in {each.uid for each in exchange.read_instances()}:
            answer(exchange)
        else:
            well(exchange)

    return either


def failing(uid: str, reason: int | None) -> Answer:
    """Stores all but one, and says why."""

    def answer(exchange: Exchange) -> None:
        status, content = exchange.origin.holdings.store(
            exchange.read_instances(), failures={uid: reason}
        )
        exchange.respond_json(status, content)

    return answer


def omitting(uid: str) -> Answer:
    """Stores all but one, and says nothing of it, as Orthanc does."""

    def answer(exchange: Exchange) -> None:
        if exchange.command != "POST":
            well(exchange)
            return
        kept = [each for each in exchange.read_instances() if each.uid != uid]
        exchange.respond_json(200, exchange.origin.holdings.store(kept)[1])

    return answer


def out_of_resources(exchange: Exchange) -> None:
    """Stores nothing, and says of each instance that there is no room (PS3.4 Table B.2-1)."""
    sent = exchange.read_instances()
    failures: dict[str, int | str | None] = dict.fromkeys((each.uid for each in sent), 0xA700)
    exchange.respond_json(409, exchange.origin.holdings.store(sent, failures=failures)[1])
