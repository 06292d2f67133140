//! How the two libraries that Python servers read their command lines with, click and argparse, take one apart.
//!
//! This file exists because they differ: argparse takes an abbreviated option, click does not; argparse reads `-b=x` as
//! `x`, click as `=x`. Read in click 8.5.1 `parser.py` (`_OptionParser`) and `CPython` 3.11 `argparse.py`
//! (`_parse_optional`, `_get_option_tuples`, `consume_optional`). A server that runs has accepted its command line, so
//! what either library would refuse is not refused here, but the reading ends where an option is not known: whether it
//! takes a value cannot be told then.

/// Which library reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    /// uvicorn, granian, and (by typer) fastapi.
    Click,
    /// gunicorn, hypercorn, daphne.
    Argparse,
}

/// The options a program declares. An entry lists an option's spellings, the one it is known by last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grammar {
    /// Who reads.
    pub(super) library: Library,
    /// Options that take a value.
    pub(super) values: &'static [&'static str],
    /// Options that take a value if one follows.
    pub(super) optional: &'static [&'static str],
    /// Options that take none.
    pub(super) switches: &'static [&'static str],
    /// Options `--x` that can be turned round as `--no-x`.
    pub(super) pairs: &'static [&'static str],
    /// True if the first word that is no option ends the reading: what follows is another command's.
    pub(super) ends_at_word: bool,
}

/// A command line, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    /// Every option in the order it came, by its name without dashes; a switch says `true` or `false`.
    pub(super) options: Vec<(String, String)>,
    /// What is no option.
    pub(super) words: Vec<String>,
    /// An option that is not known, where the reading ended.
    pub(super) unknown: Option<String>,
}

impl Parsed {
    /// What the option said last: both libraries keep the last of several.
    pub(super) fn last(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All that an option said, for those that gather.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.options.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What an option does with what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Value,
    Optional,
    /// Nothing; it then says this.
    Nothing(bool),
}

/// An option that was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    name: &'static str,
    takes: Takes,
}

impl Grammar {
    /// Nothing but the library; the rest is added to it.
    pub(super) const fn of(library: Library) -> Self {
        Self { library, values: &[], optional: &[], switches: &[], pairs: &[], ends_at_word: false }
    }

    /// Takes `arguments` apart.
    pub(super) fn parse(&self, arguments: &[String]) -> Parsed {
        let mut parsed = Parsed::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                parsed.words.extend(rest.cloned());
                break;
            }
            if !self.is_option(argument) {
                parsed.words.push(argument.clone());
                if self.ends_at_word {
                    parsed.words.extend(rest.cloned());
                    break;
                }
                continue;
            }
            let read = if argument.starts_with("--") {
                self.long(argument, &mut rest, &mut parsed)
            } else {
                self.short(argument, &mut rest, &mut parsed)
            };
            if read.is_none() {
                parsed.unknown = Some(argument.clone());
                break;
            }
        }
        parsed
    }

    /// A single dash is a word, and so is what argparse takes for a negative number or finds a blank in.
    fn is_option(&self, argument: &str) -> bool {
        let Some(rest) = argument.strip_prefix('-').filter(|rest| !rest.is_empty()) else { return false };
        self.library == Library::Click || !(rest.parse::<f64>().is_ok() || rest.contains(' ') && !rest.contains('='))
    }

    /// `--option`, `--option=value`, `--option value`.
    fn long(&self, argument: &str, rest: &mut std::slice::Iter<'_, String>, parsed: &mut Parsed) -> Option<()> {
        let (spelling, given) = match argument.split_once('=') {
            Some((spelling, value)) => (spelling, Some(value.to_owned())),
            None => (argument, None),
        };
        let known = self.known(spelling).or_else(|| self.abbreviated(spelling))?;
        self.note(known, given, rest, parsed);
        Some(())
    }

    /// `-w4`, `-w 4`, `-Dw4`, with argparse `-w=4`.
    fn short(&self, argument: &str, rest: &mut std::slice::Iter<'_, String>, parsed: &mut Parsed) -> Option<()> {
        let mut letters = argument.strip_prefix('-')?.chars();
        while let Some(letter) = letters.next() {
            let known = self.known(&format!("-{letter}"))?;
            if matches!(known.takes, Takes::Nothing(_)) {
                self.note(known, None, rest, parsed);
                continue;
            }
            let attached = letters.as_str();
            let attached = match self.library {
                Library::Argparse => attached.strip_prefix('=').unwrap_or(attached),
                Library::Click => attached,
            };
            let given = (!letters.as_str().is_empty()).then(|| attached.to_owned());
            self.note(known, given, rest, parsed);
            break;
        }
        Some(())
    }

    fn note(&self, known: Known, given: Option<String>, rest: &mut std::slice::Iter<'_, String>, parsed: &mut Parsed) {
        let value = match known.takes {
            Takes::Nothing(on) => on.to_string(),
            Takes::Value => given.or_else(|| rest.next().cloned()).unwrap_or_default(),
            Takes::Optional => match (given, rest.as_slice().first()) {
                (Some(value), _) => value,
                (None, Some(next)) if !self.is_option(next) => rest.next().cloned().unwrap_or_default(),
                (None, _) => String::new(),
            },
        };
        parsed.options.push((known.name.to_owned(), value));
    }

    /// The option that is spelled just so.
    fn known(&self, spelling: &str) -> Option<Known> {
        let of = |list: &'static [&'static str], takes: Takes| {
            list.iter().find(|entry| spellings(entry).any(|known| known == spelling)).map(|entry| named(entry, takes))
        };
        of(self.values, Takes::Value)
            .or_else(|| of(self.optional, Takes::Optional))
            .or_else(|| of(self.switches, Takes::Nothing(true)))
            .or_else(|| of(self.pairs, Takes::Nothing(true)))
            .or_else(|| self.turned_round(spelling))
    }

    /// `--no-x` of a pair.
    fn turned_round(&self, spelling: &str) -> Option<Known> {
        let name = spelling.strip_prefix("--no-")?;
        let entry = self.pairs.iter().find(|entry| entry.strip_prefix("--") == Some(name))?;
        Some(named(entry, Takes::Nothing(false)))
    }

    /// argparse's abbreviation: the one option whose long spelling begins so.
    fn abbreviated(&self, spelling: &str) -> Option<Known> {
        if self.library == Library::Click {
            return None;
        }
        let all = [
            (self.values, Takes::Value),
            (self.optional, Takes::Optional),
            (self.switches, Takes::Nothing(true)),
            (self.pairs, Takes::Nothing(true)),
        ];
        let begins = |entry: &'static str| spellings(entry).any(|known| known.starts_with(spelling));
        let mut found = all
            .into_iter()
            .flat_map(|(list, takes)| list.iter().filter(|entry| begins(entry)).map(move |entry| named(entry, takes)));
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }
}

