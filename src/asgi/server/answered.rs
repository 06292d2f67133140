//! Which server an answer names.

use super::Program;

/// The program that writes this `server` field of a response.
///
/// What each sends unless told not to: uvicorn 0.54.0 `config.py` `uvicorn` (also as gunicorn's worker), hypercorn 0.18.0
/// `config.py` `hypercorn-h11` and `-h2`, daphne 4.2.3 `cli.py` `daphne`, granian 2.8.7
/// `granian`, gunicorn 27.0.1 `asgi/protocol.py` `gunicorn/asgi` (its WSGI workers: `gunicorn`). An app may write another.
pub fn from_header(value: &[u8]) -> Option<Program> {
    let value = std::str::from_utf8(value).ok()?.trim().to_ascii_lowercase();
    let name = value.split(['/', '-', ' ']).next()?;
    Program::ALL.into_iter().find(|program| program.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_by_what_they_send() {
        for (value, program) in [
            ("uvicorn", Some(Program::Uvicorn)),
            ("hypercorn-h11", Some(Program::Hypercorn)),
            ("daphne", Some(Program::Daphne)),
            ("Daphne/3.0", Some(Program::Daphne)),
            ("granian", Some(Program::Granian)),
            ("gunicorn/asgi", Some(Program::Gunicorn)),
            ("gunicorn", Some(Program::Gunicorn)),
            ("nginx/1.22", None),
            ("uvicorny", None),
            ("", None),
        ] {
            assert_eq!(from_header(value.as_bytes()), program, "{value}");
        }
        assert_eq!(from_header(b"\xff"), None);
    }
}
