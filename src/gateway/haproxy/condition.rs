//! Conditions: named and anonymous ACLs, and how `if` and `unless` put them together (`acl.c`, 2.6).

use std::collections::BTreeMap;
use std::path::Path;

use super::pattern::{Method, Pattern};
use super::sample::{Expression, Kind, Scene, Strange};
use crate::gateway::{Files, NotUnderstood, Place};

/// One expression that is compared with patterns.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// It is modelled.
    Known(Box<KnownTest>),
    /// It is not: what depends on it is not known.
    Unknown(NotUnderstood),
}

/// An expression, and what it is compared with.
#[derive(Clone, Debug)]
pub(super) struct KnownTest {
    expression: Expression,
    method: Method,
    patterns: Vec<Pattern>,
}

/// Named ACLs of a section; each name may be said several times, and holds if one of them does.
#[derive(Clone, Debug, Default)]
pub(super) struct Acls {
    named: BTreeMap<String, Vec<Test>>,
}

/// `if` or `unless`, and the terms behind it.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// As it is written, `if` or `unless` included.
    pub(super) text: String,
    unless: bool,
    any: Vec<Vec<Term>>,
}

/// One term of a condition.
#[derive(Clone, Debug)]
struct Term {
    negated: bool,
    tests: Tests,
}

#[derive(Clone, Debug)]
enum Tests {
    Named(String),
    Own(Vec<Test>),
}

impl Test {
    /// Reads what stands behind the name of an ACL, or between the braces of an anonymous one.
    pub(super) fn new(words: &[String], place: &Place, files: &dyn Files) -> Self {
        match KnownTest::new(words, files) {
            Ok(test) => Self::Known(Box::new(test)),
            Err(what) => Self::Unknown(NotUnderstood::at(place, what)),
        }
    }

    fn holds(&self, scene: &Scene) -> Result<bool, NotUnderstood> {
        match self {
            Self::Known(test) => test.holds(scene),
            Self::Unknown(what) => Err(what.clone()),
        }
    }
}

/// Keywords that are a fetch and a way of comparing in one, e.g. `path_beg`.
const FAMILIES: [(&str, &str); 9] = [
    ("base", "base"),
    ("cook", "req.cook"),
    ("hdr", "req.hdr"),
    ("path", "path"),
    ("shdr", "res.hdr"),
    ("url", "url"),
    ("urlp", "urlp"),
    ("req_ver", "req.ver"),
    ("method", "method"),
];

/// The fetch and the method of a keyword such as `path_beg`.
fn keyword(name: &str) -> Option<(&'static str, Method)> {
    FAMILIES.iter().find_map(|(family, fetch)| {
        let suffix = name.strip_prefix(family)?;
        let method = match suffix {
            "" => Method::Exact,
            suffix => match Method::named(suffix.strip_prefix('_')?)? {
                Method::Found | Method::Truth | Method::Number | Method::Address => return None,
                method => method,
            },
        };
        Some((*fetch, method))
    })
}

impl KnownTest {
    fn new(words: &[String], files: &dyn Files) -> Result<Self, Strange> {
        let (first, mut words) = words.split_first().ok_or("an ACL that tests nothing")?;
        let (name, rest) = super::sample::name(first);
        let keyword = keyword(name);
        let text = keyword.map_or_else(|| first.clone(), |(fetch, _)| format!("{fetch}{rest}"));
        let (expression, left) = Expression::read(&text, files)?;
        nothing_left(left)?;
        if expression.kind() == Kind::Any && !words.iter().any(|word| word == "-m") {
            return Err(format!("{first} without -m is not modelled"));
        }
        // A converter makes the keyword's own way of comparing void.
        let own = keyword.map(|(_, method)| method).filter(|_| expression.is_plain());
        let mut method = own.unwrap_or_else(|| Method::of(expression.kind()));
        let mut ignore_case = false;
        let mut loaded = Vec::new();
        while let Some((option, rest)) = words.split_first() {
            match option.as_str() {
                "-i" => ignore_case = true,
                "-n" => {}
                "--" => {
                    words = rest;
                    break;
                }
                "-m" => {
                    let name = rest.first().map_or("", String::as_str);
                    method = Method::named(name).ok_or_else(|| format!("the match method {name:?} is not modelled"))?;
                    words = rest.get(1..).unwrap_or_default();
                    continue;
                }
                "-f" => {
                    loaded.extend(rest.first().cloned());
                    words = rest.get(1..).unwrap_or_default();
                    continue;
                }
                option if option.starts_with('-') => {
                    return Err(format!("the option {option} of an ACL is not modelled"));
                }
                _ => break,
            }
            words = rest;
        }
        let mut patterns = Vec::new();
        for file in loaded {
            patterns.extend(from_file(&file, method, ignore_case, files)?);
        }
        if !matches!(method, Method::Found | Method::Truth) {
            patterns.extend(read_patterns(words, method, ignore_case, expression.is_method())?);
        }
        Ok(Self { expression, method, patterns })
    }

