"""A thousand hostile clients in a process of their own: crowd.py PORT CLIENTS. Prints a line once all have come, and goes on until killed.

Each quarter of them resets what it asked for, reads nothing of what it asked for, asks for nothing, or asks a byte at a time. Who is thrown
out comes again.
"""
import asyncio
import os
import sys

from wire import PREFACE, SETTINGS, frame, request, reset, settings, tls

HELLO = PREFACE + frame(SETTINGS, 0, 0)
came, all_came = 0, asyncio.Event()


async def resetter(reader, writer):
    writer.write(HELLO)
    for first in range(1, 1 << 20, 40):
        writer.write(b"".join(request(n, "/api/sleep?ms=50") + reset(n) for n in range(first, first + 40, 2)))
        await writer.drain()
        await asyncio.sleep(1)


async def slow_reader(reader, writer):
    writer.write(PREFACE + frame(SETTINGS, 0, 0, settings(window=0)) + request(1, "/api/stream?bytes=5000000"))
    await reader.read(1)
    await writer.drain()
    while not reader.at_eof():
        await asyncio.sleep(1)
        writer.write(b"")
        if writer.transport.is_closing():
            return


async def idle(reader, writer):
    writer.write(HELLO)
    while await reader.read(1000):
        pass


async def slow_asker(reader, writer):
    while not writer.transport.is_closing():
        writer.write(b"G")
        await writer.drain()
        await asyncio.sleep(1)


KINDS = [(resetter, "h2"), (slow_reader, "h2"), (idle, "h2"), (slow_asker, "http/1.1")]


async def client(port, kind, protocol, context, wanted):
    global came
    counted = False
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="acme.localhost")
            if not counted:
                counted, came = True, came + 1
                if came == wanted:
                    all_came.set()
            await kind(reader, writer)
        except OSError:
            pass
        await asyncio.sleep(0.5)


async def main(port, clients):
    contexts = {protocol: tls(protocol) for _, protocol in KINDS}
    tasks = []
    for n in range(clients):
        kind, protocol = KINDS[n % len(KINDS)]
        tasks.append(asyncio.create_task(client(port, kind, protocol, contexts[protocol], clients)))
        await asyncio.sleep(0.002)
    await all_came.wait()
    print("here", flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    os.nice(10)  # what is measured is the server's trouble with them, not theirs for a processor
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
