#!/usr/bin/env python3
"""Tail latency and rotation survival of followers of one access log (loopback only).

    tail.py latency  [--n 60] [--only hopscope,tail,...] [--hopscope CMD] [--goaccess EXE] [--lnav EXE]
    tail.py rotate   [--lines 100000] [--rate 20000] [--rotations 5] [--mode rename,delayed,copytruncate,regrow] ...

A follower is asked for by the beginning of its name; those that are not installed are left out. hopscope is run as CMD FILE;
anything that prints each line, or its path, may stand there instead.

latency: append one line, wait until the follower shows/counts it; p50/p95/max in ms.
rotate:  a writer appends numbered lines (one write() per line, O_APPEND, as nginx does) with
         --rotations on the way; the follower's count is compared with what was written.
   rename        rename + create at once, writer moves to the new file at once
   delayed       rename, writer keeps the old descriptor for 100 ms, then the new file is created
                 (nginx between logrotate's mv and the USR1 reopen)
   copytruncate  copy to .1 then truncate in place; nothing is written between the two, so every
                 line is in the live file or in the copy (what was unread at the truncate is only in the copy)
   regrow        copytruncate, then at once more bytes than the file had before are written
"""
import argparse, base64, fcntl, os, pty, re, shlex, shutil, socket, struct, subprocess, tempfile, termios, threading, time

def line(i, tag="t"):
    t = time.gmtime()
    return (f'192.0.2.{i%250+1} - - [{time.strftime("%d/%b/%Y:%H:%M:%S +0000", t)}] "GET /{tag}/{i:07d} HTTP/1.1" 200 {i%5000} "-" "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"\n').encode()

