//! Clients, and what their requests say about them.

use super::{Hop, Sign, Spread};
use crate::access_log::agents::AgentClass;
use crate::access_log::sought::Sought;
use crate::access_log::traffic::table::kept;

/// What is known of one client.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    /// Requests for what scanners seek.
    pub sought: u64,
    /// What it sought: a bit for each [`Sought`].
    kinds: u16,
    /// Requests that are none.
    pub garbage: u64,
    /// Requests that named a page or a user, as of the last time that anything about it changed: people name them.
    pub referred: u32,
    /// How many different paths it was told there are not, about.
    pub missing: Spread,
    /// Its user agents: a bit for each [`AgentClass`].
    agents: u8,
    /// An address of a private network, or of this machine.
    pub is_private: bool,
    /// A path that it sought: the first.
    pub asked: Option<Box<[u8]>>,
    pub(super) hop: Option<Box<Hop>>,
}

/// What every line of a client touches.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::access_log::traffic) struct AtHand {
    /// Lines until its last redirect is forgotten.
    pub(super) pending: u8,
    /// [`Visitor::scans`], as of the last time that anything about it changed.
    pub(in crate::access_log::traffic) scans: bool,
    agents: u8,
    referred: u32,
    missing: Spread,
}

impl AtHand {
    /// Notes who it says it is; true if it had not said that before.
    #[inline]
    pub(in crate::access_log::traffic) fn saw(&mut self, agent: AgentClass, referred: bool) -> bool {
        self.referred = self.referred.saturating_add(u32::from(referred));
        let before = self.agents;
        self.agents |= 1 << agent as u8;
        before != self.agents
    }

    /// Notes a path that it was told there is not; true if it is another one.
    pub(in crate::access_log::traffic) fn misses(&mut self, path: u64) -> bool {
        let before = self.missing;
        self.missing.add(path);
        before != self.missing
    }

    /// True while its last redirect waits for what follows it.
    pub(in crate::access_log::traffic) const fn is_redirected(self) -> bool {
        self.pending > 0
    }
}

impl Visitor {
    /// True for a client that looks for holes: it asked for several things that scanners seek, or called itself a scanner, and
    /// does little else.
    pub fn scans(&self) -> bool {
        self.sought >= 3 && self.sought * 2 >= u64::from(self.referred) || self.is_named(AgentClass::Scanner)
    }

    /// What it sought.
    pub fn kinds(&self) -> impl Iterator<Item = Sought> {
        Sought::ALL.into_iter().filter(|&sought| self.kinds & bit(sought as u8) != 0)
    }

    /// The kinds of user agents it had.
    pub fn agents(&self) -> impl Iterator<Item = AgentClass> {
        AgentClass::ALL.into_iter().filter(|&class| self.is_named(class))
    }

    pub(in crate::access_log::traffic) fn at(is_private: bool) -> Self {
        Self { is_private, ..Self::default() }
    }

    /// Takes over what is at hand, and concludes.
    pub(in crate::access_log::traffic) fn note(&mut self, at_hand: &mut AtHand) {
        (self.agents, self.referred, self.missing) = (at_hand.agents, at_hand.referred, at_hand.missing);
        at_hand.scans = self.scans();
    }

    pub(in crate::access_log::traffic) fn seeks(&mut self, sought: Sought, path: &[u8]) {
        self.sought += 1;
        self.kinds |= bit(sought as u8);
        self.asked.get_or_insert_with(|| kept(path));
    }

    const fn is_named(&self, class: AgentClass) -> bool {
        self.agents & 1 << class as u8 != 0
    }

    pub(in crate::access_log::traffic) fn is_monitor(&self) -> bool {
        self.is_named(AgentClass::Monitor)
    }
}

impl Sign<'_, Visitor> {
    /// True for a client that looks for holes, by what it sought or by how little it found: see [`Visitor::scans`].
    pub fn scans(&self) -> bool {
        let [_, _, _, _, refused, _] = self.classes;
        self.facts.scans() || self.facts.missing.about() >= 30 && refused * 10 >= self.count * 9
    }
}

const fn bit(number: u8) -> u16 {
    1 << number
}
