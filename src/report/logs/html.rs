//! The report as one page that needs nothing else: no script, no font, no request to anywhere.
//!
//! What a log says was written by strangers: all of it is escaped, and the page's policy forbids whatever could run or load.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::digest::{
    Digest, Top, classes, counted, from_to, grouped, no_cause, order, raw, share, shortened, shown_key, size, times,
};
use super::plot::{Plot, mean_times, stacked};
use super::text::{signs, span_word};
use crate::access_log::traffic::{Row, Times};
use crate::diagnosis::Severity;
use crate::diagnosis::log::LogCause;
use crate::lanes::visible::visible;
use crate::report::{Style, findings, words};

/// Buckets of the plots.
const BUCKETS: usize = 240;

/// Characters of a key, and of a line.
const KEY: usize = 160;
const RAW: usize = 500;

/// Unread lines that are shown.
const UNREAD: usize = 20;

/// The page's style: the reader's own fonts and, light or dark, his own choice.
const CSS: &str = "\
:root{color-scheme:light dark;--fg:#1c1e21;--bg:#fff;--dim:#667;--line:#d8dbe0;--s2:#3a9d5d;--s3:#3b82c4;--s4:#d99a1c;--s5:#d1403f;--s1:#999}
@media(prefers-color-scheme:dark){:root{--fg:#e4e6ea;--bg:#16181c;--dim:#99a;--line:#33373e;--s2:#4fbf76;--s3:#5aa2e6;--s4:#e6b03c;--s5:#ef6461;--s1:#777}}
body{margin:2rem auto;max-width:1240px;padding:0 1rem;font:15px/1.45 system-ui,sans-serif;color:var(--fg);background:var(--bg)}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}p,ul{margin:.3rem 0}.dim{color:var(--dim)}
svg{width:100%;height:160px;border-bottom:1px solid var(--line)}
.c2xx{fill:var(--s2)}.c3xx{fill:var(--s3)}.c4xx{fill:var(--s4)}.c5xx{fill:var(--s5)}.c1xx,.cnone{fill:var(--s1)}
.ctime{fill:var(--s3)}
.k2xx{color:var(--s2)}.k3xx{color:var(--s3)}.k4xx{color:var(--s4)}.k5xx{color:var(--s5)}
table{border-collapse:collapse;width:100%}th,td{padding:.15rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:last-child,td:last-child{text-align:left;width:99%;white-space:normal;overflow-wrap:anywhere}td{font-variant-numeric:tabular-nums}
code,pre{font:13px/1.4 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap}
.cause{border-left:4px solid var(--line);padding:.2rem 0 .2rem 1rem;margin:1rem 0}.error{border-color:var(--s5)}.warn{border-color:var(--s4)}
.wide{overflow-x:auto}";

/// Writes the page.
pub(super) fn write(digest: &Digest<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut page = String::new();
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         base-uri 'none'; form-action 'none'\">\n",
    );
    page.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    tag(&mut page, "title", "", "hopscope logs");
    page.push('\n');
    tag_raw(&mut page, "style", "", CSS);
    page.push_str("\n</head>\n<body>\n");
    tag(&mut page, "h1", "", "hopscope logs");
    summary(digest, style, &mut page);
    plots(digest, style, &mut page);
    causes(digest, style, &mut page);
    for line in signs(digest) {
        tag(&mut page, "p", "", &line);
    }
    for Top { heading, rows, .. } in &digest.tops {
        tag(&mut page, "h2", "", &format!("{heading}, {}", order(digest.order)));
        table(rows, &mut page);
    }
    unread(digest, style, &mut page);
    page.push_str("</body>\n</html>\n");
    out.write_all(page.as_bytes())
}

fn summary(digest: &Digest<'_>, style: &Style, page: &mut String) {
    let (book, traffic) = (digest.book, digest.book.traffic());
    for source in book.sources() {
        let how = format!("{} ({})", shortened(source.format_name(), KEY), source.chosen);
        let text = format!("{}: {}", visible(source.name.as_bytes()), visible(how.as_bytes()));
        tag(page, "p", "class=\"dim\"", &text);
    }
    if let Some(filter) = &book.view().filter {
        tag(page, "p", "", &format!("Only lines that pass {}", visible(filter.text().as_bytes())));
    }
    let span = digest.span().map(|span| format!(", {}", from_to(span, style))).unwrap_or_default();
    tag(page, "p", "", &format!("{} in {} read{span}", counted(traffic.lines(), "line"), size(book.bytes())));
    if traffic.lines() == 0 {
        return;
    }
    let sent = format!("{}, {} sent", counted(traffic.clients(), "client"), size(traffic.bytes()));
    tag(page, "p", "", &format!("{}; {sent}", classes(traffic.classes())));
    let statuses: Vec<String> =
        digest.statuses.iter().map(|(status, count)| format!("{status}: {}", grouped(*count))).collect();
    tag(page, "p", "class=\"dim\"", &statuses.join(", "));
    if let Some(all) = traffic.times() {
        tag(page, "p", "", &format!("Took {}", times(all)));
    }
}

fn plots(digest: &Digest<'_>, style: &Style, page: &mut String) {
    let Some((width, buckets)) = digest.series(1, BUCKETS) else { return };
    tag(page, "h2", "", &format!("Lines over time, a bar for {}", span_word(width)));
    page.push_str("<p class=\"dim\">");
    for class in ["2xx", "3xx", "4xx", "5xx"] {
        // Writing into a String cannot fail.
        let _ = write!(page, "<span class=\"k{class}\">&#9632;</span> {class} ");
    }
    page.push_str("</p>\n");
    let span = digest.span().map(|span| from_to(span, style)).unwrap_or_default();
    let mut plot = |plot: Plot, highest: fn(u64) -> String| {
        page.push_str(&plot.svg);
        tag(page, "p", "class=\"dim\"", &format!("{span}; the highest bar is {}", highest(plot.most)));
    };
    plot(stacked(&buckets, false, style), |lines| counted(lines, "line"));
    if buckets.iter().any(|bucket| matches!(bucket.classes, [.., client, server] if client + server > 0)) {
        plot(stacked(&buckets, true, style), |lines| format!("{} with 4xx or 5xx", counted(lines, "line")));
    }
    if buckets.iter().any(|bucket| bucket.timed > 0) {
        plot(mean_times(&buckets, style), |micros| format!("{} on average", words::millis(micros)));
    }
}

fn causes(digest: &Digest<'_>, style: &Style, page: &mut String) {
    let causes = digest.book.causes();
    tag(page, "h2", "", &format!("Causes: {}", causes.len()));
    if causes.is_empty() {
        tag(page, "p", "", no_cause(digest.book));
    }
    for cause in causes {
        self::cause(cause, style, page);
    }
}

fn cause(cause: &LogCause, style: &Style, page: &mut String) {
    let finding = &cause.finding;
    let class = match finding.severity {
        Severity::Error => "class=\"cause error\"",
        Severity::Warn => "class=\"cause warn\"",
        Severity::Note => "class=\"cause\"",
    };
    let _ = writeln!(page, "<div {class}>");
    let seen = cause.seen.map(|span| format!(", {}", from_to(span, style))).unwrap_or_default();
    let title = format!("{} {}: {}{seen}", finding.code, findings::title(finding), counted(cause.count, "line"));
    tag(page, "strong", "", &title);
    tag(page, "p", "", &visible(finding.why.as_bytes()));
    page.push_str("<ul>\n");
    for fact in &finding.facts {
        tag(page, "li", "class=\"dim\"", &visible(fact.what.as_bytes()));
    }
    for fix in &finding.fix {
        tag(page, "li", "", &format!("Fix: {}", visible(fix.to_string().as_bytes())));
    }
    if let Some(not) = &finding.not {
        tag(page, "li", "", &format!("Not: {}", visible(not.as_bytes())));
    }
    page.push_str("</ul>\n");
    for line in &cause.lines {
        tag(page, "pre", "", &shortened(&raw(line, style), RAW));
    }
    page.push_str("</div>\n");
}

fn table(rows: &[Row], page: &mut String) {
    let has_times = rows.iter().any(|row| row.times.is_some());
    let all: u64 = rows.iter().map(|row| row.count).sum();
    page.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    let time_names: &[&str] = if has_times { &["p50", "p95", "p99"] } else { &[] };
    for name in ["lines", "of these", "2xx", "3xx", "4xx", "5xx", "sent"].iter().chain(time_names).chain(&[""]) {
        tag(page, "th", "", name);
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        page.push_str("<tr>");
        let error = if row.error > 0 { format!(" (-{})", grouped(row.error)) } else { String::new() };
        tag(page, "td", "", &format!("{}{error}", grouped(row.count)));
        tag(page, "td", "", &share(row.count, all));
        for class in 2..6 {
            tag(page, "td", "", &row.classes.get(class).map_or_else(String::new, |count| grouped(*count)));
        }
        tag(page, "td", "", &size(row.bytes));
        let picks: [fn(Times) -> u32; 3] = [|times| times.p50, |times| times.p95, |times| times.p99];
        for pick in picks.iter().filter(|_| has_times) {
            let cell = row.times.map_or_else(|| "-".to_owned(), |times| words::millis(u64::from(pick(times))));
            tag(page, "td", "", &cell);
        }
        tag(page, "td", "", &shown_key(row, KEY));
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
}

fn unread(digest: &Digest<'_>, style: &Style, page: &mut String) {
    let unread = digest.book.unread();
    if unread.count() == 0 {
        return;
    }
    tag(page, "h2", "", &format!("{} could not be read", counted(unread.count(), "line")));
    for line in unread.lines().rev().take(UNREAD) {
        let why = format!("{}, from column {}", line.unread.reason.text(), line.unread.column + 1);
        tag(page, "p", "class=\"dim\"", &why);
        tag(page, "pre", "", &shortened(&raw(&line.line, style), RAW));
    }
}

/// An element with escaped text.
fn tag(page: &mut String, name: &str, attributes: &str, text: &str) {
    tag_raw(page, name, attributes, &escaped(text));
}

/// An element around text that is markup already, or CSS. The attributes are ours.
fn tag_raw(page: &mut String, name: &str, attributes: &str, inner: &str) {
    let space = if attributes.is_empty() { "" } else { " " };
    let end = if matches!(name, "th" | "td") { "" } else { "\n" };
    let _ = write!(page, "<{name}{space}{attributes}>{inner}</{name}>{end}");
}

/// Text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(escaped("<script>'a'&\"b\"</script>"), "&lt;script&gt;&#39;a&#39;&amp;&quot;b&quot;&lt;/script&gt;");
    }
}
