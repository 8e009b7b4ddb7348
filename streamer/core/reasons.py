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
    errno.EDQUOT: ("your disk quota is used up", "free some space"),
    errno.EFBIG: ("the file is too large for the disk or a limit", "raise `ulimit -f`"),
    errno.EACCES: ("permission denied", "change it with chmod, or run as its owner"),
    errno.EPERM: ("permission denied", "change it with chmod, or run as its owner"),
    errno.EROFS: ("the disk is read-only", "choose a place on another disk"),
    errno.ENOENT: ("it does not exist", "check its name"),
    errno.ENOTDIR: ("part of its path is a file", "check its path"),
    errno.EISDIR: ("it is a folder", "name a file"),
    errno.EEXIST: ("that name exists already", "choose another name"),
    errno.ENOTEMPTY: ("it is not empty", "empty it"),
    errno.ENAMETOOLONG: ("its name is too long", "choose a shorter one"),
    errno.ELOOP: ("it is a symbolic link", "name its target"),
    errno.EBUSY: ("another program uses it", "stop that program first"),
    errno.ETXTBSY: ("another program uses it", "stop that program first"),
    errno.EMFILE: ("too many open files", "raise `ulimit -n`"),
    errno.ENFILE: ("too many open files on this machine", "stop some programs"),
    errno.ENOMEM: ("there is not enough memory", "stop some programs"),
    errno.EAGAIN: ("the system limit of processes or memory is reached", "stop some programs"),
    errno.EIO: ("the disk failed", "check the disk"),
    errno.ENODEV: ("its device is gone", "check the disk"),
    errno.ENXIO: ("nothing reads from it", "start its reader"),
    errno.ESTALE: ("its network disk is gone", "mount it again"),
    errno.ECONNREFUSED: ("nothing is listening there", "check host and port"),
    errno.ECONNRESET: ("the other side reset the connection", "check that side's log"),
    errno.ECONNABORTED: ("the connection was aborted", "check the network"),
    errno.EPIPE: ("the other side closed the connection", "check that side's log"),
    errno.ETIMEDOUT: ("the other side did not answer", "check the network and any firewall"),
    errno.EHOSTUNREACH: ("that host cannot be reached", "check the address and the network"),
    errno.ENETUNREACH: ("that network cannot be reached", "check the address and the network"),
    errno.ENETDOWN: ("the network is down", "check the network"),
    errno.EADDRINUSE: ("another program listens there", "stop it, or choose another port"),
    errno.EADDRNOTAVAIL: ("this machine has no such address", "choose one of this machine's"),
    errno.EAFNOSUPPORT: ("this machine does not support that kind of address", "choose another"),
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
            return "it is not UTF-8 text"
        case json.JSONDecodeError():
            return f"it is not valid JSON at line {error.lineno}, column {error.colno}"
        case KeyError():
            return f"it lacks {error.args[0] if error.args else 'a value'}"
        case _:
            return "its content is not valid"


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
        return "the host name is unknown", "check the name and the name server"
    return _CAUSES.get(number, ("the system refused it", ""))
