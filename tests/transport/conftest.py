import pytest

import wire


@pytest.fixture(scope="session")
def binary(tmp_path_factory):
    return wire.build(tmp_path_factory.mktemp("sanitized"), wire.SANITIZED)


@pytest.fixture(scope="session")
def fast_binary(tmp_path_factory):
    """Without the sanitizers: for what is measured."""
    return wire.build(tmp_path_factory.mktemp("fast"), ["-O2"])


@pytest.fixture(scope="module", params=[1, 2], ids=["one-loop", "two-loops"])
def server(request, binary, tmp_path_factory):
    with wire.Server(binary, tmp_path_factory.mktemp("home"), request.param) as s:
        yield s


@pytest.fixture(scope="module")
def one_loop(binary, tmp_path_factory):
    with wire.Server(binary, tmp_path_factory.mktemp("home")) as s:
        yield s


@pytest.fixture(scope="module")
def hasty(binary, tmp_path_factory):
    """A server of little patience: two seconds stand for what else takes ten, thirty or six hundred."""
    with wire.Server(binary, tmp_path_factory.mktemp("home"), head_ms=2000, stall_ms=2000, idle_ms=2000) as s:
        yield s
