use proptest::prelude::*;

use super::*;

fn groups(pattern: &str, subject: &str) -> Option<Vec<Option<String>>> {
    groups_of(&Pcre::new(pattern.as_bytes(), Modes::default()).unwrap(), subject)
}

fn groups_of(pcre: &Pcre, subject: &str) -> Option<Vec<Option<String>>> {
    let matched = pcre.find(subject.as_bytes()).unwrap()?;
    let text = |(start, end): (usize, usize)| String::from_utf8(subject.as_bytes()[start..end].to_vec()).unwrap();
    Some(matched.into_groups().into_iter().map(|group| group.map(text)).collect())
}

/// Expectations are those of Perl and pcre2test 10.42.
#[test]
fn matches_and_groups() {
    type Groups = Option<&'static [Option<&'static str>]>;
    let table: [(&str, &str, Groups); 27] = [
        (r"^/api(/|$)(.*)", "/api/x", Some(&[Some("/api/x"), Some("/"), Some("x")])),
        (r"^/api(/|$)(.*)", "/api", Some(&[Some("/api"), Some(""), Some("")])),
        (r"^/a(b)?(c)?$", "/ac", Some(&[Some("/ac"), None, Some("c")])),
        (r"^/a$", "/a\n", Some(&[Some("/a")])),
        (r"^/a\z", "/a\n", None),
        (r"a.b", "a\nb", None),
        (r"^/(?!api)(.*)$", "/x", Some(&[Some("/x"), Some("x")])),
        (r"^/(?!api)(.*)$", "/api", None),
        (r"(\w)\1", "hello", Some(&[Some("ll"), Some("l")])),
        (r"(?<x>\d+)-\k<x>", "12-12", Some(&[Some("12-12"), Some("12")])),
        (r"(?i)/API/(?-i)x", "/api/x", Some(&[Some("/api/x")])),
        (r"(?i)/API/(?-i)x", "/api/X", None),
        (r"\.(?:png|jpe?g)$", "/a.jpg", Some(&[Some(".jpg")])),
        (r"^/\d{2,3}$", "/1234", None),
        (r"^/a{x}$", "/a{x}", Some(&[Some("/a{x}")])),
        (r"[[:alpha:]_-]+", "1a_-b2", Some(&[Some("a_-b")])),
        (r"[]a]+", "x]a", Some(&[Some("]a")])),
        (r"[^\w/]", "/a~b", Some(&[Some("~")])),
        (r"[a-\d]", "-", Some(&[Some("-")])),
        (r"a++b", "aab", Some(&[Some("aab")])),
        (r"a++ab", "aab", None),
        (r"\Qa.b\E.", "a.bc", Some(&[Some("a.bc")])),
        (r"\x2fa\/b\-", "/a/b-", Some(&[Some("/a/b-")])),
        (r"é+", "éé", Some(&[Some("é")])),
        (r"[\w-.]+@", "a-.@", Some(&[Some("a-.@")])),
        (r"^[[]x[&&]$", "[x&", Some(&[Some("[x&")])),
        (r"^\<a\>$", "<a>", Some(&[Some("<a>")])),
    ];
    for (pattern, subject, want) in table {
        let want = want.map(|groups| groups.iter().map(|group| group.map(str::to_owned)).collect::<Vec<_>>());
        assert_eq!(groups(pattern, subject), want, "{pattern} on {subject:?}");
    }
}

#[test]
fn case_is_ignored_in_ascii_only() {
    let find = |pattern: &str, subject: &str| {
        Pcre::new(pattern.as_bytes(), Modes { caseless: true, ..Modes::default() })
            .unwrap()
            .is_match(subject.as_bytes())
            .unwrap()
    };
    assert!(find("^/k[a-c]", "/KB"));
    assert!(!find("é", "É"));
    assert!(!find("^/k", "/\u{212A}"));
    assert!(find("(?=K)k", "K"));
    assert!(!find("(?=É)", "é"));
}

#[test]
fn names_of_groups() {
    let pcre = Pcre::new(b"(a)(?<b>c)(?P<d>e)(?'f'g)", Modes::default()).unwrap();
    assert_eq!(pcre.names(), [("b".to_owned(), 2), ("d".to_owned(), 3), ("f".to_owned(), 4)]);
}

#[test]
fn what_cannot_be_used() {
    for wrong in ["(", ")", "[a", "*a", "a\\", "(?<1>a)", "(?<a>b)(?<a>c)", "[b-a]", "a{3,2}", "\\k", "\\2(a)"] {
        assert!(matches!(Pcre::new(wrong.as_bytes(), Modes::default()), Err(Fault::Wrong(_))), "{wrong}");
    }
    for beyond in ["(?|a|b)", "(?R)", "(?(1)a)", "\\p{L}", "(*UTF8)a", "(?m)^a", "a\\Kb", "^*", "a{5000}"] {
        assert!(matches!(Pcre::new(beyond.as_bytes(), Modes::default()), Err(Fault::Beyond(_))), "{beyond}");
    }
}

proptest! {
    #[test]
    fn any_expression_is_read_or_refused(
        pattern in prop::collection::vec(any::<u8>(), 0..30),
        subject in prop::collection::vec(any::<u8>(), 0..30),
    ) {
        if let Ok(pcre) = Pcre::new(&pattern, Modes::default()) {
            let _ = pcre.find(&subject);
        }
    }

    /// Whatever is read is taken by the engine that it is for, and both find the same; what only the second can say, such
    /// as a possessive quantifier, is not asked of the first.
    #[test]
    fn both_engines_agree(
        pattern in r"([abé/.]|\(|\)|\||\[\^?[a-z]\]|\\d|\\w|\\b|\^|\$|\*|\+|\?|\{1,2\}|\(\?:|\(\?i\)){0,12}",
        subject in "[abABé/1]{0,8}",
    ) {
        if let Ok(pcre) = Pcre::new(pattern.as_bytes(), Modes::default())
            && !pcre.translated.fancy
        {
            let linear = pcre.find_linear(subject.as_bytes(), 0);
            let fancy = pcre.find_fancy(subject.as_bytes(), 0);
            prop_assert!(linear.is_ok(), "{:?}", linear);
            // `$` is a look-around for the second engine, which does not repeat one: that is said, and nothing is found.
            prop_assert!(linear == fancy || (fancy.is_err() && pcre.translated.dollar), "{:?} {:?}", linear, fancy);
        }
    }
}
