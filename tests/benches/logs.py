#!/usr/bin/env python3
"""Measure the triage of access logs, whole processes side by side.

    logs.py --ours target/release/hopscope [--lines 1000000] [--kinds combined,timed,json] [--rounds 5]
            [--folder DIR] [--only hopscope,mawk] [--markdown OUT.md]

Logs are made by gen_log.py (same lines for the same seed) and kept in --folder. Every round
starts each tool once, in an order that turns from round to round, on one core (taskset, if there
is one), with the file in the page cache. Said is the median of the rounds: CPU seconds (user + system),
GB per CPU second, ratio to mawk, and the largest resident set.

Checked against what the generator knows: hits by status for every tool; for ours also lines, the
top 20 paths and clients with their counts, the number of clients, request times (2 %), and what
scanners got.

What the tools do differs: mawk counts by status and is the yardstick; goaccess fills all its
panels, lnav indexes the file and is asked for the status counts, hopscope does its whole triage.
Tools that are not there are named and left out. Needs Python 3.9+, and nothing else.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
GOACCESS_TIMED = "%h %^[%d:%t %^] \"%r\" %s %b \"%R\" \"%u\" \"%v\" rt=%T %^"
TIMED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
    '"$http_user_agent" "$host" rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" '
    'urt="$upstream_response_time" ua="$upstream_addr" us="$upstream_status"'
)
JSON = (
    '{"time":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","host":"$host",'
    '"request":"$request","status":$status,"body_bytes_sent":$body_bytes_sent,"request_time":$request_time,'
    '"upstream_addr":"$upstream_addr","upstream_status":"$upstream_status",'
    '"upstream_response_time":"$upstream_response_time","http_referer":"$http_referer",'
    '"http_user_agent":"$http_user_agent"}'
)


def tools(args, kind, log, out):
    """Name, command, and how its status counts are read."""
    formats = {
        "combined": ["--log-format", "combined"],
        "main": ["--log-format", "main"],
        "timed": ["--log-format", TIMED],
        "json": ["--log-format", JSON, "--escape", "json"],
    }
    ours = [args.ours, "logs", log, *formats[kind], "--format", "json", "--top", "20"]
    found = [("hopscope", ours, lambda text: json.loads(text)["status"])]
    if kind != "json":
        program = '{split($2,a," ");c[a[1]]++}END{for(k in c)print k,c[k]}'
        found.append(("mawk", ["mawk", '-F" ', program, log], pairs))
        query = ";select sc_status, count(*) from access_log group by sc_status"
        found.append(("lnav", ["lnav", "-n", "-N", "-c", query, log], pairs))
        goaccess = ["--log-format=COMBINED"]
        if kind == "timed":
            goaccess = ["--date-format=%d/%b/%Y", "--time-format=%H:%M:%S", "--log-format=" + GOACCESS_TIMED]
        command = ["goaccess", log, "--no-global-config", "--no-progress", *goaccess, "-o", out]
        found.append(("goaccess", command, lambda _: goaccess_counts(out)))
    return found


def pairs(text):
    counts = {}
    for line in text.splitlines():
        words = re.findall(r"(?<![\w.])\d+(?![\w.])", line.replace("|", " "))
        if len(words) >= 2 and re.fullmatch(r"[1-5]\d\d", words[0]):
            counts[words[0]] = int(words[1])
    return counts


def goaccess_counts(path):
    data = json.loads(Path(path).read_text(errors="replace"))["status_codes"]["data"]
    return {item["data"][:3]: item["hits"]["count"] for group in data for item in group.get("items", [])}


def run(command):
    """CPU seconds, peak resident bytes, output."""
    pin = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(pin + command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            raise SystemExit(f"{command[0]} ended with {process.returncode}")
        out.seek(0)
        return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, out.read().decode("utf-8", "replace")


def firm(rows):
    """Without the order of those that have the same count, and without those that share the last place."""
    return sorted((-count, key) for key, count in rows if count > rows[-1][1])


def faults(report, truth, timed):
    """What our report says other than the generator knows."""
    rows = lambda by: firm([[row["key"], row["count"]] for row in report["top"][by][:20]])
    checks = [
        ("lines", report["lines"], truth["lines"]),
        ("unread", report["read"]["unread"], 0),
        ("status", report["status"], truth["status"]),
        ("top paths", rows("path"), firm(truth["top_paths_without_query"])),
        ("top clients", rows("client"), firm(truth["top_ips"])),
        ("clients", report["clients"], truth["unique_ips"]),
        ("errors of tops", [row["error"] for by in ("path", "client") for row in report["top"][by][:20]], [0] * 40),
    ]
    through = {row["path"]: row["count"] for row in report["got_through"]}
    checks.append(("got through", through, truth["scan_got_200"]))
    wrong = [f"{name}: {ours} for {known}" for name, ours, known in checks if ours != known]
    if timed:
        for name in ("p50", "p90", "p99"):
            ours, known = report["duration_ms"][name], truth["request_time"][name] * 1000
            if abs(ours - known) > 0.02 * known:
                wrong.append(f"{name}: {ours} for {known}")
    return wrong


def generated(args, kind):
    folder = Path(args.folder)
    folder.mkdir(parents=True, exist_ok=True)
    log, truth = folder / f"{kind}-{args.lines}.log", folder / f"{kind}-{args.lines}.json"
    if not truth.exists():
        command = [sys.executable, str(HERE / "gen_log.py"), "--lines", str(args.lines), "--seed", "7", "--format", kind]
        subprocess.run([*command, "--out", str(log), "--truth", str(truth)], check=True)
    with open(log, "rb") as file:
        while file.read(1 << 24):
            pass
    return str(log), json.loads(truth.read_text())


def measure(args, kind, only):
    log, truth = generated(args, kind)
    size = os.path.getsize(log)
    with tempfile.TemporaryDirectory() as folder:
        every = tools(args, kind, log, os.path.join(folder, "goaccess.json"))
        absent = [name for name, command, _ in every if not shutil.which(command[0])]
        every = [tool for tool in every if tool[0] not in absent and (not only or tool[0] in only)]
        runs = {name: [] for name, _, _ in every}
        totals = {}
        for number in range(args.rounds):
            turn = number % len(every)
            for name, command, counts in every[turn:] + every[:turn]:
                seconds, resident, text = run(command)
                runs[name].append((seconds, resident))
                if name not in totals:
                    totals[name] = "equal" if counts(text) == truth["status"] else "differ"
                    if name == "hopscope":
                        for wrong in faults(json.loads(text), truth, kind in ("timed", "json")):
                            totals[name] = "WRONG"
                            print(f"hopscope, {kind}: {wrong}", file=sys.stderr)
    seconds = {name: statistics.median(run[0] for run in all_runs) for name, all_runs in runs.items()}
    for name, all_runs in runs.items():
        ratio = f"{seconds[name] / seconds['mawk']:.2f}" if "mawk" in seconds else "-"
        resident = max(run[1] for run in all_runs) / 1e6
        yield [kind, name, f"{seconds[name]:.2f}", f"{size / seconds[name] / 1e9:.2f}", ratio, f"{resident:.0f}", totals[name]]
    for name in absent:
        yield [kind, name, "absent", "", "", "", ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", required=True, help="the program to measure, a release build")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--kinds", default="combined,timed,json")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "hopscope-logs"))
    parser.add_argument("--only", default="", help="names of tools, with commas between")
    parser.add_argument("--markdown", help="write the table here too")
    args = parser.parse_args()
    only = {name for name in args.only.split(",") if name}
    head = ["log", "tool", "CPU s", "GB per CPU s", "to mawk", "RSS MB", "totals"]
    rows = [row for kind in args.kinds.split(",") for row in measure(args, kind, only)]
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    print("\n".join(lines))
    if args.markdown:
        Path(args.markdown).write_text("\n".join(lines) + "\n")
    sys.exit(any(row[-1] == "WRONG" for row in rows if row[1] == "hopscope"))


if __name__ == "__main__":
    main()
