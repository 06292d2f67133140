//! The syntax of rules: calls of matchers joined by `&&`, `||`, `!` and parentheses.
//!
//! Traefik gives a rule to Go's own parser of expressions (`vulcand/predicate` over `go/parser`). So a rule is a Go
//! expression: names are case-sensitive, texts stand in backticks or double quotes with Go's escapes, comments are allowed,
//! and a line break ends the expression unless an operator, a comma or an opening parenthesis stands before it.

use std::fmt;

/// How deep parentheses and `!` may lie in each other.
const DEEPEST: usize = 128;

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// All hold.
    And(Vec<Self>),
    /// One holds.
    Or(Vec<Self>),
    /// The other way round.
    Not(Box<Self>),
    /// A matcher and its values.
    Call {
        /// The name as written.
        name: String,
        /// The values.
        values: Vec<String>,
    },
}

/// Why a rule is none: Traefik drops its router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway::traefik) struct RuleError(pub(super) String);

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a rule.
///
/// # Errors
/// [`RuleError`] where Go's parser or `predicate` gives one.
pub(super) fn parse(rule: &str) -> Result<Expression, RuleError> {
    let mut parser = Parser { tokens: tokens(rule)?, at: 0, depth: 0 };
    let expression = parser.either()?;
    if parser.peek() == Some(&Token::LineEnd) {
        parser.at += 1;
    }
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(unexpected(token)),
    }
}

fn unexpected(token: &Token) -> RuleError {
    RuleError(match token {
        Token::LineEnd => "the rule ends at a line break".to_owned(),
        Token::Other(c) => format!("{c:?} is not expected"),
        token => format!("{token} is not expected"),
    })
}

/// What a rule is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    /// A number or a character in single quotes: no value of a matcher.
    Literal(String),
    And,
    Or,
    Not,
    Open,
    Close,
    Comma,
    /// A line break that ends the expression.
    LineEnd,
    /// Anything else.
    Other(char),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::Literal(text) => write!(f, "`{text}`"),
            Self::And => f.write_str("`&&`"),
            Self::Or => f.write_str("`||`"),
            Self::Not => f.write_str("`!`"),
            Self::Open => f.write_str("`(`"),
            Self::Close => f.write_str("`)`"),
            Self::Comma => f.write_str("`,`"),
            Self::LineEnd => f.write_str("a line break"),
            Self::Other(c) => write!(f, "`{c}`"),
        }
    }
}

impl Token {
    /// True if a line break after it ends the expression (the semicolon that Go puts there).
    const fn ends(&self) -> bool {
        matches!(self, Self::Name(_) | Self::Text(_) | Self::Literal(_) | Self::Close)
    }
}

fn tokens(rule: &str) -> Result<Vec<Token>, RuleError> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = rule;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '\n' {
            if tokens.last().is_some_and(Token::ends) {
                tokens.push(Token::LineEnd);
            }
            rest = after;
            continue;
        }
        if matches!(c, ' ' | '\t' | '\r') {
            rest = after;
            continue;
        }
        if rest.starts_with("//") {
            rest = rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or_default();
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            let (comment, after) =
                comment.split_once("*/").ok_or_else(|| RuleError("a comment is not closed".to_owned()))?;
            if comment.contains('\n') && tokens.last().is_some_and(Token::ends) {
                tokens.push(Token::LineEnd);
            }
            rest = after;
            continue;
        }
        let (token, after) = token(c, rest, after)?;
        tokens.push(token);
        rest = after;
    }
    Ok(tokens)
}

/// The token that `rest` begins with, whose first character is `c` with `after` behind it.
fn token<'a>(c: char, rest: &'a str, after: &'a str) -> Result<(Token, &'a str), RuleError> {
    let single = |token| Ok((token, after));
    match c {
        '(' => single(Token::Open),
        ')' => single(Token::Close),
        ',' => single(Token::Comma),
        '`' => {
            let (text, after) =
                after.split_once('`').ok_or_else(|| RuleError("a backtick is not closed".to_owned()))?;
            // Go's raw texts hold no carriage return.
            Ok((Token::Text(text.replace('\r', "")), after))
        }
        '"' => quoted(after),
        '\'' => {
            let end = after.find('\'').ok_or_else(|| RuleError("a single quote is not closed".to_owned()))?;
            let (text, after) = after.split_at_checked(end).unwrap_or_default();
            Ok((Token::Literal(format!("'{text}'")), after.get(1..).unwrap_or_default()))
        }
        '!' if !after.starts_with('=') => single(Token::Not),
        '&' | '|' if after.starts_with(c) => {
            Ok((if c == '&' { Token::And } else { Token::Or }, after.get(1..).unwrap_or_default()))
        }
        c if c.is_alphanumeric() || c == '_' => {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let (word, after) = rest.split_at_checked(end).unwrap_or_default();
            let token = if c.is_ascii_digit() { Token::Literal } else { Token::Name };
            Ok((token(word.to_owned()), after))
        }
        c => single(Token::Other(c)),
    }
}

/// A text in double quotes, whose opening one is read already.
fn quoted(text: &str) -> Result<(Token, &str), RuleError> {
    let broken = || RuleError("a double quote is not closed".to_owned());
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Text(out), text.get(at + 1..).unwrap_or_default())),
            '\n' => return Err(broken()),
            '\\' => {
                let escape = text.get(at + 1..).unwrap_or_default();
                let (c, length) = escaped(escape).ok_or_else(|| {
                    RuleError(format!("unknown escape in {:?}", text.split('"').next().unwrap_or(text)))
                })?;
                out.push(c);
                for _ in 0..length {
                    chars.next();
                }
            }
            c => out.push(c),
        }
    }
    Err(broken())
}

