//! From the text of a `log_format` to its [`Template`].
//!
//! Source: `ngx_http_log_compile_format` (`ngx_http_log_module.c`), 1.22.1.

use super::field::{Class, Field, variable};
use super::literal::Literal;
use super::members::Keys;
use super::template::{End, Op, Otherwise, Template};
use super::{Format, FormatError};
use crate::access_log::Escape;

/// A piece of a format.
#[derive(Clone, Debug)]
enum Piece<'a> {
    Literal(&'a [u8]),
    Variable(&'a [u8]),
}

/// A value before its end is known.
struct Value<'a> {
    name: &'a [u8],
    field: Field,
    class: Class,
    /// True if the next value stands directly behind it and begins with a `/`.
    slash: bool,
    literal: &'a [u8],
}

/// Compiles a text; also gives the variables that cannot be told apart, which are read as one text that says nothing.
pub(super) fn compile(text: &[u8], escape: Escape) -> Result<(Template, Vec<String>), FormatError> {
    let pieces = pieces(text)?;
    let (lead, rest) = match pieces.split_first() {
        Some((Piece::Literal(lead), rest)) => (*lead, rest),
        _ => (&b""[..], pieces.as_slice()),
    };
    if rest.is_empty() {
        let names = Format::names().collect::<Vec<_>>().join(", ");
        let what = format!("a format has variables ($remote_addr, $status, …) or is one of {names}");
        return Err(FormatError { what, column: 0 });
    }
    let (mut values, joined) = values(rest);
    rank(&mut values);
    let says = |value: &Value<'_>| {
        matches!(value.field, Field::Status | Field::Request | Field::Target | Field::Uri | Field::UriAndArgs)
    };
    if !joined.is_empty() && !values.iter().any(says) {
        let what = format!(
            "{} cannot be told apart in a line, and nothing else says the request or the status: put a space or a quote \
             between them",
            joined.join(" and ")
        );
        return Err(FormatError { what, column: 0 });
    }
    let otherwise = Keys::of(text).map_or(Otherwise::Unread, Otherwise::Keys);
    let ops: Box<[Op]> = values
        .iter()
        .enumerate()
        .map(|(index, value)| Op {
            field: value.field,
            class: value.class,
            end: end(value, values.get(index + 1).map(|next| next.class), escape),
            literal: Literal::new(value.literal),
        })
        .collect();
    let needed = ops.iter().rposition(|op| {
        let texts = matches!(op.field, Field::Request | Field::Target | Field::Client | Field::Status);
        texts || matches!(op.field, Field::Time | Field::TimeElse)
    });
    let template =
        Template { lead: Literal::new(lead), ops, escape, needed: needed.unwrap_or(values.len()), otherwise };
    Ok((template, joined))
}

/// Cuts a text into literals and variables: `$name` and `${name}`.
fn pieces(text: &[u8]) -> Result<Vec<Piece<'_>>, FormatError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (literal, variable) = rest.split_at(memchr::memchr(b'$', rest).unwrap_or(rest.len()));
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        let Some(named) = variable.get(1..) else { break };
        let column = text.len() - variable.len();
        let (bracket, named) = named.strip_prefix(b"{").map_or((false, named), |inner| (true, inner));
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let (name, mut behind) = named.split_at(named.iter().position(|byte| !is_name(byte)).unwrap_or(named.len()));
        if name.is_empty() {
            let what = "behind a $ comes the name of a variable: $status or ${status}".to_owned();
            return Err(FormatError { what, column });
        }
        if bracket {
            behind = behind.strip_prefix(b"}").ok_or_else(|| {
                let what = format!("${{{} is not closed: a }} is missing", String::from_utf8_lossy(name));
                FormatError { what, column }
            })?;
        }
        pieces.push(Piece::Variable(name));
        rest = behind;
    }
    Ok(pieces)
}

