//! From text to a tree.

use std::marker::PhantomData;
use std::net::IpAddr;

use ipnet::IpNet;
use regex::bytes::{Regex, RegexBuilder};

use super::nearest::unknown;
use super::{Expr, FilterError, Kind, Language, Test};

/// Brackets and negations may nest this deep; more is no filter a person typed.
const DEPTH: usize = 64;

/// Compiled size of one regular expression at most, in bytes: filters run on every exchange.
const REGEX_SIZE: usize = 1 << 20;

/// The operators, longer ones before those they begin with.
const OPERATORS: [(&str, Operator); 9] = [
    ("!=", Operator::NotEqual),
    ("!~", Operator::NotMatch),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("==", Operator::Equal),
    ("=", Operator::Equal),
    ("~", Operator::Match),
    (">", Operator::Above),
    ("<", Operator::Below),
];

/// What may follow a time, in thousandths of a millisecond; the longer names first.
const TIMES: [(&str, u64); 2] = [("ms", 1000), ("s", 1_000_000)];

/// What may follow a size, in thousandths of a byte; the longer names first.
const SIZES: [(&str, u64); 10] = [
    ("kib", 1000 << 10),
    ("mib", 1000 << 20),
    ("gib", 1000 << 30),
    ("kb", 1_000_000),
    ("mb", 1_000_000_000),
    ("gb", 1_000_000_000_000),
    ("k", 1_000_000),
    ("m", 1_000_000_000),
    ("g", 1_000_000_000_000),
    ("b", 1000),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Match,
    NotMatch,
    Above,
    Below,
    AtLeast,
    AtMost,
}

/// Reads a whole filter.
pub(super) fn parse<L: Language>(text: &str) -> Result<Expr<L>, FilterError> {
    let mut parser = Parser::<L> { chars: text.chars().collect(), at: 0, depth: 0, language: PhantomData };
    parser.blanks();
    if parser.peek().is_none() {
        return Ok(Expr::All(Vec::new()));
    }
    let expr = parser.or()?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.error("this `)` closes nothing")),
    }
}

struct Parser<L> {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    language: PhantomData<L>,
}

