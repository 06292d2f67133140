//! The README says what the program says: its findings, its options, its filters and its files.

#![cfg(test)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use hopscope::diagnosis::pages;
use hopscope::store::Filter;

const README: &str = include_str!("../README.md");

/// The output of hopscope with these arguments.
fn hopscope(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_hopscope")).args(arguments).output().expect("the program runs");
    let text = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(text).expect("UTF-8"))
}

/// The text between two markers.
fn section(name: &str) -> &'static str {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (_, rest) = README.split_once(&open).unwrap_or_else(|| panic!("no {open}"));
    rest.split_once(&close).unwrap_or_else(|| panic!("no {close}")).0
}

/// The rows of a table without its head, cell by cell.
fn rows(table: &str) -> Vec<Vec<String>> {
    let lines = table.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.map(cells).collect()
}

/// The table below a heading.
fn table_of(heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = README.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let text = rest.split("\n## ").next().expect("split gives one");
    let table: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).collect();
    rows(&table.join("\n"))
}

/// What stands in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The arguments of every command line of hopscope in a code block, or in backquotes.
fn commands() -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    for (index, part) in README.split("```").enumerate() {
        if index % 2 == 1 {
            let block = part.replace("\\\n", " ");
            let lines = block.lines().map(|line| line.rsplit("target/release/").next().unwrap_or(line));
            commands.extend(lines.filter_map(|line| line.strip_prefix("hopscope ")).map(str::to_owned));
        } else {
            commands.extend(quoted(part).filter_map(|code| code.strip_prefix("hopscope ")).map(str::to_owned));
        }
    }
    commands.iter().map(|line| line.split(" | ").next().unwrap_or(line).trim_end_matches('\'').to_owned()).collect()
}

#[test]
fn the_findings_are_those_of_the_pages() {
    let written: Vec<Vec<String>> = rows(section("findings"));
    let told: Vec<Vec<String>> = written.iter().map(|row| row[..4].to_vec()).collect();
    let cells =
        |page: &pages::Page| [page.code, page.title, page.severity.word(), page.found.word()].map(str::to_owned);
    let known: Vec<Vec<String>> = pages::all().iter().map(|page| cells(page).to_vec()).collect();
    assert_eq!(told, known);
    assert!(written.iter().all(|row| row.len() == 5 && row[4].ends_with('.')), "each says what it means");
}

#[test]
fn the_servers_do_what_the_models_do() {
    assert_eq!(section("servers"), hopscope(&["servers", "--format", "md"]).1);
}

#[test]
fn predict_answers_as_the_readme_shows() {
    let (_, rest) = README.split_once("echo '").expect("a question");
    let (question, _) = rest.split_once('\'').expect("its end");
    let mut asked = Command::new(env!("CARGO_BIN_EXE_hopscope"))
        .arg("predict")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut input = asked.stdin.take().expect("piped");
    input.write_all(question.replace('\n', "").as_bytes()).expect("it reads");
    drop(input);
    let answer = String::from_utf8(asked.wait_with_output().expect("it ends").stdout).expect("UTF-8");
    assert!(answer.contains(r#""path":"/api/items""#) && answer.contains(r#""root_path":"/api""#), "{answer}");
}

#[test]
fn every_command_and_option_exists() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (known, help) = hopscope(&[words[0], "--help"]);
        assert!(known, "hopscope {command}\n{help}");
        let options: BTreeSet<&str> =
            help.split(|c: char| c.is_whitespace() || c == ',').filter(|word| word.starts_with('-')).collect();
        for option in words.iter().filter(|word| word.starts_with('-') && word.len() > 1) {
            assert!(options.contains(option), "hopscope {command}: there is no {option}");
        }
    }
}

#[test]
fn options_in_the_text_exist() {
    let help: String = ["tap", "proxy", "run", "probe", "explain", "follow", "fix", "check", "demo", "predict", "logs"]
        .map(|name| hopscope(&[name, "--help"]).1)
        .concat();
    let known: BTreeSet<&str> =
        help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter(|word| word.starts_with("--")).collect();
    let text: String = README.split("```").step_by(2).collect();
    for code in quoted(&text).filter(|code| code.starts_with("--")) {
        let option = code.split(['=', ' ']).next().expect("split gives one");
        assert!(known.contains(option), "there is no {option}");
    }
}

#[test]
fn explain_answers_as_the_readme_shows() {
    for command in commands().into_iter().filter(|command| command.starts_with("explain http")) {
        let words: Vec<String> = shell_words(&command);
        let (fine, text) = hopscope(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(fine, "hopscope {command}\n{text}");
        assert!(text.contains("Verdict"), "{text}");
    }
}

#[test]
fn check_answers_as_the_readme_says() {
    let commands: Vec<String> = commands().into_iter().filter(|command| command.starts_with("check ")).collect();
    assert!(commands.len() > 2, "{commands:?}");
    for command in commands {
        let output = Command::new(env!("CARGO_BIN_EXE_hopscope")).args(shell_words(&command)).output();
        let output = output.expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let wrong = command.contains("--fail-on");
        assert_eq!(output.status.code(), Some(i32::from(wrong)), "hopscope {command}\n{text}");
        assert_eq!(text.contains("PX02"), wrong, "{text}");
    }
}

#[test]
fn logs_answers_as_the_readme_shows() {
    let asked = commands().into_iter().find(|command| command.starts_with("logs access.log --by"));
    let asked = asked.expect("the first command of the section");
    let output = Command::new(env!("CARGO_BIN_EXE_hopscope"))
        .args(shell_words(&asked))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/examples"))
        .env("TZ", "UTC")
        .output()
        .expect("the program runs");
    assert!(output.status.success());
    assert_eq!(section("logs"), format!("```text\n{}```\n", String::from_utf8(output.stdout).expect("UTF-8")));
}

/// Words as a shell reads them, single quotes being the only ones in use.
fn shell_words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(index, part)| {
        if index % 2 == 1 { vec![part.to_owned()] } else { part.split_whitespace().map(str::to_owned).collect() }
    });
    words.collect()
}

#[test]
fn every_filter_is_one() {
    let rows = table_of("Filter");
    assert!(rows.len() > 10);
    for row in rows {
        for filter in quoted(&row[0]).filter(|filter| *filter != "( )") {
            assert!(Filter::parse(filter).is_ok(), "{filter}: {:?}", Filter::parse(filter));
        }
    }
}

#[test]
fn every_file_is_there() {
    let links = README.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(link, _)| link));
    let pictures = ["src=\"", "srcset=\""].into_iter().flat_map(|attribute| README.split(attribute).skip(1));
    let pictures = pictures.filter_map(|rest| rest.split_once('"').map(|(link, _)| link));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for link in links.chain(pictures).filter(|link| !link.starts_with("http")) {
        if let Some(anchor) = link.strip_prefix('#') {
            assert!(README.lines().any(|line| anchor_of(line) == Some(anchor.to_owned())), "no heading {anchor}");
        } else {
            assert!(root.join(link).exists(), "{link} is not there");
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
}

/// The anchor of a heading, as GitHub and others make it.
fn anchor_of(line: &str) -> Option<String> {
    let title = line.strip_prefix("## ").or_else(|| line.strip_prefix("### "))?;
    Some(title.to_lowercase().replace('\'', "").replace(' ', "-"))
}