    fn holds(&self, scene: &Scene) -> Result<bool, NotUnderstood> {
        let values = self.expression.each(scene)?;
        Ok(values.iter().any(|value| match self.method {
            Method::Found => true,
            Method::Truth => value.number().is_some_and(|number| number != 0),
            _ => self.patterns.iter().any(|pattern| pattern.matches(value)),
        }))
    }
}

fn nothing_left(rest: &str) -> Result<(), Strange> {
    if rest.is_empty() { Ok(()) } else { Err(format!("{rest:?} behind an expression is not modelled")) }
}

/// The patterns on a line. Numbers may have an operator before them, which holds from there on.
fn read_patterns(
    words: &[String],
    method: Method,
    ignore_case: bool,
    is_method: bool,
) -> Result<Vec<Pattern>, Strange> {
    let takes_operator = matches!(method, Method::Number | Method::Length);
    let mut operator = "eq";
    let mut patterns = Vec::new();
    for word in words {
        if takes_operator && matches!(word.as_str(), "eq" | "ge" | "gt" | "le" | "lt") {
            operator = word;
            continue;
        }
        // Methods that HTTP knows are compared by their number, so in capitals only; find_http_meth knows no others.
        let pattern = Pattern::new(method, word, ignore_case && !is_method)?;
        patterns.push(if takes_operator && operator != "eq" {
            pattern.compared(operator).ok_or_else(|| format!("{operator} {word} is not modelled"))?
        } else {
            pattern
        });
    }
    Ok(patterns)
}

/// The patterns of a file, one a line.
fn from_file(file: &str, method: Method, ignore_case: bool, files: &dyn Files) -> Result<Vec<Pattern>, Strange> {
    let bytes = files.read(Path::new(file)).map_err(|error| format!("cannot read {file}: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{file} is not UTF-8"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| Pattern::new(method, line, ignore_case)).collect()
}

impl Acls {
    /// Adds a test to a name.
    pub(super) fn add(&mut self, name: &str, test: Test) {
        self.named.entry(name.to_owned()).or_default().push(test);
    }

    /// What of them is not understood.
    pub(super) fn unknown(&self) -> impl Iterator<Item = NotUnderstood> {
        let tests = self.named.values().flatten();
        tests.filter_map(|test| if let Test::Unknown(what) = test { Some(what.clone()) } else { None })
    }

    fn holds(&self, name: &str, scene: &Scene) -> Result<bool, NotUnderstood> {
        any(self.named.get(name).into_iter().flatten().map(|test| test.holds(scene)))
    }
}

/// True if one is; unknown only if none is and one is unknown.
fn any(all: impl Iterator<Item = Result<bool, NotUnderstood>>) -> Result<bool, NotUnderstood> {
    let mut answer = Ok(false);
    for one in all {
        match one {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(what) => answer = Err(what),
        }
    }
    answer
}

/// The ACLs that every configuration has (`acl.c`, `default_acl_list`).
fn predefined(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "TRUE" | "WAIT_END" => &["always_true"],
        "FALSE" => &["always_false"],
        "LOCALHOST" => &["src", "127.0.0.1/8"],
        "HTTP" => &["req_proto_http"],
        "HTTP_1.0" => &["req_ver", "1.0"],
        "HTTP_1.1" => &["req_ver", "1.1"],
        "HTTP_2.0" => &["req_ver", "2.0"],
        "HTTP_CONTENT" => &["hdr_val(content-length)", "gt", "0"],
        "HTTP_URL_ABS" => &["url_reg", "^[^/:]*://"],
        "HTTP_URL_SLASH" => &["url_beg", "/"],
        "HTTP_URL_STAR" => &["url", "*"],
        "METH_CONNECT" => &["method", "CONNECT"],
        "METH_DELETE" => &["method", "DELETE"],
        "METH_GET" => &["method", "GET", "HEAD"],
        "METH_HEAD" => &["method", "HEAD"],
        "METH_OPTIONS" => &["method", "OPTIONS"],
        "METH_POST" => &["method", "POST"],
        "METH_PUT" => &["method", "PUT"],
        "METH_TRACE" => &["method", "TRACE"],
        _ => return None,
    })
}

