"""How a client may connect: with which encryption, who opens data connections, over which network."""

from collections.abc import Callable
from typing import NamedTuple

V4 = "127.0.0.1"
V6 = "::1"


class Mode(NamedTuple):
    """One way of connecting."""

    tls: str
    data: str
    host: str

    @property
    def words(self) -> str:
        """The end of a sentence, as a part of a method's name."""
        words = {"plain": "in_the_clear", "explicit": "over_explicit_TLS", "implicit": "over_implicit_TLS"}
        network = {V4: "IPv4", V6: "IPv6"}
        return f"{words[self.tls]}_with_{self.data}_data_connections_on_{network[self.host]}"

    @property
    def port_name(self) -> str:
        """Which of the server's ports this mode needs."""
        return "ftps" if self.tls == "implicit" else "ftp"

    @property
    def bracketed(self) -> str:
        """The host as URLs write it."""
        return f"[{self.host}]" if ":" in self.host else self.host


Ways = tuple[tuple[str, str], ...]

PASSIVE_V4: Ways = (("passive", V4),)
PASSIVE_V6: Ways = (("passive", V6),)
ACTIVE_V4: Ways = (("active", V4),)
ACTIVE_V6: Ways = (("active", V6),)
PASSIVE: Ways = PASSIVE_V4 + PASSIVE_V6
ACTIVE: Ways = ACTIVE_V4 + ACTIVE_V6
BOTH: Ways = PASSIVE + ACTIVE


def modes(*, plain: Ways | None, explicit: Ways | None, implicit: Ways | None) -> list[Mode]:
    """The modes that a client can do; `None` for an encryption that it lacks."""
    table = {"plain": plain, "explicit": explicit, "implicit": implicit}
    return [Mode(tls, *way) for tls, ways in table.items() for way in ways or ()]


def in_modes(which: list[Mode]) -> Callable:
    """Marks a check, which takes a `Mode`, to be run once for each of them."""

    def mark(check: Callable) -> Callable:
        check.modes = which
        return check

    return mark


TLS_V4 = Mode("explicit", "passive", V4)
PLAIN_V4 = Mode("plain", "passive", V4)
