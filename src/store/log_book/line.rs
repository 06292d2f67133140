//! One line of a log, as filters and faces look at it.

use super::Known;
use crate::access_log::{AgentClass, Record, Sought};
use crate::diagnosis::log;

/// A line that was read.
#[derive(Clone, Copy, Debug)]
pub struct LogLine<'a> {
    /// The number of its source.
    pub source: usize,
    /// As written, without its line end.
    pub raw: &'a [u8],
    /// What it says.
    pub record: &'a Record<'a>,
    /// What was found by looking at all lines.
    pub known: &'a Known,
}

impl LogLine<'_> {
    /// The code of the cause that it belongs to.
    pub fn finding(&self) -> Option<&'static str> {
        if self.known.causes.is_empty() { None } else { log::code_of(self.record, &self.known.causes) }
    }

    /// True if a scanner asked: by what it asked for, what it calls itself, or what else it did.
    pub fn is_scanner(&self) -> bool {
        let record = self.record;
        let decode = |text| record.escape.decode(text);
        Sought::by(&decode(record.request.path())).is_some()
            || record.request.query().is_some_and(|query| Sought::in_query(&decode(query)).is_some())
            || self.agent_class() == AgentClass::Scanner
            || self.known.scans(record.client)
    }

    /// The kind of program that the user agent names.
    pub fn agent_class(&self) -> AgentClass {
        self.record.agent.map_or(AgentClass::Empty, |agent| AgentClass::of(&self.record.escape.decode(agent)))
    }
}
