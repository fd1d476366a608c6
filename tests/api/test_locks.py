"""Locks, and filesystems that have none."""

import errno
import os
import subprocess
import sys
import threading

import filelock
import pytest

from allentk.api.locks import held
from allentk.errors import ConfigError, OfflineError


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".locks" / "a.lock"


def hold_for(path, seconds, monkeypatch=None):
    with held(path, wait_s=seconds, what="a file"):
        return True


@pytest.fixture
def without_locks(monkeypatch):
    """A filesystem that answers flock as some network filesystems do."""

    def no_locks(code):
        def refuse(self):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(filelock.FileLock, "_acquire", refuse)

    return no_locks


def test_one_at_a_time(path):
    says = pytest.raises(OfflineError, match=r"a file: another process.*0\.05 s.*a\.lock")
    with held(path, wait_s=60, what="a file"), says:
        hold_for(path, 0.05)
    assert hold_for(path, 0.05)


def test_a_waiting_thread_gets_it(path):
    got = threading.Event()
    with held(path, wait_s=60, what="a file"):
        waiting = threading.Thread(target=lambda: hold_for(path, float("inf")) and got.set())
        waiting.start()
        assert not got.wait(0.1)
    assert got.wait(30)
    waiting.join(30)


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP])
def test_where_the_filesystem_has_none(path, without_locks, code):
    without_locks(code)
    with held(path, wait_s=60, what="a file"):
        assert path.with_name("a.lock.held").exists()
        with pytest.raises(OfflineError, match=r"delete .*a\.lock\.held"):
            hold_for(path, 0.05)
    assert not path.with_name("a.lock.held").exists()
    assert hold_for(path, 0.05)


def test_what_a_killed_process_left_is_taken_away(path, without_locks):
    script = (
        "import sys, os, filelock\n"
        "lock = filelock.SoftFileLock(sys.argv[1])\n"
        "lock.acquire()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    left = path.with_name("a.lock.held")
    left.parent.mkdir()
    subprocess.run([sys.executable, "-c", script, str(left)], check=False)
    assert left.exists()
    without_locks(errno.ENOLCK)
    assert hold_for(path, 20)


def test_other_troubles_are_told(path, without_locks):
    without_locks(errno.EACCES)
    with pytest.raises(ConfigError, match="no permission"):
        hold_for(path, 1)
    without_locks(errno.EIO)
    with pytest.raises(ConfigError, match="Input/output"):
        hold_for(path, 1)