/// The values, each with the literal behind it, and the groups of those that cannot be told apart.
fn values<'a>(pieces: &[Piece<'a>]) -> (Vec<Value<'a>>, Vec<String>) {
    let (mut values, mut joined) = (Vec::<Value<'a>>::new(), Vec::new());
    let mut rest = pieces;
    while let Some((Piece::Variable(name), mut behind)) = rest.split_first() {
        let (mut field, mut class) = variable(name);
        if let [Piece::Variable(b"is_args"), Piece::Variable(b"args" | b"query_string"), more @ ..] = behind
            && matches!(field, Field::Uri | Field::Target)
        {
            (field, class, behind) = (Field::UriAndArgs, Class::Text, more);
        }
        let mut slash = false;
        if let Some((Piece::Variable(next), _)) = behind.split_first() {
            let rooted = matches!(variable(next).0, Field::Uri | Field::Target);
            let numeric = matches!(class, Class::Number | Class::Seconds | Class::Millis | Class::Epoch);
            slash = rooted && (class == Class::Word || field == Field::HostElse);
            let apart = slash || matches!(class, Class::Local | Class::Iso | Class::Status);
            if !apart && !(numeric && (rooted || *next == b"pipe" || *next == b"scheme")) {
                let group = rest.iter().map_while(|piece| match piece {
                    Piece::Variable(name) => Some(format!("${}", String::from_utf8_lossy(name))),
                    Piece::Literal(_) => None,
                });
                joined.push(group.collect());
                let end = rest.iter().position(|piece| matches!(piece, Piece::Literal(_))).unwrap_or(rest.len());
                (field, class, behind) = (Field::Other, Class::Text, rest.get(end..).unwrap_or_default());
            }
        }
        let literal = match behind.split_first() {
            Some((Piece::Literal(literal), more)) => {
                behind = more;
                *literal
            }
            _ => &b""[..],
        };
        values.push(Value { name, field, class, slash, literal });
        rest = behind;
    }
    (values, joined)
}

/// Decides between variables that say nearly the same.
fn rank(values: &mut [Value<'_>]) {
    let has = |wanted: &dyn Fn(&Value<'_>) -> bool| values.iter().any(wanted);
    let http_host = has(&|value| value.name == b"http_host");
    let client = has(&|value| matches!(value.field, Field::Client | Field::ClientElse));
    let target = has(&|value| matches!(value.field, Field::Request | Field::Target));
    for value in values {
        if http_host && value.name == b"server_name" {
            value.field = Field::Other;
        }
        if !client && value.field == Field::ForwardedFor {
            value.field = Field::ForwardedClient;
        }
        if !target && value.field == Field::Uri {
            value.field = Field::UriAndArgs;
        }
    }
}

/// Where the text of a value ends, before one of this class or the end of the line.
fn end(value: &Value<'_>, next: Option<Class>, escape: Escape) -> End {
    let Some(&first) = value.literal.first() else { return if value.slash { End::Slash } else { End::Last } };
    let never = match escape {
        Escape::Default => !(0x20..0x7f).contains(&first) || first == b'\\',
        Escape::Json => first < 0x20,
        Escape::None => false,
    };
    // Addresses, names and words of nginx's own hold none of these.
    let parts =
        matches!(first, b' ' | b'"' | b'\'' | b'\t' | b'|' | b',' | b';' | b'(' | b')' | b'<' | b'>' | b'{' | b'}');
    match value.class {
        _ if first == b'"' && escape == Escape::Default && next.is_some_and(Class::has_alphabet) => End::QuoteBefore,
        _ if first == b'"' && escape != Escape::None => End::Quote,
        _ if never => End::Near,
        Class::Word if parts => End::Near,
        Class::List if next.is_some() => End::List,
        _ if next.is_none() => End::Last,
        _ => End::Search,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        compile(text.as_bytes(), Escape::Default).unwrap_err().to_string()
    }

    #[test]
    fn faults_have_a_column() {
        assert_eq!(refused("$a ${status"), "${status is not closed: a } is missing (at column 4)");
        assert_eq!(refused("a $"), "behind a $ comes the name of a variable: $status or ${status} (at column 3)");
        assert_eq!(
            refused("combind"),
            "a format has variables ($remote_addr, $status, …) or is one of combined, main, common, vcombined, vhost, timed, \
             ingress, traefik, json, traefik-json, caddy (at column 1)"
        );
        assert_eq!(
            refused("[$time_local] $remote_addr$request"),
            "$remote_addr$request cannot be told apart in a line, and nothing else says the request or the status: put a space \
             or a quote between them (at column 1)"
        );
    }

    #[test]
    fn what_cannot_be_told_apart_is_said() {
        let joined = |text: &str| compile(text.as_bytes(), Escape::Default).unwrap().1;
        assert_eq!(joined("$http_a$http_b$status x $request"), ["$http_a$http_b$status"]);
        assert!(joined("$time_local$status$body_bytes_sent $scheme://$host$request_uri $uri$is_args$args").is_empty());
    }
}