impl<L: Language> Parser<L> {
    fn or(&mut self) -> Result<Expr<L>, FilterError> {
        let mut parts = vec![self.and()?];
        while self.take('|', "or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) })
    }

    fn and(&mut self) -> Result<Expr<L>, FilterError> {
        let mut parts = vec![self.not()?];
        while self.take('&', "and") || !self.at_end_of_and() {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) })
    }

    fn not(&mut self) -> Result<Expr<L>, FilterError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error("too many brackets within each other"));
        }
        let start = self.at;
        let expr = if self.take('!', "not") {
            Expr::Not(Box::new(self.not()?))
        } else if self.take('(', "") {
            let inner = self.or()?;
            if !self.take(')', "") {
                return Err(FilterError { message: "this `(` is not closed".to_owned(), column: start });
            }
            inner
        } else {
            self.term()?
        };
        self.depth -= 1;
        self.blanks();
        Ok(expr)
    }

    fn term(&mut self) -> Result<Expr<L>, FilterError> {
        let start = self.at;
        match self.peek() {
            None => Err(self.error("something to look for is missing here, e.g. `status>=400`")),
            Some('&' | '|' | ')' | '=' | '<' | '>') => Err(self.error("a field is missing here, e.g. `status>=400`")),
            Some('~') => self.letter(),
            Some('"' | '\'') => {
                let word = self.value(Kind::Exact)?;
                search(&word, start)
            }
            Some(_) => self.field(),
        }
    }

    /// `~u regex` and its like, as mitmproxy has them; their expressions ignore case, as there.
    fn letter(&mut self) -> Result<Expr<L>, FilterError> {
        let start = self.at;
        self.at += 1;
        let letter = self.peek();
        let Some((_, field)) = L::LETTERS.iter().find(|(known, _)| Some(*known) == letter) else {
            let known: Vec<_> = L::LETTERS.iter().map(|(letter, _)| format!("~{letter}")).collect();
            return Err(FilterError { message: format!("known are {}", known.join(" ")), column: start });
        };
        self.at += 1;
        self.blanks();
        let column = self.at;
        let kind = L::kind(field);
        let value = self.value(kind)?;
        let test = match kind {
            Kind::Status => equal(kind, &value, column)?,
            _ => Test::Match(regex(&value, true, column)?),
        };
        Ok(Expr::Field(field.clone(), test))
    }

    /// A field with or without a test, a flag, or a word to look for.
    fn field(&mut self) -> Result<Expr<L>, FilterError> {
        let start = self.at;
        if self.peek() == Some('/') {
            let word = self.value(Kind::Exact)?;
            return search(&word, start);
        }
        let name = self.name();
        let operator = self.operator();
        match (named::<L>(&name.to_ascii_lowercase()), operator) {
            (Some(field), Some(operator)) => self.tested(field, operator, &name),
            (Some(field), None) => Ok(Expr::Field(field, Test::Exists)),
            (None, Some(_)) => Err(FilterError { message: unknown::<L>(&name), column: start }),
            (None, None) => match L::FLAGS.iter().find(|(word, _)| name.eq_ignore_ascii_case(word)) {
                Some((_, flag)) => Ok(Expr::Flag(*flag)),
                None => search(&name, start),
            },
        }
    }

    fn tested(&mut self, field: L::Field, operator: Operator, name: &str) -> Result<Expr<L>, FilterError> {
        let sign_at = self.at;
        self.blanks();
        let column = self.at;
        let kind = L::kind(&field);
        let value = self.value(kind)?;
        let compares = !matches!(operator, Operator::Equal | Operator::NotEqual | Operator::Match | Operator::NotMatch);
        if compares && !kind.is_number() {
            let message = format!("`{name}` is no number; use `=`, `!=`, `~` or `!~`");
            return Err(FilterError { message, column: sign_at.saturating_sub(1) });
        }
        let (test, negated) = match operator {
            Operator::Equal => (equal(kind, &value, column)?, false),
            Operator::NotEqual => (equal(kind, &value, column)?, true),
            Operator::Match => (Test::Match(regex(&value, false, column)?), false),
            Operator::NotMatch => (Test::Match(regex(&value, false, column)?), true),
            Operator::Above => (Test::Above(number(kind, &value, column)?), false),
            Operator::Below => (Test::Below(number(kind, &value, column)?), false),
            // What has no number is neither: both bounds are written as two tests that need one.
            Operator::AtLeast => return Ok(bounded(field, Test::Below(number(kind, &value, column)?))),
            Operator::AtMost => return Ok(bounded(field, Test::Above(number(kind, &value, column)?))),
        };
        let expr = Expr::Field(field, test);
        Ok(if negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    /// The characters up to a blank, a bracket, a joining sign or an operator.
    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            let ends = c.is_whitespace() || matches!(c, '&' | '|' | '(' | ')' | '=' | '~' | '<' | '>');
            if ends || (c == '!' && matches!(self.peek_at(1), Some('=' | '~'))) {
                break;
            }
            name.push(c);
            self.at += 1;
        }
        name
    }

    /// An operator, if one comes. Blanks may stand before it, but not before `~`: `ws ~u x` are two terms.
    fn operator(&mut self) -> Option<Operator> {
        let start = self.at;
        self.blanks();
        let after_blank = self.at > start;
        let found =
            OPERATORS.iter().find(|(sign, _)| sign.chars().enumerate().all(|(i, c)| self.peek_at(i) == Some(c)));
        match found {
            Some((sign, operator)) if !(after_blank && *operator == Operator::Match) => {
                self.at += sign.len();
                Some(*operator)
            }
            _ => {
                self.at = start;
                None
            }
        }
    }

    /// A value: quoted, or up to a blank or a joining sign that stands in no bracket of its own, so that
    /// `path~^/(a|b)$` needs no quotes.
    fn value(&mut self, kind: Kind) -> Result<String, FilterError> {
        if let Some(quote @ ('"' | '\'')) = self.peek() {
            return self.quoted(quote);
        }
        let start = self.at;
        let mut value = String::new();
        let (mut round, mut square) = (0_usize, false);
        while let Some(c) = self.peek() {
            let in_bracket = round > 0 || square;
            if c.is_whitespace() || (!in_bracket && matches!(c, '&' | '|' | ')')) {
                break;
            }
            match c {
                '[' => square = true,
                ']' => square = false,
                '(' if !square => round += 1,
                ')' if !square => round -= 1,
                _ => {}
            }
            value.push(c);
            self.at += 1;
            if c == '\\'
                && let Some(next) = self.peek().filter(|next| !next.is_whitespace())
            {
                value.push(next);
                self.at += 1;
            }
        }
        if value.is_empty() {
            let example = if kind.is_number() { "400" } else { "\"\" for an empty one" };
            return Err(FilterError { message: format!("a value is missing here: write {example}"), column: start });
        }
        Ok(value)
    }

    fn quoted(&mut self, quote: char) -> Result<String, FilterError> {
        let start = self.at;
        self.at += 1;
        let mut value = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            if c == quote {
                return Ok(value);
            }
            if c == '\\' && self.peek() == Some(quote) {
                value.push(quote);
                self.at += 1;
            } else {
                value.push(c);
            }
        }
        Err(FilterError { message: format!("this {quote} is not closed"), column: start })
    }

    /// Takes a sign or its word, and the blanks after it.
    fn take(&mut self, sign: char, word: &str) -> bool {
        let length = if self.peek() == Some(sign) {
            1
        } else if self.stands(word) {
            word.len()
        } else {
            return false;
        };
        self.at += length;
        self.blanks();
        true
    }

    /// True if `word` stands here by itself.
    fn stands(&self, word: &str) -> bool {
        let here = word.chars().enumerate().all(|(i, c)| self.peek_at(i).is_some_and(|d| d.eq_ignore_ascii_case(&c)));
        let after = self.peek_at(word.len());
        !word.is_empty() && here && after.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')' | '!'))
    }

    fn at_end_of_and(&self) -> bool {
        matches!(self.peek(), None | Some('|' | ')')) || self.stands("or")
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn error(&self, message: &str) -> FilterError {
        FilterError { message: message.to_owned(), column: self.at }
    }
}

