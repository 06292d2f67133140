//! An event stream (SSE) as a list: what came, event by event, in the order it came.
//!
//! The grammar is that of WHATWG HTML, 9.2.6 "Interpreting an event stream"; what a browser would drop is shown all the
//! same, because a dropped event is often what is looked for.

/// One event as far as it came.
#[derive(Default)]
struct Event<'a> {
    name: Option<&'a str>,
    id: Option<&'a str>,
    retry: Option<&'a str>,
    data: Vec<&'a str>,
    other: Vec<&'a str>,
}

/// The events of a stream: a line for each, and one more for each further line of data.
pub(super) fn lines(stream: &str) -> Vec<String> {
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream).replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = Vec::new();
    let mut number = 0;
    let mut event = None;
    for line in stream.lines() {
        if !line.is_empty() {
            event.get_or_insert_with(Event::default).take(line);
        } else if let Some(event) = event.take() {
            number += 1;
            event.show(number, "", &mut lines);
        }
    }
    if let Some(event) = event {
        event.show(number + 1, "  (its end has not come)", &mut lines);
    }
    lines
}

impl<'a> Event<'a> {
    fn take(&mut self, line: &'a str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = Some(value),
            "id" => self.id = Some(value),
            "retry" => self.retry = Some(value),
            "data" => self.data.push(value),
            _ => self.other.push(line),
        }
    }

    /// `  1 message  id 0   data`; a comment has no data and starts with a colon.
    fn show(&self, number: usize, mark: &str, lines: &mut Vec<String>) {
        let name = self.name.unwrap_or(if self.data.is_empty() { "" } else { "message" });
        let with =
            |label: &str, value: Option<&str>| value.map_or_else(String::new, |value| format!("  {label} {value}"));
        let head = format!("{number:>4} {name}{}{}", with("id", self.id), with("retry", self.retry));
        let mut rest = self.data.iter().chain(&self.other);
        let first = rest.next().map_or_else(String::new, |line| format!("  {line}"));
        lines.push(format!("{head}{first}{mark}"));
        lines.extend(rest.map(|line| format!("       {line}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_shown_event_by_event() {
        let stream =
            "retry: 500\n\nid: 0\ndata: event 0\n\nevent: end\r\ndata:{\r\ndata:}\r\n\r\n: ping\n\n\nid: 7\ndata: ha";
        assert_eq!(
            lines(stream),
            [
                "   1   retry 500",
                "   2 message  id 0  event 0",
                "   3 end  {",
                "       }",
                "   4   : ping",
                "   5 message  id 7  ha  (its end has not come)",
            ]
        );
        assert!(lines("").is_empty());
    }
}
