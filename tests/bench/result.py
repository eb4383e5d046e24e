"""What a row of the bench has found, and how it is written down: as Markdown that a terminal shows well."""
from dataclasses import dataclass, field


@dataclass
class Result:
    """One row: what was measured, what it must be, and what it was beside its peers."""

    title: str
    bound: str  # what it must be
    finding: str  # what it is, in the words of the bound
    is_met: bool
    unit: str
    ours: str  # the line that is once's
    base: str  # the line to which the others are compared
    series: dict  # by command
    columns: dict = field(default_factory=dict)  # further ones: by heading, by command
    missing: list = field(default_factory=list)  # peers that are not installed
    notes: list = field(default_factory=list)

    SUMMARY = ["what", "must be", "is", "met", "once, median (p10–p90)", "peers, median"]

    def summary(self):
        ours = self.series[self.ours]
        others = [name for name in self.by_median() if not name.startswith("once")]
        peers = ", ".join(f"{name} {number(self.series[name].median)}" for name in others)
        if self.missing:
            peers += f"; not installed: {', '.join(self.missing)}"
        found = f"{number(ours.median)} {self.unit} ({number(ours.p10)}–{number(ours.p90)})"
        return [self.title, self.bound, self.finding, "yes" if self.is_met else "**no**", found, peers or "—"]

    def by_median(self):
        return sorted(self.series, key=lambda name: self.series[name].median)

    def details(self):
        heading = ["command", f"median {self.unit}", "p10", "p90", f"of {self.base}", *self.columns]
        lines = [self.line(name) for name in self.by_median()]
        text = f"### {self.title}\n\nMust be: {self.bound}. Is: {self.finding}.\n\n"
        text += table(heading, lines)
        if self.missing:
            text += f"\nNot installed, so not measured: {', '.join(self.missing)}.\n"
        return text + "".join(f"\n{note}\n" for note in self.notes)

    def line(self, name):
        one = self.series[name]
        base = self.series[self.base].median
        ratio = f"{one.median / base:.2f}" if base else "—"
        further = [column.get(name, "") for column in self.columns.values()]
        label = f"**{name}**" if name == self.ours else name
        return [label, number(one.median), number(one.p10), number(one.p90), ratio, *further]


def number(value):
    """As many digits as mean something."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(heading, lines):
    """Markdown; the first column to the left, numbers to the right, all of one width."""
    widths = [max(len(line[i]) for line in [heading, *lines]) for i in range(len(heading))]
    is_number = [all(line[i][:1].isdigit() or line[i] in ("", "—") for line in lines) for i in range(len(heading))]

    def row(cells):
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, is_number)
        ]
        return f"| {' | '.join(padded)} |\n"

    rule = [("-" * (width - 1) + ":") if right else "-" * width for width, right in zip(widths, is_number)]
    return row(heading) + row(rule) + "".join(row(line) for line in lines)
