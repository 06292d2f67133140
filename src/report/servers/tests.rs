use super::*;

fn told(server: Option<&str>, format: Format, width: usize) -> String {
    let server = server.map(|name| Server::named(name).unwrap());
    let mut out = Vec::new();
    servers(server.as_ref(), format, width, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_server_is_in_the_table_and_the_table_fits() {
    for width in [80, 100, 140] {
        let text = told(None, Format::Text, width);
        for program in Program::ALL {
            assert!(text.contains(program.name()), "{text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= width), "{width}\n{text}");
    }
    assert_eq!(told(None, Format::Jsonl, 80).lines().count(), Program::ALL.len());
    assert!(told(None, Format::Markdown, 80).starts_with("| server, releases | root path goes to |"));
}

#[test]
fn a_page_tells_options_and_releases() {
    let page = told(Some("uvicorn@0.54"), Format::Text, 100);
    for words in ["uvicorn 0.54.0", "path, raw_path, root_path", "127.0.0.1, ::1", "--forwarded-allow-ips", "0.26.0"] {
        assert!(page.contains(words), "{words}\n{page}");
    }
    for width in [60, 80, 120] {
        let page = told(Some("uvicorn"), Format::Text, width);
        assert!(page.lines().all(|line| line.chars().count() <= width), "{width}\n{page}");
    }
    let line: serde_json::Value = serde_json::from_str(&told(Some("uvicorn@0.54"), Format::Jsonl, 80)).unwrap();
    assert_eq!(line["behaviour"][0]["root_path"]["proxy"], "strip");
    assert_eq!(line["behaviour"][0]["reads"], serde_json::json!(["X-Forwarded-For", "X-Forwarded-Proto"]));
}

#[test]
fn what_is_not_modelled_is_not_told() {
    let line: serde_json::Value = serde_json::from_str(&told(Some("uvicorn@0.0.1"), Format::Jsonl, 80)).unwrap();
    assert!(line["note"].is_string() && line["behaviour"][0]["reads"].is_null(), "{line}");
}
