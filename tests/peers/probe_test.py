"""What the probe does by itself, without a server: run by the stories, or by ``python -m unittest probe_test``."""

import asyncio
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "assets"))

import hopscope_probe  # noqa: E402
from hopscope_probe import Probe, wrap  # noqa: E402

KEY = "0123456789abcdef"


async def app(scope, receive, send):
    scope["seen"] = list(scope["headers"])
    if scope["path"] == "/mounted/item":
        scope.update(root_path="/mounted", app_root_path="", route=Route(), endpoint=app)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await send({"type": "http.response.body", "body": b""})


class Route:
    path = "/{name}"
    name = "item"


def scope(*headers, **more):
    return {
        "type": "http",
        "path": "/",
        "raw_path": b"/\xe9",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"h"), *headers],
        "client": ("127.0.0.1", 1),
        **more,
    }


ASKED = (b"x-hopscope-probe", KEY.encode())


def told(scope, app=app):
    """The answer as the header has it, and all header lines of the response."""
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Probe(app, KEY)(scope, None, send))
    lines = sent[0]["headers"]
    answers = [value for name, value in lines if name == b"x-hopscope-scope"]
    assert len(answers) < 2
    return (json.loads(answers[0]) if answers else None), lines


class Switch(unittest.TestCase):
    def wrapped(self, **environment):
        for name in ("HOPSCOPE_PROBE", "HOPSCOPE_PROBE_KEY"):
            os.environ.pop(name, None)
        os.environ.update(environment)
        return wrap(app)

    def test_off_is_the_app_itself(self):
        for environment in (
            {},
            {"HOPSCOPE_PROBE_KEY": KEY},
            {"HOPSCOPE_PROBE": "0", "HOPSCOPE_PROBE_KEY": KEY},
            {"HOPSCOPE_PROBE": "1"},
            {"HOPSCOPE_PROBE": "1", "HOPSCOPE_PROBE_KEY": "short"},
        ):
            self.assertIs(self.wrapped(**environment), app, environment)

    def test_on(self):
        probe = self.wrapped(HOPSCOPE_PROBE="1", HOPSCOPE_PROBE_KEY=KEY)
        self.assertIsInstance(probe, Probe)
        self.assertIs(wrap(probe), probe)

    def test_what_is_no_asgi_3_app_is_left_alone(self):
        self.wrapped(HOPSCOPE_PROBE="1", HOPSCOPE_PROBE_KEY=KEY)

        def wsgi(environ, start_response):
            return []

        self.assertIs(wrap(wsgi), wsgi)


class Asking(unittest.TestCase):
    def test_only_with_the_key(self):
        for headers in ((), ((b"x-hopscope-probe", b"1"),), ((b"x-hopscope-probe", KEY[:-1].encode()),)):
            given = scope(*headers)
            self.assertIsNone(told(given)[0], headers)
            self.assertEqual(given["seen"], [(b"host", b"h"), *headers])

    def test_only_on_this_machine(self):
        for host, answers in (
            ("127.0.0.1", True),
            ("127.8.9.10", True),
            ("::1", True),
            ("::ffff:127.0.0.1", True),
            ("10.0.0.1", False),
            ("127.0.0.1.example.org", False),
            ("::ffff:10.0.0.1", False),
        ):
            given = scope(ASKED, client=(host, 1))
            self.assertEqual(told(given)[0] is not None, answers, host)
            self.assertNotIn(ASKED, given["seen"])
        self.assertIsNotNone(told(scope(ASKED, client=None))[0], "a unix socket has no address")

    def test_the_socket_counts_and_not_the_header(self):
        class Transport:
            def get_extra_info(self, name):
                return ("10.0.0.1", 5)

        class Connection:
            transport = Transport()

            async def send(self, message):
                self.sent = message

        connection = Connection()
        asyncio.run(Probe(app, KEY)(scope(ASKED), None, connection.send))
        self.assertNotIn("x-hopscope-scope", str(connection.sent))

    def test_the_question_is_taken_off(self):
        given = scope(ASKED, (b"a", b"b"))
        answer, lines = told(given)
        self.assertEqual(given["seen"], [(b"host", b"h"), (b"a", b"b")])
        self.assertEqual(answer["received"]["headers"], [["host", "h"], ["a", "b"]])
        self.assertEqual(lines[0], (b"a", b"b"))


class Answers(unittest.TestCase):
    def test_credentials_are_hidden(self):
        secret = ("authorization", "cookie", "proxy-authorization", "x-api-key", "x_csrf_token", "X-Amz-Signature")
        answer, lines = told(scope(ASKED, *((name.encode(), b"hush") for name in secret)))
        self.assertEqual(answer["received"]["headers"][1:], [[name, None] for name in secret])
        self.assertNotIn("hush", str(lines))

    def test_bytes_and_what_changed(self):
        answer, _ = told(scope(ASKED, path="/mounted/item"))
        self.assertEqual(answer["received"]["raw_path"], "/\u00e9")
        self.assertEqual(answer["left"], {"root_path": "/mounted", "app_root_path": ""})
        self.assertEqual((answer["route"]["path"], answer["route"]["mount"]), ("/{name}", "/mounted"))
        self.assertEqual(answer["route"]["endpoint"], "probe_test.app")

    def test_it_is_never_too_long(self):
        for more in (
            {"headers": [(b"host", b"h"), ASKED, (b"long", b"x" * 9000)]},
            {"query_string": b"q" * 9000},
            {"path": "/" + "\u00e9" * 5000, "raw_path": b"/" + b"%C3%A9" * 5000},
            {"root_path": "/r" * 5000},
        ):
            given = {**scope(ASKED), **more}
            answer, lines = told(given)
            self.assertLessEqual(len(lines[-1][1]), hopscope_probe.LIMIT)
            self.assertTrue(answer.get("cut") or answer.get("error"), answer)

    def test_it_is_a_legal_header_value(self):
        _, lines = told(scope(ASKED, (b"odd", bytes(range(256))), path="/\u2028\ud83d\ude00\r\n"))
        self.assertRegex(lines[-1][1], rb"\A[ -~]+\Z")


class Failures(unittest.TestCase):
    def test_the_app_runs_whatever_the_probe_makes_of_the_scope(self):
        for broken in (
            {"headers": [(b"host", b"h"), ASKED], "client": 7},
            {"extensions": 7},
            {"headers": None},
            {"root_path": None},
            {"headers": [(b"x-hopscope-probe",)]},
        ):
            _, lines = told({**scope(ASKED), **broken}, app=careless)
            self.assertEqual(lines[0], (b"a", b"b"), broken)

    def test_an_apps_exception_is_its_own(self):
        async def fails(scope, receive, send):
            raise KeyError("its own")

        with self.assertRaises(KeyError):
            asyncio.run(Probe(fails, KEY)(scope(ASKED), None, None))


async def careless(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})


if __name__ == "__main__":
    unittest.main()