fn spellings(entry: &'static str) -> impl Iterator<Item = &'static str> {
    entry.split(' ')
}

/// The option an entry stands for, by its last spelling.
fn named(entry: &'static str, takes: Takes) -> Known {
    Known { name: spellings(entry).last().unwrap_or(entry).trim_start_matches('-'), takes }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLICK: Grammar = Grammar {
        values: &["--port", "-e --entrypoint"],
        switches: &["--reload", "-v --verbose"],
        pairs: &["--proxy-headers"],
        ..Grammar::of(Library::Click)
    };
    const ARGPARSE: Grammar = Grammar {
        values: &["-b --bind", "-w --workers", "--root-path", "--worker-class", "--read-timeout"],
        optional: &["--proxy-protocol"],
        switches: &["-D --daemon", "--reload"],
        ..Grammar::of(Library::Argparse)
    };

    fn told(grammar: &Grammar, line: &str) -> String {
        let parsed = grammar.parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        let options = parsed.options.iter().map(|(name, value)| format!("{name}={value}"));
        let words = parsed.words.iter().map(|word| format!("[{word}]"));
        options
            .chain(words)
            .chain(parsed.unknown.iter().map(|unknown| format!("?{unknown}")))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn click() {
        for (line, expected) in [
            ("main:app --port 1", "port=1 [main:app]"),
            ("--port=1 main:app --port=2", "port=1 port=2 [main:app]"),
            ("--port --reload", "port=--reload"),
            ("--no-proxy-headers --proxy-headers", "proxy-headers=false proxy-headers=true"),
            ("--po 1", "?--po"),
            ("--no-reload", "?--no-reload"),
            ("-ex:y -e=z", "entrypoint=x:y entrypoint==z"),
            ("-- --port 1", "[--port] [1]"),
            ("--new 1 --port 2", "?--new"),
            ("-", "[-]"),
        ] {
            assert_eq!(told(&CLICK, line), expected, "{line}");
        }
        let parsed = CLICK.parse(&["--port=".to_owned()]);
        assert_eq!(parsed.last("port"), Some(""));
    }

    #[test]
    fn argparse() {
        for (line, expected) in [
            ("-b :1 -b=:2 -b:3 app", "bind=:1 bind=:2 bind=:3 [app]"),
            ("-Dw4", "daemon=true workers=4"),
            ("--root /x", "root-path=/x"),
            ("--root=/x", "root-path=/x"),
            ("--re x", "?--re"),
            ("--work x", "?--work"),
            ("-1 app", "[-1] [app]"),
            ("--proxy-protocol -b x", "proxy-protocol= bind=x"),
            ("--proxy-protocol v1 app", "proxy-protocol=v1 [app]"),
            ("-z", "?-z"),
        ] {
            assert_eq!(told(&ARGPARSE, line), expected, "{line}");
        }
    }

    #[test]
    fn a_command_of_its_own_is_left_alone() {
        let group = Grammar { ends_at_word: true, ..CLICK };
        assert_eq!(told(&group, "--verbose run --port 1"), "verbose=true [run] [--port] [1]");
    }

    proptest::proptest! {
        #[test]
        fn any_command_line_is_read_to_its_end_or_to_an_unknown_option(words in proptest::collection::vec("[-=a-z0-9é ]{0,8}", 0..8)) {
            for grammar in [CLICK, ARGPARSE] {
                let parsed = grammar.parse(&words);
                let read = parsed.options.len() + parsed.words.len();
                proptest::prop_assert!(parsed.unknown.is_some() || read > 0 || words.iter().all(|word| word == "--"));
            }
        }
    }
}
