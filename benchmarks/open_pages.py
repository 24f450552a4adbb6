"""Pages of the console that are open at the same time, as browsers hold them: `python -m benchmarks.open_pages URL TOKEN COUNT`.

Half of them show the overview, half the list of notices. Each has its line for what changes, and asks for its parts anew when a topic of theirs
is named, once a second at most, as static/live.js does. On SIGTERM it prints one line of JSON: how many parts came, and how long they took.
"""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import sys
import time

import httpx2

OVERVIEW = (("alarms facts units cases", "/overview/needs"), ("units alarms", "/overview/counts"))
NOTICES = (("notices units", "/notices/list"),)
LEAST_S = 1.0
took: list[float] = []
faults: list[str] = []


async def keep(client: httpx2.AsyncClient, parts: tuple[tuple[str, str], ...]) -> None:
    last: dict[str, float] = {}
    async with client.stream("GET", "/live", timeout=None) as answer:
        async for line in answer.aiter_lines():
            if not line.startswith("data: ["):
                continue
            named = set(json.loads(line[6:]))
            for topics, address in parts:
                if named & set(topics.split()):
                    await asyncio.sleep(max(0.0, last.get(address, 0.0) + LEAST_S - time.monotonic()))
                    last[address] = time.monotonic()
                    await _ask(client, address)


async def _ask(client: httpx2.AsyncClient, address: str) -> None:
    began = time.monotonic()
    answer = await client.get(address, headers={"x-fragment": "1"}, timeout=30)
    took.append(time.monotonic() - began)
    if answer.status_code != 200:
        faults.append(f"{address} {answer.status_code}")


async def main() -> None:
    url, token, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    limits = httpx2.Limits(max_connections=None)
    headers = {"authorization": f"Bearer {token}", "accept-language": "zh"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, limits=limits) as client:
        pages = [asyncio.create_task(keep(client, NOTICES if at % 2 else OVERVIEW)) for at in range(count)]
        await stopped.wait()
        for page in pages:
            page.cancel()
        ended = await asyncio.gather(*pages, return_exceptions=True)
    faults.extend(repr(each) for each in ended if isinstance(each, Exception))
    found = {"parts": len(took), "p50_s": statistics.median(took) if took else None, "max_s": max(took, default=None)}
    print(json.dumps(found | {"faults": faults[:5]}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
