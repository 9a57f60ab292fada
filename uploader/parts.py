"""What a batch is sent as: one request, or several where its instances must not go together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from shared.index import Claim, Mark

Place = Callable[[Claim], str]


class Kind(Enum):
    ORDINARY = auto()
    TRIAL = auto()  # one of a batch that the destination failed on: does it fail on everything?
    SUSPECT = auto()  # others of that batch, after the trial went well


@dataclass(frozen=True, slots=True)
class Part:
    """Instances for one request."""

    claims: Sequence[Claim]
    kind: Kind = Kind.ORDINARY

    @property
    def single(self) -> bool:
        return len(self.claims) == 1

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(each.entry.size for each in self.claims)

    @property
    def doubtful(self) -> bool:
        """An earlier request may have stored some."""
        return self.kind is not Kind.ORDINARY or any(each.doubtful for each in self.claims)

    @property
    def mark(self) -> Mark:
        """What to remember if it is not sent."""
        return Mark.NONE if self.kind is Kind.ORDINARY else Mark.DOUBTFUL

    def halves(self) -> list["Part"]:
        middle = (len(self.claims) + 1) // 2
        return [Part(self.claims[:middle], self.kind), Part(self.claims[middle:], self.kind)]

    def trial(self) -> list["Part"]:
        return [Part(self.claims[:1], Kind.TRIAL), Part(self.claims[1:], Kind.SUSPECT)]


def parts(claims: Sequence[Claim], place: Place = lambda _: "") -> list[Part]:
    """Those that an earlier request may have stored go apart: for them a duplicate is a success,
    for the others it is for the destination's policy to say. `place`: where one goes; a request
    goes to one place.
    """
    company: dict[tuple[bool, str], list[Claim]] = {}
    for each in claims:
        if not each.alone:
            company.setdefault((each.doubtful, place(each)), []).append(each)
    # Sorted by doubt alone: among others those go first that came first.
    groups = [company[key] for key in sorted(company, key=lambda key: key[0])]
    return [Part(group) for group in (*groups, *([each] for each in claims if each.alone))]