impl Condition {
    /// Reads the words from `if` or `unless` on; `None` if there are none.
    ///
    /// # Errors
    /// For what `HAProxy` refuses: another word, an ACL that is nowhere defined before, a brace that is not closed.
    pub(super) fn new(words: &[String], acls: &Acls, place: &Place, files: &dyn Files) -> Result<Option<Self>, String> {
        let Some((first, terms)) = words.split_first() else { return Ok(None) };
        let unless = match first.as_str() {
            "if" => false,
            "unless" => true,
            other => return Err(format!("{other:?} is not expected here; a condition starts with if or unless")),
        };
        let mut any = vec![Vec::new()];
        let mut rest = terms;
        while let Some((word, after)) = rest.split_first() {
            rest = after;
            if word.eq_ignore_ascii_case("or") || word == "||" {
                any.push(Vec::new());
                continue;
            }
            let name = word.trim_start_matches('!');
            let mut negated = (word.len() - name.len()) % 2 == 1;
            let mut name = name;
            if name.is_empty() {
                // A mark that stands alone belongs to the next word.
                let Some((next, after)) = rest.split_first() else { return Err("! before nothing".to_owned()) };
                let bare = next.trim_start_matches('!');
                negated ^= (next.len() - bare.len()) % 2 == 1;
                (name, rest) = (bare, after);
            }
            let tests = if name == "{" {
                let end = rest.iter().position(|word| word == "}").ok_or("a { is not closed by a }")?;
                let (inside, after) = rest.split_at(end);
                rest = after.get(1..).unwrap_or_default();
                Tests::Own(vec![Test::new(inside, place, files)])
            } else if acls.named.contains_key(name) {
                Tests::Named(name.to_owned())
            } else if let Some(words) = predefined(name) {
                let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
                Tests::Own(vec![Test::new(&words, place, files)])
            } else {
                return Err(format!("the ACL {name:?} is not defined before this line"));
            };
            if let Some(all) = any.last_mut() {
                all.push(Term { negated, tests });
            }
        }
        Ok(Some(Self { text: words.join(" "), unless, any }))
    }

    /// True if what it stands behind is to be done.
    ///
    /// # Errors
    /// What the answer rests on and is not known.
    pub(super) fn holds(&self, acls: &Acls, scene: &Scene) -> Result<bool, NotUnderstood> {
        let all_hold = |all: &Vec<Term>| {
            // Not all hold if one does not: the same question, turned round.
            any(all.iter().map(|term| term.holds(acls, scene).map(|holds| !holds))).map(|fails| !fails)
        };
        any(self.any.iter().map(all_hold)).map(|holds| holds != self.unless)
    }

    /// The path prefix that it asks for, where that is all it asks for, without a final slash.
    pub(super) fn prefix<'c>(&'c self, acls: &'c Acls) -> Option<&'c str> {
        self.path_start(acls).map(|prefix| prefix.trim_end_matches('/'))
    }

    /// The same, where it does not end with a segment.
    pub(super) fn open_prefix<'c>(&'c self, acls: &'c Acls) -> Option<&'c str> {
        self.path_start(acls).filter(|prefix| !prefix.ends_with('/'))
    }

    fn path_start<'c>(&'c self, acls: &'c Acls) -> Option<&'c str> {
        let ([all], false) = (self.any.as_slice(), self.unless) else { return None };
        let [Term { negated: false, tests }] = all.as_slice() else { return None };
        let tests = match tests {
            Tests::Own(tests) => tests,
            Tests::Named(name) => acls.named.get(name)?,
        };
        let [Test::Known(test)] = tests.as_slice() else { return None };
        let [pattern] = test.patterns.as_slice() else { return None };
        std::str::from_utf8(pattern.prefix().filter(|_| test.expression.is_path())?).ok()
    }
}

impl Term {
    fn holds(&self, acls: &Acls, scene: &Scene) -> Result<bool, NotUnderstood> {
        let holds = match &self.tests {
            Tests::Named(name) => acls.holds(name, scene),
            Tests::Own(tests) => any(tests.iter().map(|test| test.holds(scene))),
        };
        holds.map(|holds| holds != self.negated)
    }
}
