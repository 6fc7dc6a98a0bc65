"""python-socketio with its Redis manager, tuned: uvloop, sans-io WebSockets, no per-message deflate, a wide Redis pool.

Run by the Python of the bench's own environment, which has python-socketio: python python.py PORT REDIS_URL
"""

import sys
from typing import Any

import socketio
import uvicorn


def app(redis_url: str) -> Any:
    redis = socketio.AsyncRedisManager(redis_url, redis_options={"max_connections": 100_000})
    io = socketio.AsyncServer(async_mode="asgi", client_manager=redis, cors_allowed_origins="*")

    @io.on("join")
    async def join(sid: str, room: str) -> None:
        await io.enter_room(sid, room)
        await io.emit("joined", room, to=sid)

    @io.on("say")
    async def say(sid: str, line: dict[str, Any]) -> None:
        await io.emit("said", line, room=line["room"])

    return socketio.ASGIApp(io)


if __name__ == "__main__":
    uvicorn.run(
        app(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
        access_log=False,
    )
