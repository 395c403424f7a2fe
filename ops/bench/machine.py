"""What the kernel knows: CPU time and memory of processes and their children."""
import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """(parent, CPU seconds)"""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / TICK


def family(roots):
    """{pid: CPU seconds} of processes and all below them."""
    known = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                known[int(name)] = _stat(name)
            except (OSError, ValueError):
                pass  # ended meanwhile
    found, todo = {}, list(roots)
    while todo:
        pid = todo.pop()
        if pid in known and pid not in found:
            found[pid] = known[pid][1]
            todo += [child for child, (parent, _) in known.items() if parent == pid]
    return found


def spent(before, after):
    """CPU seconds between two family() pictures; of one that came meanwhile, all."""
    return sum(seconds - before.get(pid, 0) for pid, seconds in after.items())


def memory(roots, what="Pss"):
    """Bytes in memory of processes and all below them; shared pages count by their share."""
    total = 0
    for pid in family(roots):
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{what}:"))
    return total * 1024


def peak(pid):
    """The most bytes that the process ever had in memory since reset_peak."""
    text = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("VmHWM:"))


def reset_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")
