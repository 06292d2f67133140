//! From rewrite directives to the script that is run.
//!
//! Source: `ngx_http_rewrite`, `ngx_http_rewrite_return`, `ngx_http_rewrite_if_condition`, `ngx_http_rewrite_set`
//! (`ngx_http_rewrite_module.c`), 1.22.1.

use super::compile::{Context, variable};
use super::config::LocationId;
use super::level::value::code;
use super::rewrite::{Code, Condition, FileTest, If, Instruction, Rewrite, Script, Then};
use super::tree::Directive;
use super::uri;
use super::variables::Kind;
use crate::gateway::ConfigError;

/// What makes a location of the block of an `if`.
type Branch<'a> = dyn FnMut(&mut Context, &Directive) -> Result<Option<LocationId>, ConfigError> + 'a;

/// True for a directive of the rewrite module.
pub(super) fn is_part(name: &str) -> bool {
    matches!(name, "set" | "if" | "rewrite" | "return" | "break")
}

/// Compiles the rewrite directives among these.
///
/// # Errors
/// nginx refuses one.
pub(super) fn compile(cx: &mut Context, block: &[Directive], branch: &mut Branch<'_>) -> Result<Script, ConfigError> {
    let mut script = Script::new();
    for directive in block {
        let code = match directive.name.as_str() {
            "set" => set(directive, cx)?,
            "rewrite" => rewrite(directive, cx)?,
            "return" => answer(directive, cx)?,
            "break" if directive.args.is_empty() => Code::Break,
            "break" => return Err(directive.wrong("it takes no argument")),
            "if" => {
                let condition = condition(directive, cx)?;
                let location = branch(cx, directive)?;
                let nested = directive.inside().iter().find(|inner| matches!(inner.name.as_str(), "if" | "location"));
                if let Some(nested) = nested {
                    return Err(nested.wrong("it is not allowed in an \"if\""));
                }
                let then = compile(cx, directive.inside(), branch)?;
                Code::If(Box::new(If { condition, then, location }))
            }
            _ => continue,
        };
        script.push(Instruction { code, text: directive.to_string(), place: directive.place.clone() });
    }
    Ok(script)
}

fn set(directive: &Directive, cx: &mut Context) -> Result<Code, ConfigError> {
    let [name, value] = directive.args.as_slice() else {
        return Err(directive.wrong("it takes a variable and a value"));
    };
    let name = variable(directive, name)?;
    if name.eq_ignore_ascii_case(b"args") {
        return Ok(Code::SetArgs { value: cx.template(directive, value)? });
    }
    let variable = cx.make(directive, name, Kind::Stored)?;
    Ok(Code::Set { variable, value: cx.template(directive, value)? })
}

/// True for a text that can only be the whole of a URL.
fn is_url(text: &[u8]) -> bool {
    [b"http://".as_slice(), b"https://", b"$scheme"].iter().any(|start| text.starts_with(start))
}

fn rewrite(directive: &Directive, cx: &mut Context) -> Result<Code, ConfigError> {
    let (pattern, replacement, flag) = match directive.args.as_slice() {
        [pattern, replacement] => (pattern, replacement, None),
        [pattern, replacement, flag] => (pattern, replacement, Some(flag.as_slice())),
        _ => return Err(directive.wrong("it takes an expression, a replacement and a flag if need be")),
    };
    if replacement.is_empty() {
        return Err(directive.wrong("empty replacement"));
    }
    let regex = cx.regex(pattern, false, directive)?;
    let (replacement, add_args) = match replacement.strip_suffix(b"?") {
        Some(replacement) => (replacement, false),
        None => (replacement.as_slice(), true),
    };
    let then = match flag {
        None | Some(b"last" | b"break") if is_url(replacement) => Then::Redirect(302),
        None => Then::Next,
        Some(b"redirect") => Then::Redirect(302),
        Some(b"permanent") => Then::Redirect(301),
        Some(b"last") => Then::Last,
        Some(b"break") => Then::Break,
        Some(other) => {
            return Err(directive.wrong(format!("invalid parameter \"{}\"", String::from_utf8_lossy(other))));
        }
    };
    let (path, args) = match then {
        Then::Redirect(_) => (replacement, None),
        _ if replacement.contains(&b'?') => {
            let (path, args) = uri::split_args(replacement);
            (path, Some(args))
        }
        _ => (replacement, None),
    };
    let path = cx.template(directive, path)?;
    let args = args.map(|args| cx.template(directive, args)).transpose()?;
    Ok(Code::Rewrite(Box::new(Rewrite { regex, path, args, add_args, then })))
}