class Piped:
    """A follower that prints lines to a pipe."""
    def __init__(s, cmd):
        s.p = subprocess.Popen(cmd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        s.buf = b""; s.ids = []; s.stop = False; s.cv = threading.Condition()
        threading.Thread(target=s.pump, daemon=True).start()
    def pump(s):
        rest = b""
        while True:
            d = os.read(s.p.stdout.fileno(), 1 << 16)
            if not d: return
            now = time.monotonic()
            rest += d
            ls = rest.split(b"\n"); rest = ls.pop()
            with s.cv:
                for l in ls:
                    m = re.search(rb"/t/(\d{7})\b", l)
                    if m: s.ids.append((int(m.group(1)), now))
                s.cv.notify_all()
    def wait(s, i, timeout):
        end = time.monotonic() + timeout
        with s.cv:
            while not any(x == i for x, _ in s.ids[-50:]):
                r = end - time.monotonic()
                if r <= 0: return None
                s.cv.wait(r)
            return [t for x, t in s.ids[-50:] if x == i][0]
    def count(s): return len(s.ids), len({x for x, _ in s.ids})
    def close(s): s.p.terminate(); s.p.wait()

class Pty:
    """A TUI follower; a line counts as shown when its id is on the terminal stream."""
    def __init__(s, cmd):
        pid, fd = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(cmd[0], cmd)
        s.pid, s.fd = pid, fd
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        import pyte                      # TUIs repaint only the cells that changed, so the screen must be rebuilt
        s.screen = pyte.Screen(200, 50); s.stream = pyte.ByteStream(s.screen)
        s.seen = {}
        threading.Thread(target=s.pump, daemon=True).start()
    def pump(s):
        while True:
            try: d = os.read(s.fd, 1 << 16)
            except OSError: return
            if not d: return
            if b"\x1b[c" in d or b"\x1b[0c" in d: os.write(s.fd, b"\x1b[?62;22c")     # some ask the terminal what it is, and wait
            if b"\x1b[6n" in d: os.write(s.fd, b"\x1b[1;1R")
            s.stream.feed(d)
            now = time.monotonic()
            for y in sorted(s.screen.dirty):
                for m in re.findall(r"/t/(\d{7})", s.screen.display[y] if y < 50 else ""): s.seen.setdefault(int(m), now)
            s.screen.dirty.clear()
    def wait(s, i, timeout):
        end = time.monotonic() + timeout
        while i not in s.seen:
            if time.monotonic() > end: return None
            time.sleep(.001)
        return s.seen[i]
    def send(s, b): os.write(s.fd, b)
    def close(s):
        import signal
        try: os.kill(s.pid, signal.SIGTERM)
        except ProcessLookupError: pass
        time.sleep(.3)
        try: os.kill(s.pid, signal.SIGKILL)
        except ProcessLookupError: pass
        try: os.waitpid(s.pid, 0)
        except ChildProcessError: pass

class Goaccess:
    """goaccess --real-time-html watched through its WebSocket: valid requests counted."""
    def __init__(s, exe, f, tmp):
        with socket.socket() as k:
            k.bind(("127.0.0.1", 0)); port = k.getsockname()[1]
        s.log = open(os.path.join(tmp, "ga.err"), "wb")
        s.p = subprocess.Popen([exe, f, "--no-global-config", "--log-format=COMBINED", "--real-time-html", "--addr=127.0.0.1", f"--port={port}",
                                "-o", os.path.join(tmp, "r.html")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=s.log)
        for _ in range(100):
            try: s.k = socket.create_connection(("127.0.0.1", port)); break
            except OSError: time.sleep(.1)
        s.k.sendall((f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: http://127.0.0.1:{port}\r\n"
                     f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        s.hist = []
        threading.Thread(target=s.pump, daemon=True).start()
    def rd(s, n):
        b = b""
        while len(b) < n:
            d = s.k.recv(n - len(b))
            if not d: raise EOFError
            b += d
        return b
    def pump(s):
        try:
            h = b""
            while b"\r\n\r\n" not in h: h += s.rd(1)
            msg = b""
            while True:
                a, b = s.rd(2)
                n = b & 127
                if n == 126: n = struct.unpack(">H", s.rd(2))[0]
                elif n == 127: n = struct.unpack(">Q", s.rd(8))[0]
                pay = s.rd(n)
                if a & 15 in (8, 9, 10): continue
                msg = pay if a & 15 else msg + pay
                if a & 128:
                    now = time.monotonic()
                    m = re.search(rb'"valid_requests"\s*:\s*(?:\{[^}]*?"value"\s*:\s*)?(\d+)', msg)
                    if m: s.hist.append((int(m.group(1)), now))
        except (EOFError, OSError): pass
    def wait_total(s, n, timeout):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for v, t in s.hist[-5:]:
                if v >= n: return t
            time.sleep(.002)
        return None
    def close(s): s.p.terminate(); s.p.wait()

def pct(xs):
    xs = sorted(xs)
    return "no data" if not xs else f"p50 {xs[len(xs)//2]*1e3:8.1f} ms  p95 {xs[int(len(xs)*.95)]*1e3:8.1f} ms  max {xs[-1]*1e3:8.1f} ms  n={len(xs)}"

def followers(a, f, tmp):
    g = a.goaccess
    F = {
     "hopscope": lambda: Piped([*shlex.split(a.hopscope), f]),
     "tail -F": lambda: Piped(["tail", "-n", "0", "-F", f]),
     "tail -f": lambda: Piped(["tail", "-n", "0", "-f", f]),
     "tail -F --sleep (no inotify)": lambda: Piped(["tail", "---disable-inotify", "-n", "0", "-F", f]),
     "tspin -f": lambda: Pty(["tspin", "-f", f]),
     "less +F": lambda: Pty(["less", "+F", f]),
     "multitail": lambda: Pty(["multitail", f]),
     "lnav": lambda: Pty([a.lnav, "-N", f]),
     "goaccess": lambda: Goaccess(g, f, tmp),
    }
    only = [x for x in a.only.split(",") if x]
    return {k: v for k, v in F.items() if not only or any(k.startswith(o) for o in only)}

def latency(a):
    import random
    r = random.Random(1)
    for name in followers(a, "", ""):
        tmp = tempfile.mkdtemp(); f = os.path.join(tmp, "access.log")
        w = os.open(f, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for i in range(2000): os.write(w, line(i, "old"))
        try: fo = followers(a, f, tmp)[name]()
        except FileNotFoundError as e: print(f"{name:30s} absent"); continue
        time.sleep(2.5)
        xs, miss = [], 0
        for i in range(a.n):
            time.sleep(r.uniform(.05, .35))
            t = time.monotonic(); os.write(w, line(i + 1))
            e = fo.wait_total(2000 + i + 1, 6) if isinstance(fo, Goaccess) else fo.wait(i + 1, 6)
            if e is None: miss += 1
            else: xs.append(max(0, e - t))
        fo.close(); os.close(w); shutil.rmtree(tmp, ignore_errors=True)
        print(f"{name:30s} {pct(xs)} missed={miss}", flush=True)

def rotate(a):
    for name in followers(a, "", ""):
        if name.startswith(("less", "multitail", "tspin")): continue
        for mode in a.mode.split(","):
            tmp = tempfile.mkdtemp(); f = os.path.join(tmp, "access.log")
            fl = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            w = os.open(f, fl)
            for i in range(20): os.write(w, line(i, "old"))
            try: fo = followers(a, f, tmp)[name]()
            except FileNotFoundError: print(f"{name:30s} absent"); os.close(w); break
            time.sleep(2.5)
            n, rots, old_until, k = a.lines, a.rotations, None, 0
            every = n // (rots + 1); t0 = time.monotonic(); i = 0
            while i < n:
                if i and i % every == 0 and k < rots:
                    k += 1
                    if mode in ("rename", "delayed"):
                        os.rename(f, f"{f}.{k}")
                        if mode == "rename":
                            os.close(w); w = os.open(f, fl)
                        else: old_until = time.monotonic() + .1
                    else:
                        size = os.path.getsize(f)
                        shutil.copy(f, f"{f}.{k}"); os.ftruncate(w, 0)
                        if mode == "regrow":
                            b = bytearray()          # a row of half a million "bytes +=" would never end
                            while len(b) <= size and i < n - 1:
                                b += line(i); i += 1
                            os.write(w, b)
                if old_until and time.monotonic() > old_until:
                    os.close(w); w = os.open(f, fl); old_until = None
                os.write(w, line(i)); i += 1
                if i % 100 == 0:
                    d = t0 + i / a.rate - time.monotonic()
                    if d > 0: time.sleep(d)
            took = time.monotonic() - t0
            time.sleep(4)
            if isinstance(fo, Piped):
                got, uniq = fo.count(); res = f"got {got} unique {uniq}: lost {n-uniq} duplicated {got-uniq}"
            elif isinstance(fo, Goaccess):
                dead = fo.p.poll(); got = fo.hist[-1][0] - 20 if fo.hist else None
                res = f"counted {got}: diff {got-n if got is not None else None}" + (f"  EXITED rc {dead}" if dead is not None else "")
            else:
                out = os.path.join(tmp, "n.csv")
                fo.send(b";select count(*) as n, count(distinct cs_uri_stem) as u from access_log where cs_uri_stem like '/t/%'\r"); time.sleep(3)
                fo.send(b":write-csv-to " + out.encode() + b"\r"); time.sleep(2)
                try: res = "holds n,unique = " + open(out).read().split()[1] + f" of {n}"
                except Exception as e: res = f"no answer ({e!r})"
            fo.close(); os.close(w); shutil.rmtree(tmp, ignore_errors=True)
            print(f"{name:30s} {mode:13s} wrote {n} in {took:.1f}s  {res}", flush=True)

def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("what", choices=["latency", "rotate"])
    ap.add_argument("--n", type=int, default=60); ap.add_argument("--only", default="")
    ap.add_argument("--lines", type=int, default=100000); ap.add_argument("--rate", type=float, default=20000)
    ap.add_argument("--rotations", type=int, default=5)
    ap.add_argument("--mode", default="rename,delayed,copytruncate,regrow")
    ap.add_argument("--hopscope", default="hopscope logs -f --format jsonl")
    ap.add_argument("--goaccess", default="goaccess"); ap.add_argument("--lnav", default="lnav")
    a = ap.parse_args()
    {"latency": latency, "rotate": rotate}[a.what](a)

if __name__ == "__main__":
    main()
