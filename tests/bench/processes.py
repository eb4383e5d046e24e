"""What /proc tells about processes."""
import pathlib
import re


def status(pid):
    """The letter of its state, and its parent; None if it is gone, whether it has been buried or not."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    letter, parent = text[text.rindex(")") + 2 :].split()[:2]
    return None if letter in "ZX" else (letter, int(parent))


def is_alive(pid):
    return status(pid) is not None


def is_asleep(pid):
    return (status(pid) or "S")[0] == "S"


def below(pid):
    """The descendants of a process."""
    children = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        if known := status(folder.name):
            children.setdefault(known[1], []).append(int(folder.name))
    found = list(children.get(pid, []))
    for one in found:  # grows while it is walked
        found += children.get(one, [])
    return found


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def memory(pid):
    """PSS and private dirty memory, in KiB."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return tuple(int(re.search(rf"^{key}:\s+(\d+)", text, re.M)[1]) for key in ("Pss", "Private_Dirty"))


def switches(pid):
    """How often its threads have been switched to: when it sleeps, each is a wake-up."""
    count = 0
    for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
        count += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", status.read_text())))
    return count
