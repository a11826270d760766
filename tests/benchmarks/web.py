"""How fast the web page answers: `python -m tests.benchmarks.web`, from the repository's root.

Fills a window with invented articles and asks for its pages over HTTP, one request after the other, from the same process: so
the client's work is counted too; CPU time does not depend on what else the machine does. No Kafka is needed, and none is found.
"""

import argparse
import asyncio
import time

from aiohttp import ClientSession, web

from tests.benchmarks import machine
from tests.support import published
from tests.support.web import received, site_of
from workers.config import Settings
from workers.web.app import application
from workers.web.site import Site

SECONDS = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=10_000, help="default: %(default)s")
    count = parser.parse_args().articles
    print(*machine.lines(machine.facts()), sep="\n")
    site = site_of(settings=Settings(kafka=("127.0.0.1:9",), web_articles=count, web_bytes=1 << 33))
    records = [received(published.article(number), number) for number in range(count)]
    started = time.perf_counter()
    for each in records:
        site.window.add(each)
    taken_s = time.perf_counter() - started
    held, size_bytes = site.window.size()
    print(f"window: {held:,} articles, {size_bytes / 1e6:,.0f} MB, taken in {taken_s:.1f} s")
    asyncio.run(_measure(site))


async def _measure(site: Site) -> None:
    runner = web.AppRunner(application(site), access_log=None)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    host, port = runner.addresses[0][:2]
    article_id = site.window.newest(most=1).entries[0].card.id
    paths = {
        "flow": "/",
        "flow, live part": "/flow/part",
        "articles": "/articles",
        "last page of articles": f"/articles?page={site.window.size()[0] // 50}",
        "an article": f"/articles/{article_id}",
        "search, nothing found": "/search?text=nowhere",
        "search, Arabic words": "/search?text=القاهره",
        "search, entity": "/search?entity=iso:EG&lang=ar",
    }
    async with ClientSession(f"http://{host}:{port}") as client:
        for name, path in paths.items():
            began = time.process_time()
            times, size_bytes = await _ask(client, path)
            cpu_ms = (time.process_time() - began) * 1e3 / len(times)
            p50, p99 = (times[int(len(times) * part)] * 1e3 for part in (0.5, 0.99))
            print(
                f"{name:22} {len(times) / SECONDS:5.0f} pages/s, CPU {cpu_ms:5.1f} ms, p50 {p50:6.1f} ms, "
                f"p99 {p99:6.1f} ms, {size_bytes / 1e3:3.0f} kB"
            )
    await runner.cleanup()


async def _ask(client: ClientSession, path: str) -> tuple[list[float], int]:
    times, size_bytes = [], 0
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        started = time.perf_counter()
        async with client.get(path) as answer:
            size_bytes = len(await answer.read())
            assert answer.status == 200
        times.append(time.perf_counter() - started)
    return sorted(times), size_bytes


if __name__ == "__main__":
    main()
