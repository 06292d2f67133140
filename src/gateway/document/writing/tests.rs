use super::*;

/// A document with a change made to it; or why not.
fn changed(name: &str, text: &str, change: impl FnOnce(&mut Writing, &Document) -> Result<(), CannotAmend>) -> String {
    let files = InMemory::default().file(name, text);
    let mut writing = Writing { files: files.clone(), history: History::default() };
    let document = Document::of(&Arc::from(Path::new(name)));
    if let Err(why) = change(&mut writing, &document) {
        return why.to_string();
    }
    let now = writing.files.clone();
    match writing.edits() {
        // What is told makes of the file what was made of it.
        Ok(edits) => assert_eq!(apply(&files, &edits).unwrap(), now),
        Err(why) => return why.to_string(),
    }
    String::from_utf8(now.read(Path::new(name)).unwrap()).unwrap()
}

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|&text| text.to_owned()).collect())
}

#[test]
fn values_are_set() {
    for (name, text, path, value, want) in [
        ("a.yml", "a:\n  b: c # d\n", "a.b", Value::text("e: f"), "a:\n  b: 'e: f' # d\n"),
        ("a.yml", "a:\n  b: c", "a.d", Value::Flag(true), "a:\n  b: c\n  d: true\n"),
        ("a.yml", "a:\r\n  b: c\r\n# e\r\n", "a.d.f", Value::Number(1), "a:\r\n  b: c\r\n  d:\r\n    f: 1\r\n# e\r\n"),
        ("a.yml", "a:\nx: [y]\n", "a.b.c", list(&["d"]), "a:\n  b:\n    c: [d]\nx: [y]\n"),
        ("a.yml", "a: {}\n", "a.b.c", list(&["d"]), "a: {b: {c: [d]}}\n"),
        ("a.yml", "a: {b: 'c'}\n", "A.d", Value::text("{}"), "a: {b: 'c', d: '{}'}\n"),
        ("a.yml", "a:\n- b\n- c\n", "a", list(&["b", "x", "c"]), "a:\n- b\n- x\n- c\n"),
        ("a.yml", "a: [\"b\", c]\n", "a", list(&["x", "b"]), "a: [\"x\", \"b\"]\n"),
        ("a.yml", "a: b,c\n", "a", list(&["b", "d"]), "a: b,d\n"),
        ("a.yml", "é: ü\na: \"ö\"\n", "a", Value::text("\\\""), "é: ü\na: \"\\\\\\\"\"\n"),
        ("a.toml", "[a]\nb = 'c' # d\n", "a.b", Value::text("e\\f"), "[a]\nb = 'e\\f' # d\n"),
        ("a.toml", "[a]\nb = 1\n[c]\n", "a.d", list(&["e"]), "[a]\nb = 1\nd = [\"e\"]\n[c]\n"),
        ("a.toml", "[a]\n  b = 1\n\n[c]\n", "a.d.e", Value::text("f"), "[a]\n  b = 1\n\n[a.d]\n  e = \"f\"\n\n[c]\n"),
        ("a.toml", "a.b = 1\nc = 2\n", "a.d", Value::Flag(true), "a.b = 1\na.d = true\nc = 2\n"),
        ("a.toml", "a = { b = 1 }\n", "a.c.d", Value::text("e"), "a = { b = 1, c = { d = \"e\" } }\n"),
        ("a.toml", "a = [\n  \"b\",\n]\n", "a", list(&["b", "c"]), "a = [\n  \"b\",\n  \"c\",\n]\n"),
        ("a.toml", "a = [\"b\", \"c\"]\n", "a", list(&["c", "d"]), "a = [\"c\", \"d\"]\n"),
    ] {
        let path: Vec<&str> = path.split('.').collect();
        let made = changed(name, text, |writing, document| writing.put(document, &path, value.clone()));
        assert_eq!(made, want, "{path:?} in {text}");
        let again = changed(name, &made, |writing, document| writing.put(document, &path, value));
        assert_eq!(again, "already so", "{path:?} in {made}");
    }
}

#[test]
fn values_are_taken_away_with_what_is_empty_then() {
    for (name, text, path, want) in [
        ("a.yml", "a:\n  b:\n    c: d\n  e: f\n", "a.b.c", "a:\n  e: f\n"),
        ("a.yml", "a: {b: c, d: e, f: g}\n", "a.d", "a: {b: c, f: g}\n"),
        ("a.yml", "a: {b: c, d: e}\n", "a.d", "a: {b: c}\n"),
        ("a.yml", "a:\n  - b\n  - c: d\n    e: f\n", "a.1", "a:\n  - b\n"),
        ("a.yml", "a: &x {b: c}\nd: *x\n", "d.b", "d.b is written in a way that cannot be changed line by line"),
        ("a.toml", "[a]\nb = 1\nc = 2\n", "a.b", "[a]\nc = 2\n"),
        ("a.toml", "[a.b]\nc = 1\n[d]\n", "a.b.c", "[d]\n"),
        ("a.toml", "a = { b = 1, c = 2 }\n", "a.c", "a = { b = 1 }\n"),
    ] {
        let path: Vec<&str> = path.split('.').collect();
        let made = changed(name, text, |writing, document| writing.remove(document, &path));
        assert_eq!(made, want, "{path:?} in {text}");
    }
}

#[test]
fn what_stands_elsewhere_is_left_alone() {
    for (text, path) in [("a: &x {b: c}\nd: *x\n", "d.b"), ("a: |\n  b\n  c\n", "a"), ("a: b\n", "a.c")] {
        let path: Vec<&str> = path.split('.').collect();
        let made = changed("a.yml", text, |writing, document| writing.put(document, &path, Value::text("x")));
        assert!(made.ends_with("cannot be changed line by line"), "{made}");
    }
}
