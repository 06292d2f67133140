//! Header and trailer lines.

use super::{Era, Flags, Line, Parser, Step, Stop, is_blank, is_text};

/// What a line means to the parser itself (`header_state`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    General,
    Upgrade,
    Coding,
    /// The last coding read is `chunked`.
    Chunked,
    Length,
    Connection,
    /// The last connection option read is `close`, and so on.
    Close,
    KeepAlive,
    SwitchProtocols,
}

/// The headers that the parser reads itself.
const SPECIAL: [(&[u8], State); 5] = [
    (b"connection", State::Connection),
    (b"proxy-connection", State::Connection),
    (b"content-length", State::Length),
    (b"transfer-encoding", State::Coding),
    (b"upgrade", State::Upgrade),
];

/// The connection options that the parser knows.
const OPTIONS: [(&[u8], State); 3] =
    [(b"close", State::Close), (b"upgrade", State::SwitchProtocols), (b"keep-alive", State::KeepAlive)];

impl Flags {
    /// What a line turned out to say (`setHeaderFlags`).
    fn note(&mut self, state: State) {
        match state {
            State::Close => self.close = true,
            State::KeepAlive => self.keep_alive = true,
            State::SwitchProtocols => self.connection_upgrade = true,
            State::Chunked => self.chunked = true,
            State::General | State::Upgrade | State::Coding | State::Length | State::Connection => {}
        }
    }
}

