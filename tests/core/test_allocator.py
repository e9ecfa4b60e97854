"""Freed memory is kept while a network works, and given back afterwards."""

import sys

import numpy as np
import pytest

from napari_npm.core._allocator import freed_memory_kept

resource = pytest.importorskip("resource", reason="page faults are counted on POSIX only")


def faults(times=10, megabytes=8):
    """Page faults of taking and freeing a large block again and again."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        block = np.ones(megabytes << 20, np.uint8)
        del block
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def resident():
    """Resident memory of this process, bytes."""
    import psutil

    return psutil.Process().memory_info().rss


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator only")
def test_large_blocks_are_found_again_without_page_faults_also_when_nested():
    with freed_memory_kept():
        faults(1)
        inside = faults()
        with freed_memory_kept():
            assert faults() < 2048
        assert faults() < 2048  # the inner block's end gave nothing back
    # one block has 2048 pages, and ten of them were taken
    assert inside < 2048
    kept = resident()
    with freed_memory_kept():
        block = np.ones(64 << 20, np.uint8)
        del block
        assert resident() > kept + (48 << 20)
    assert resident() < kept + (32 << 20)


def test_it_ends_also_after_an_error():
    with pytest.raises(ZeroDivisionError), freed_memory_kept():
        raise ZeroDivisionError
    with freed_memory_kept():
        pass
    assert freed_memory_kept._users == 0
