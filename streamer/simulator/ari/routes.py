"""ARI's requests about channels, bridges, applications and the PBX itself, each answered by a small function."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from streamer.simulator.ari import applications, bridges, originations, snoops
from streamer.simulator.ari.faults import MODULES, RefusalError, show_info, show_module

if TYPE_CHECKING:
    from streamer.simulator.ari.server import SimulatedAri

Handler = Callable[["SimulatedAri", web.Request], Awaitable[web.StreamResponse]]


def list_routes(ari: SimulatedAri) -> Iterable[web.RouteDef]:
    """Return what can be asked for."""

    def bind(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(ari, request)

        return handle

    return [web.route(method, f"/ari{path}", bind(handler)) for method, path, handler in _ROUTES]


async def read_query(request: web.Request) -> dict[str, str]:
    """Return the parameters, those in the body included; the URL wins."""
    query: dict[str, str] = {}
    if request.body_exists:
        try:
            document = await request.json()
        except ValueError as error:
            raise RefusalError(400, "Bad Request: cannot parse the body") from error
        if isinstance(document, dict):
            query = {name: str(one) for name, one in document.items() if name != "variables"}
    return query | dict(request.query)


def answer(value: Any) -> web.Response:
    """Answer 200 with a document."""
    return web.Response(text=json.dumps(value), content_type="application/json")


async def _list_channels(ari: SimulatedAri, _: web.Request) -> web.Response:
    return answer(list(ari.pbx.channels.values()))


async def _show_channel(ari: SimulatedAri, request: web.Request) -> web.Response:
    channel = snoops.find_channel(ari.pbx, request.match_info["id"])
    if channel is None:
        raise RefusalError(404, "Channel not found")
    return answer(channel)


async def _read_variable(ari: SimulatedAri, request: web.Request) -> web.Response:
    name = request.query.get("variable", "")
    if not name:
        raise RefusalError(400, "Variable name is required")
    channel = snoops.find_channel(ari.pbx, request.match_info["id"])
    if channel is None:
        raise RefusalError(404, "Provided channel was not found")
    value = ari.pbx.variables[channel["id"]].get(name)
    if value is not None:
        return answer({"value": value})
    if name.endswith(")"):
        raise RefusalError(500, "Unable to read provided function")
    raise RefusalError(404, "Provided variable was not found")


async def _set_variable(ari: SimulatedAri, request: web.Request) -> web.Response:
    query = await read_query(request)
    if not query.get("variable"):
        raise RefusalError(400, "Variable name is required")
    channel = snoops.find_channel(ari.pbx, request.match_info["id"])
    if channel is None:
        raise RefusalError(404, "Channel not found")
    if not ari.pbx.inside[channel["id"]].is_in_application:
        raise RefusalError(409, "Channel not in Stasis application")
    ari.pbx.variables[channel["id"]][query["variable"]] = query.get("value", "")
    return _nothing()


async def _originate(ari: SimulatedAri, request: web.Request) -> web.Response:
    query = await read_query(request)
    id = request.match_info.get("id") or query.get("channelId", "")
    document = await request.json() if request.body_exists else {}
    variables = document.get("variables", {}) if isinstance(document, dict) else {}
    wanted = originations.read_wanted(ari.pbx, id, query, variables, ari.board)
    return answer(ari.originate(wanted))


async def _snoop(ari: SimulatedAri, request: web.Request) -> web.Response:
    query = await read_query(request)
    id = request.match_info.get("name") or query.get("snoopId", "")
    channel = snoops.make_snoop(ari.pbx, request.match_info["id"], id, query)
    shown = answer(channel)
    ari.enter_soon(channel, query["app"], query.get("appArgs", ""), is_told=True)
    return shown


async def _external_media(ari: SimulatedAri, request: web.Request) -> web.Response:
    return answer(await ari.make_medium(await read_query(request)))


async def _end_channel(ari: SimulatedAri, request: web.Request) -> web.Response:
    ari.end_soon(snoops.find_to_hang_up(ari.pbx, request.match_info["id"], request.query))
    return _nothing()


async def _list_bridges(ari: SimulatedAri, _: web.Request) -> web.Response:
    return answer(list(ari.pbx.bridges.values()))


async def _show_bridge(ari: SimulatedAri, request: web.Request) -> web.Response:
    bridge = ari.pbx.bridges.get(request.match_info["id"])
    if bridge is None:
        raise RefusalError(404, "Bridge not found")
    return answer(bridge)


async def _make_bridge(ari: SimulatedAri, request: web.Request) -> web.Response:
    query = await read_query(request)
    id = request.match_info.get("id") or query.get("bridgeId", "")
    return answer(bridges.make_bridge(ari.pbx, id, query))


async def _end_bridge(ari: SimulatedAri, request: web.Request) -> web.Response:
    ari.pbx.end_bridge(bridges.find_bridge(ari.pbx, request.match_info["id"]))
    return _nothing()


async def _add_channels(ari: SimulatedAri, request: web.Request) -> web.Response:
    bridges.add_channels(ari.pbx, request.match_info["id"], await read_query(request))
    return _nothing()


async def _remove_channels(ari: SimulatedAri, request: web.Request) -> web.Response:
    bridges.remove_channels(ari.pbx, request.match_info["id"], await read_query(request))
    return _nothing()


async def _list_applications(ari: SimulatedAri, _: web.Request) -> web.Response:
    return answer([applications.show(ari.pbx, one) for one in ari.listeners.list_all()])


async def _show_application(ari: SimulatedAri, request: web.Request) -> web.Response:
    return _show(ari, ari.listeners.find(request.match_info["name"]))


async def _filter(ari: SimulatedAri, request: web.Request) -> web.Response:
    application = ari.listeners.find(request.match_info["name"])
    try:
        document = await request.json()
    except ValueError as error:
        raise RefusalError(400, "Bad Request: cannot parse the body") from error
    applications.filter_events(application, document)
    return _show(ari, application)


async def _subscribe(ari: SimulatedAri, request: web.Request) -> web.Response:
    application = ari.listeners.find(request.match_info["name"])
    applications.subscribe(ari.pbx, application, await _read_sources(request))
    return _show(ari, application)


async def _unsubscribe(ari: SimulatedAri, request: web.Request) -> web.Response:
    application = ari.listeners.find(request.match_info["name"])
    applications.unsubscribe(ari.pbx, application, await _read_sources(request))
    ari.listeners.sweep(ari.pbx)
    return _show(ari, application)


async def _send_user_event(ari: SimulatedAri, request: web.Request) -> web.Response:
    application = ari.listeners.find((await read_query(request)).get("application", ""))
    if not ari.faults.keeps_events_back:
        name = request.match_info["name"]
        told = {"eventname": name, "userevent": {"eventname": name}}
        ari.pbx.emit("ChannelUserevent", application=application.name, **told)
    return _nothing()


async def _show_info(ari: SimulatedAri, request: web.Request) -> web.Response:
    only = [one for one in request.query.get("only", "").split(",") if one]
    info = show_info(ari.faults.version, applications.ENTITY, ari.pbx.tell_time())
    if not set(only) <= set(info):
        raise RefusalError(400, "Invalid parameter value for 'only'")
    return answer({name: one for name, one in info.items() if not only or name in only})


async def _ping(ari: SimulatedAri, _: web.Request) -> web.Response:
    when = ari.pbx.tell_time()
    return answer({"ping": "pong", "timestamp": when, "asterisk_id": applications.ENTITY})


async def _list_modules(ari: SimulatedAri, _: web.Request) -> web.Response:
    return answer([show_module(one) for one in sorted(MODULES) if ari.faults.has_module(one)])


async def _show_module(ari: SimulatedAri, request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if not ari.faults.has_module(name):
        raise RefusalError(404, "Module could not be found in running modules")
    return answer(show_module(name))


async def _read_sources(request: web.Request) -> list[str]:
    given = (await read_query(request)).get("eventSource", "")
    return [one for one in given.split(",") if one]


def _show(ari: SimulatedAri, application: applications.Application) -> web.Response:
    return answer(applications.show(ari.pbx, application))


def _nothing() -> web.Response:
    return web.Response(status=204)


_ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/channels", _list_channels),
    ("POST", "/channels", _originate),
    ("POST", "/channels/externalMedia", _external_media),
    ("GET", "/channels/{id}", _show_channel),
    ("POST", "/channels/{id}", _originate),
    ("DELETE", "/channels/{id}", _end_channel),
    ("GET", "/channels/{id}/variable", _read_variable),
    ("POST", "/channels/{id}/variable", _set_variable),
    ("POST", "/channels/{id}/snoop", _snoop),
    ("POST", "/channels/{id}/snoop/{name}", _snoop),
    ("GET", "/bridges", _list_bridges),
    ("POST", "/bridges", _make_bridge),
    ("GET", "/bridges/{id}", _show_bridge),
    ("POST", "/bridges/{id}", _make_bridge),
    ("DELETE", "/bridges/{id}", _end_bridge),
    ("POST", "/bridges/{id}/addChannel", _add_channels),
    ("POST", "/bridges/{id}/removeChannel", _remove_channels),
    ("GET", "/applications", _list_applications),
    ("GET", "/applications/{name}", _show_application),
    ("PUT", "/applications/{name}/eventFilter", _filter),
    ("POST", "/applications/{name}/subscription", _subscribe),
    ("DELETE", "/applications/{name}/subscription", _unsubscribe),
    ("POST", "/events/user/{name}", _send_user_event),
    ("GET", "/asterisk/info", _show_info),
    ("GET", "/asterisk/ping", _ping),
    ("GET", "/asterisk/modules", _list_modules),
    ("GET", "/asterisk/modules/{name}", _show_module),
]
