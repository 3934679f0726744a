"""The process is killed in the middle of saves: what was confirmed is there, and the chain holds."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Timer

import pytest
from desks import case, desk, letter

from drafting import desk as act
from drafting.desk import Written
from drafting.store import Revision, Store, verify

SAVER = """
import sys
sys.path.insert(0, sys.argv[2])
from desks import desk, letter
from drafting import desk as act
from drafting.store import Store
here = desk(Store(sys.argv[1]))
row = act.view(here, int(sys.argv[3])).row
number, sha256 = row.revision, row.sha256
while True:
    saved = act.save(here, row.id, number, sha256, letter(f"Save {number}."))
    number, sha256 = saved.number, saved.sha256
    print(number, sha256, flush=True)
"""


@pytest.mark.slow
def test_no_confirmed_save_is_lost_when_the_process_is_killed(url: str, reopen: Callable[[], Store]) -> None:
    chance = Random(20)
    store = reopen()
    here = desk(store)
    ids = [act.add(here, case(), Written(letter())).id for _ in range(2)]
    confirmed: dict[tuple[int, int], str] = {}
    for _ in range(4):
        command = [sys.executable, "-c", SAVER, url, str(Path(__file__).parent)]
        savers = [subprocess.Popen([*command, str(letter_id)], stdout=subprocess.PIPE, text=True) for letter_id in ids]
        first = [saver.stdout.readline() for saver in savers if saver.stdout]
        for saver in savers:
            Timer(chance.uniform(0.05, 0.4), saver.send_signal, [signal.SIGKILL]).start()
        for letter_id, begin, saver in zip(ids, first, savers, strict=True):
            for line in (begin + saver.communicate()[0]).splitlines():
                number, _, sha256 = line.partition(" ")
                if len(sha256) == 64:
                    confirmed[letter_id, int(number)] = sha256
            assert saver.returncode == -signal.SIGKILL
        with store.read() as session:
            assert verify(session) is None
    with store.read() as session:
        there = {(row.letter_id, row.number): row.sha256 for row in session.find(Revision)}
        assert {key: there.get(key) for key in confirmed} == confirmed
        for letter_id in ids:
            assert act.view(here, letter_id).row.revision == max(number for one, number in there if one == letter_id)
    assert len(confirmed) > 8