impl Parser<'_> {
    /// Lines up to the empty one. A line is handed on when the next one, or the end, is there.
    pub(super) fn fields(&mut self, lines: &mut Vec<Line>, flags: &mut Flags) -> Step<()> {
        let mut last = None;
        loop {
            let byte = self.peek()?;
            if byte == b'\r' || byte == b'\n' && self.era <= Era::Eight {
                self.line_end(byte)?;
                lines.extend(last);
                return Ok(());
            }
            lines.extend(last.take());
            let (name, state) = self.name(flags)?;
            let value = self.value(state, flags)?;
            last = Some(Line { name, value });
        }
    }

    /// The line end that starts with `byte`. Before llhttp 9 any byte may follow a carriage return.
    pub(super) fn line_end(&mut self, byte: u8) -> Step<()> {
        self.skip();
        if byte == b'\n' || self.next()? == b'\n' || self.era <= Era::Eight {
            return Ok(());
        }
        Err(Stop::Bad("a carriage return without a line feed"))
    }

    /// A name and its colon.
    fn name(&mut self, flags: &Flags) -> Step<(Vec<u8>, State)> {
        let name = match self.era {
            Era::Six | Era::Eight => self.run(|b| is_token(b) || b == b' '),
            Era::Nine | Era::NineFour | Era::NineFourTwo => self.run(is_token),
        };
        if self.next()? != b':' || name.is_empty() && self.era >= Era::Nine {
            return Err(Stop::Bad("a header name that is no token, or has no colon"));
        }
        let lower = name.to_ascii_lowercase();
        if SPECIAL.iter().any(|(special, _)| lower.strip_prefix(*special).is_some_and(|rest| rest.starts_with(b" "))) {
            return Err(Stop::Bad("a space behind a header name"));
        }
        let state = SPECIAL.iter().find(|(special, _)| *special == lower).map_or(State::General, |(_, state)| *state);
        let contradicted = match state {
            State::Coding => flags.length.is_some(),
            State::Length => flags.coded,
            _ => false,
        };
        if contradicted && self.era >= Era::Nine {
            return Err(Stop::Bad("Content-Length beside Transfer-Encoding"));
        }
        Ok((name.to_vec(), state))
    }

    /// A value and its line end, continuation lines included where the era has them.
    fn value(&mut self, mut state: State, flags: &mut Flags) -> Step<Vec<u8>> {
        let mut value = Vec::new();
        if !self.starts_value()? {
            if state == State::Length {
                return Err(Stop::Bad("an empty Content-Length"));
            }
            flags.note(state);
            return Ok(value);
        }
        loop {
            let start = self.rest;
            state = self.part(state, flags)?;
            value.extend_from_slice(start.get(..start.len() - self.rest.len()).unwrap_or_default());
            if self.next()? != b'\r' || self.next()? != b'\n' {
                return Err(Stop::Bad("a control byte in a header value, or a bare line feed"));
            }
            if !is_blank(self.peek()?) {
                flags.note(state);
                return Ok(value);
            }
            if self.era >= Era::Nine {
                return Err(Stop::Bad("a continuation line"));
            }
            if self.era == Era::Eight && state == State::Chunked {
                state = State::General;
            }
        }
    }

    /// Passes over the blanks before a value; false if there is no value.
    fn starts_value(&mut self) -> Step<bool> {
        loop {
            self.run(is_blank);
            let byte = self.peek()?;
            if byte != b'\r' && byte != b'\n' {
                return Ok(true);
            }
            if self.era >= Era::Eight {
                self.literal(b"\r\n")?;
            } else {
                self.line_end(byte)?;
            }
            if !is_blank(self.peek()?) {
                return Ok(false);
            }
            if self.era >= Era::Eight {
                return Err(Stop::Bad("a continuation line of nothing"));
            }
        }
    }

    /// One line of a value, up to its line end, and what it means from there on.
    fn part(&mut self, state: State, flags: &mut Flags) -> Step<State> {
        match state {
            State::Upgrade => {
                flags.upgrade = true;
                self.run(is_text);
                Ok(State::General)
            }
            State::Coding if flags.chunked => Err(Stop::Bad("a coding behind chunked")),
            State::Coding => {
                flags.coded = true;
                self.codings()
            }
            State::Length if flags.length.is_some() => Err(Stop::Bad("a second Content-Length")),
            State::Length => {
                flags.length = Some(self.length()?);
                Ok(state)
            }
            State::Connection => self.connection(flags),
            _ => {
                self.run(is_text);
                Ok(state)
            }
        }
    }

    fn codings(&mut self) -> Step<State> {
        loop {
            if self.word(b"chunked") {
                self.run(is_space);
                match self.peek()? {
                    b'\r' | b'\n' => return Ok(State::Chunked),
                    b',' => return Err(Stop::Bad("a coding behind chunked")),
                    _ => {}
                }
            }
            self.run(is_text_without_comma);
            if self.peek()? != b',' {
                return Ok(State::General);
            }
            self.skip();
            self.run(is_blank);
        }
    }

    fn length(&mut self) -> Step<u64> {
        let digits = self.run(|b| b.is_ascii_digit());
        let length = digits.iter().try_fold(0u64, |n, digit| n.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        self.run(if self.era >= Era::NineFour { is_blank } else { is_space });
        match (self.peek()?, length) {
            (b'\r' | b'\n', Some(length)) => Ok(length),
            _ => Err(Stop::Bad("a Content-Length that is no number")),
        }
    }

    fn connection(&mut self, flags: &mut Flags) -> Step<State> {
        let mut state = State::Connection;
        loop {
            self.run(is_blank);
            if let Some((_, option)) = OPTIONS.into_iter().find(|(word, _)| self.word(word)) {
                self.run(if self.era >= Era::NineFourTwo { is_blank } else { is_space });
                match self.peek()? {
                    b',' => {
                        flags.note(option);
                        self.skip();
                        state = State::Connection;
                        continue;
                    }
                    b'\r' | b'\n' => return Ok(option),
                    _ => state = State::General,
                }
            }
            self.run(is_text_without_comma);
            if self.peek()? != b',' {
                return Ok(state);
            }
            self.skip();
        }
    }

    /// Passes over a word, case ignored, if it stands here.
    fn word(&mut self, word: &[u8]) -> bool {
        let Some((here, rest)) = self.rest.split_at_checked(word.len()) else { return false };
        let is = here.eq_ignore_ascii_case(word);
        if is {
            self.rest = rest;
        }
        is
    }
}

/// llhttp's `TOKEN` is that of RFC 9110.
pub(super) fn is_token(b: u8) -> bool {
    crate::asgi::server::request::is_token_byte(b)
}

fn is_space(b: u8) -> bool {
    b == b' '
}

/// `CONNECTION_TOKEN_CHARS`
fn is_text_without_comma(b: u8) -> bool {
    is_text(b) && b != b','
}