/// What follows a backslash in double quotes: the character, and how many it is written with.
fn escaped(text: &str) -> Option<(char, usize)> {
    let of = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let simple = |c| Some((c, 1));
    match text.chars().next()? {
        'a' => simple('\x07'),
        'b' => simple('\x08'),
        'f' => simple('\x0c'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\x0b'),
        c @ ('\\' | '"') => simple(c),
        // A byte beyond ASCII would be half a character.
        'x' => of(text.get(1..3)?, 16).filter(char::is_ascii).map(|c| (c, 3)),
        'u' => of(text.get(1..5)?, 16).map(|c| (c, 5)),
        'U' => of(text.get(1..9)?, 16).map(|c| (c, 9)),
        '0'..='7' => of(text.get(..3)?, 8).filter(char::is_ascii).map(|c| (c, 3)),
        _ => None,
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    /// Operands of `||`.
    fn either(&mut self) -> Result<Expression, RuleError> {
        let mut operands = vec![self.both()?];
        while self.takes(&Token::Or) {
            operands.push(self.both()?);
        }
        Ok(one_or(operands, Expression::Or))
    }

    /// Operands of `&&`, which binds tighter.
    fn both(&mut self) -> Result<Expression, RuleError> {
        let mut operands = vec![self.operand()?];
        while self.takes(&Token::And) {
            operands.push(self.operand()?);
        }
        Ok(one_or(operands, Expression::And))
    }

    fn operand(&mut self) -> Result<Expression, RuleError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(RuleError("parentheses lie too deep in each other".to_owned()));
        }
        let operand = self.operand_here();
        self.depth -= 1;
        operand
    }

    fn operand_here(&mut self) -> Result<Expression, RuleError> {
        let token = self.peek().cloned().ok_or_else(|| RuleError("the rule ends too early".to_owned()))?;
        self.at += 1;
        match token {
            Token::Not => Ok(Expression::Not(Box::new(self.operand()?))),
            Token::Open => {
                let inside = self.either()?;
                if self.takes(&Token::Close) { Ok(inside) } else { Err(RuleError("a `(` is not closed".to_owned())) }
            }
            Token::Name(name) => {
                if self.takes(&Token::Open) {
                    let values = self.values(&name)?;
                    Ok(Expression::Call { name, values })
                } else {
                    Err(RuleError(format!("`{name}` is no matcher with values in parentheses")))
                }
            }
            token => Err(unexpected(&token)),
        }
    }

    /// The values of a matcher, whose `(` is read already.
    fn values(&mut self, name: &str) -> Result<Vec<String>, RuleError> {
        let mut values = Vec::new();
        while !self.takes(&Token::Close) {
            match self.peek().cloned() {
                Some(Token::Text(text)) => values.push(text),
                Some(Token::Name(word) | Token::Literal(word)) => {
                    return Err(RuleError(format!(
                        "{name}({word}…): values stand in backticks or double quotes, as in {name}(`{word}`)"
                    )));
                }
                Some(token) => return Err(unexpected(&token)),
                None => return Err(RuleError(format!("the `(` after {name} is not closed"))),
            }
            self.at += 1;
            if self.takes(&Token::Close) {
                break;
            }
            if !self.takes(&Token::Comma) {
                return Err(RuleError(format!("the values of {name} must be set apart by commas")));
            }
        }
        Ok(values)
    }
}

fn one_or(mut operands: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    if operands.len() == 1 { operands.remove(0) } else { several(operands) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(expression: &Expression) -> String {
        let join = |all: &[Expression], word: &str| all.iter().map(show).collect::<Vec<_>>().join(word);
        match expression {
            Expression::And(all) => format!("({})", join(all, " & ")),
            Expression::Or(all) => format!("({})", join(all, " | ")),
            Expression::Not(one) => format!("!{}", show(one)),
            Expression::Call { name, values } => format!("{name}{values:?}"),
        }
    }

    #[test]
    fn rules() {
        for (rule, expected) in [
            ("Host(`a`)", r#"Host["a"]"#),
            ("A(`1`) || B(`2`) && !C(`3`)", r#"(A["1"] | (B["2"] & !C["3"]))"#),
            ("(A(`1`) || B(`2`)) && C(`3`)", r#"((A["1"] | B["2"]) & C["3"])"#),
            ("A(\"a\\\"b\\x41\\u00e9\", `b\\`,)", r#"A["a\"bAé", "b\\"]"#),
            ("A(`1`) &&\n  B(`2`)\n", r#"(A["1"] & B["2"])"#),
            ("A(\n`1`,\n`2`)", r#"A["1", "2"]"#),
            ("A() // what", "A[]"),
            ("/* x */A(`1`)/*y*/&&B(`2`)", r#"(A["1"] & B["2"])"#),
            ("!(!A(`1`))", r#"!!A["1"]"#),
        ] {
            assert_eq!(parse(rule).map(|expression| show(&expression)).as_deref(), Ok(expected), "{rule}");
        }
    }

    #[test]
    fn no_rules() {
        for rule in [
            "",
            "Host",
            "Host(a)",
            "Host(`a`",
            "Host(`a`) Host(`b`)",
            "Host(`a`)\n&& Host(`b`)",
            "Host(`a`\n)",
            "Host(`a`) &&",
            "Host(`a` `b`)",
            "Host('a')",
            "Host(1)",
            "Host(`a`) & Host(`b`)",
            "Host(`a`) == Host(`b`)",
            "Host(\"a\\q\")",
            "Host(`a)",
            "`a`",
            "a.Host(`a`)",
            "Host(`a`);",
        ] {
            assert!(parse(rule).is_err(), "{rule}");
        }
        assert!(parse(&"!".repeat(100_000)).is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&vec!["A(`1`)"; 10_000].join("||")).is_ok());
    }
}