fn answer(directive: &Directive, cx: &mut Context) -> Result<Code, ConfigError> {
    let invalid = || directive.wrong(format!("invalid return code \"{}\"", directive.text(0)));
    let (status, text) = match directive.args.as_slice() {
        [first] => match code(first) {
            Some(status) => (status, b"".as_slice()),
            None if is_url(first) => (302, first.as_slice()),
            None => return Err(invalid()),
        },
        [first, text] => (code(first).ok_or_else(invalid)?, text.as_slice()),
        _ => return Err(directive.wrong("it takes a code, a text or a URL")),
    };
    if status > 999 {
        return Err(invalid());
    }
    Ok(Code::Return { status, text: cx.template(directive, text)? })
}

/// What an `if` asks: the words between its parentheses.
fn condition(directive: &Directive, cx: &mut Context) -> Result<Condition, ConfigError> {
    let invalid = |word: &[u8]| directive.wrong(format!("invalid condition \"{}\"", String::from_utf8_lossy(word)));
    let mut words: Vec<&[u8]> = directive.args.iter().map(Vec::as_slice).collect();
    let Some(first) = words.first_mut() else { return Err(directive.wrong("a condition is missing")) };
    *first = first.strip_prefix(b"(").ok_or_else(|| invalid(first))?;
    let Some(last) = words.last_mut() else { return Err(directive.wrong("a condition is missing")) };
    *last = last.strip_suffix(b")").ok_or_else(|| invalid(last))?;
    // A parenthesis that stands alone is none of the words.
    if words.len() > 1 && words.first().is_some_and(|word| word.is_empty()) {
        words.remove(0);
    }
    if words.len() > 1 && directive.args.last().is_some_and(|word| word == b")") {
        words.pop();
    }
    match words.as_slice() {
        [name] if is_variable(name) => Ok(Condition::True(read(directive, name, cx))),
        [name, operator, value] if is_variable(name) => {
            let variable = read(directive, name, cx);
            let (negated, operator) = match operator.strip_prefix(b"!") {
                Some(operator) => (true, operator),
                None => (false, *operator),
            };
            match operator {
                b"=" => Ok(Condition::Equal { variable, value: cx.template(directive, value)?, negated }),
                b"~" | b"~*" => {
                    let regex = cx.regex(value, operator == b"~*", directive)?;
                    Ok(Condition::Match { variable, regex, negated })
                }
                _ => Err(directive.wrong(format!("unexpected \"{}\" in condition", String::from_utf8_lossy(operator)))),
            }
        }
        [test, path] => {
            let (negated, letter) = match *test {
                [b'!', b'-', letter] => (true, *letter),
                [b'-', letter] => (false, *letter),
                _ => return Err(invalid(test)),
            };
            let kind = match letter {
                b'f' => FileTest::Plain,
                b'd' => FileTest::Folder,
                b'e' => FileTest::Any,
                b'x' => FileTest::Executable,
                _ => return Err(invalid(test)),
            };
            Ok(Condition::File { test: kind, path: cx.template(directive, path)?, negated })
        }
        [word, ..] => Err(invalid(word)),
        [] => Err(directive.wrong("a condition is missing")),
    }
}

fn is_variable(word: &[u8]) -> bool {
    word.len() > 1 && word.first() == Some(&b'$')
}

fn read(directive: &Directive, name: &[u8], cx: &mut Context) -> super::variables::VariableId {
    cx.read_variable(directive, name.get(1..).unwrap_or_default())
}