/// The field of this name.
fn named<L: Language>(name: &str) -> Option<L::Field> {
    let known = L::FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| field.clone());
    known.or_else(|| L::open(name))
}

/// There is a number and it is not on the wrong side.
fn bounded<L: Language>(field: L::Field, wrong: Test) -> Expr<L> {
    let not_wrong = Expr::Not(Box::new(Expr::Field(field.clone(), wrong)));
    Expr::All(vec![Expr::Field(field, Test::Exists), not_wrong])
}

/// The whole value, `*` and `?` being wildcards; of a status also `4xx`, of an address also its network.
fn equal(kind: Kind, value: &str, column: usize) -> Result<Test, FilterError> {
    if kind == Kind::Address
        && let Some(network) = network(value)
    {
        return Ok(Test::Within(network));
    }
    let value = if kind == Kind::Status { value.replace(['x', 'X'], "?") } else { value.to_owned() };
    if kind.is_number() && !value.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '?')) {
        return Err(FilterError { message: format!("`{value}` is no number, e.g. 404"), column });
    }
    let pattern: String = value
        .chars()
        .map(|c| match c {
            '*' => ".*".to_owned(),
            '?' => ".".to_owned(),
            c => regex::escape(c.encode_utf8(&mut [0; 4])),
        })
        .collect();
    regex(&format!("^(?s-u:{})$", unicode_free(&pattern)), kind.ignores_case(), column).map(Test::Match)
}

/// A network, or an address as a network of one.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical())))
}

/// Writes characters beyond ASCII as their bytes, so that a wildcard can stand for any byte.
fn unicode_free(pattern: &str) -> String {
    pattern.bytes().map(|b| if b.is_ascii() { char::from(b).to_string() } else { format!("\\x{b:02x}") }).collect()
}

fn search<L: Language>(word: &str, column: usize) -> Result<Expr<L>, FilterError> {
    regex(&regex::escape(word), true, column).map(Expr::Word)
}

fn regex(pattern: &str, ignore_case: bool, column: usize) -> Result<Regex, FilterError> {
    RegexBuilder::new(pattern).case_insensitive(ignore_case).size_limit(REGEX_SIZE).build().map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        FilterError { message: format!("not a regular expression: {reason}"), column }
    })
}

/// A number in thousandths, with or without a unit: `500`, `1.5s`, `1e6`, `2MiB`.
fn number(kind: Kind, value: &str, column: usize) -> Result<u64, FilterError> {
    let units: &[(&str, u64)] = match kind {
        Kind::Time => &TIMES,
        Kind::Size => &SIZES,
        _ => &[],
    };
    let lower = value.to_ascii_lowercase();
    let unit = units.iter().find_map(|(name, factor)| Some((lower.strip_suffix(name)?, *factor)));
    let (digits, unit) = unit.unwrap_or((lower.as_str(), 1000));
    thousandths(digits, unit)
        .ok_or_else(|| FilterError { message: format!("`{value}` is no number, e.g. 500"), column })
}

/// Digits with three decimals at most, and with a power of ten (`1e6`), times the unit.
fn thousandths(text: &str, unit: u64) -> Option<u64> {
    let (text, power) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || fraction.len() > 3 {
        return None;
    }
    let read = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let unit = unit.checked_mul(10_u64.checked_pow(u32::try_from(read(power)?).ok()?)?)?;
    read(whole)?.checked_mul(unit)?.checked_add(read(&format!("{fraction:0<3}"))?.checked_mul(unit / 1000)?)
}
