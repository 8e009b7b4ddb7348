"""Why something failed, in our words: what the system, Python and libraries say is for logs."""

from __future__ import annotations

import errno
import json
import re

from streamer.errors import StreamerError


class Worded:
    """An error beside the tree whose text is a sentence of ours."""


class ContentError(Worded, ValueError):
    """What a file holds is not what it is to hold; the text says where."""


_CAUSES: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "free some space"),
    errno.EDQUOT: ("your share of the disk is used up", "free some space"),
    errno.EFBIG: ("the file is too large for its disk or for a limit", "raise `ulimit -f`"),
    errno.EACCES: ("you have no permission", "change it with chmod, or run as its owner"),
    errno.EPERM: ("you have no permission", "change it with chmod, or run as its owner"),
    errno.EROFS: ("the disk is read-only", "name a place on another one"),
    errno.ENOENT: ("it is not there", "check its name"),
    errno.ENOTDIR: ("a part of its path is a file", "check its path"),
    errno.EISDIR: ("it is a folder", "name a file"),
    errno.EEXIST: ("something of that name is there", "choose another name"),
    errno.ENOTEMPTY: ("something is in it", "empty it"),
    errno.ENAMETOOLONG: ("its name is too long", "choose a shorter one"),
    errno.ELOOP: ("it is a link", "name what it leads to"),
    errno.EBUSY: ("another program uses it", "end that first"),
    errno.ETXTBSY: ("another program uses it", "end that first"),
    errno.EMFILE: ("too many files are open", "raise `ulimit -n`"),
    errno.ENFILE: ("too many files are open on this machine", "end some programs"),
    errno.ENOMEM: ("there is not enough memory", "end some programs"),
    errno.EAGAIN: ("the system has no room for more processes or data", "end some programs"),
    errno.EIO: ("the disk failed", "check the disk"),
    errno.ENODEV: ("its device is gone", "check the disk"),
    errno.ENXIO: ("nothing is at its other end", "start what reads it"),
    errno.ESTALE: ("its network disk is gone", "mount it again"),
    errno.ECONNREFUSED: ("the connection was refused", "check host and port"),
    errno.ECONNRESET: ("the other side broke off", "check that side's log"),
    errno.ECONNABORTED: ("the connection was broken off", "check the network"),
    errno.EPIPE: ("the other side has gone", "check that side's log"),
    errno.ETIMEDOUT: ("the other side did not answer", "check the network and any firewall"),
    errno.EHOSTUNREACH: ("no way leads to that host", "check the address and the network"),
    errno.ENETUNREACH: ("no way leads to that network", "check the address and the network"),
    errno.ENETDOWN: ("the network is down", "check the network"),
    errno.EADDRINUSE: ("another program listens there", "stop it, or choose another port"),
    errno.EADDRNOTAVAIL: ("it is no address of this machine", "choose one that is"),
    errno.EAFNOSUPPORT: ("this machine does not speak that kind of address", "choose another"),
}
"""What went wrong, and what to do, by the system's number."""


_OF_NONSENSE = (errno.EAGAIN, errno.EIO, errno.ENOMEM)
"""What FFmpeg answers, too, when data end early, or tell sizes that cannot be."""

_TOML_PLACE = re.compile(r"line \d+, column \d+")


def find_cause(error: BaseException) -> str:
    """Return what went wrong, without advice; for the inside of a sentence."""
    match error:
        case StreamerError() | Worded():
            return str(error)
        case MemoryError():
            return _CAUSES[errno.ENOMEM][0]
        case OSError():
            return _find_entry(error)[0]
        case UnicodeError():
            return "it is not text in UTF-8"
        case json.JSONDecodeError():
            return f"it is not JSON from line {error.lineno}, column {error.colno} on"
        case KeyError():
            return f"{error.args[0] if error.args else 'something'} is missing in it"
        case _:
            return "what it holds makes no sense"


def explain(error: BaseException) -> str:
    """Return what went wrong and what to do, for the end of a sentence."""
    if not isinstance(error, OSError) or isinstance(error, Worded):
        return find_cause(error)
    advice = _find_entry(error)[1]
    return f"{find_cause(error)}; {advice}" if advice else find_cause(error)


def is_known(error: BaseException) -> bool:
    """Say whether an error's number has a cause; FFmpeg has further ones of its own, and some that mean that a file makes no sense."""
    return isinstance(error, OSError) and error.errno in _CAUSES and error.errno not in _OF_NONSENSE


def find_place_in_toml(error: ValueError) -> str:
    """Return where a document ceases to be TOML, which its parser says only in a sentence."""
    place = _TOML_PLACE.search(str(error))
    return place[0] if place else "its end"


def _find_entry(error: OSError) -> tuple[str, str]:
    if isinstance(error, TimeoutError):
        return _CAUSES[errno.ETIMEDOUT]
    number = error.errno or 0
    if type(error).__module__ == "ssl":  # of ssl, whose numbers are others
        return "TLS failed", "check the certificate, and that both sides speak TLS"
    if number < 0:  # of a name server
        return "the host has no address", "check its name, and that a name server answers"
    return _CAUSES.get(number, ("the system does not allow it", ""))
