//! A set-up with changes applied.
//!
//! ```text
//! changes ─▶ server's options, app's settings ─▶ Setup
//!         └▶ proxy: its files amended and read again │ not read: done to the requests by hand
//! ```

use crate::diagnosis::{AppChange, Change};
use crate::exchange::{Exchange, RequestHead};
use crate::gateway::{self, Action, Amended, Gateway, Listen, Plan, Proxy, Purpose, Received, Unseen};
use crate::lanes::{Setup, TapKind};

/// A set-up as it would be.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// All of it; its proxy is the changed one where its configuration was read.
    pub setup: Setup,
    /// The proxy's own files with the changes in them, where they were read and something in them changes.
    pub amended: Option<Amended>,
    /// Changes at a proxy that was not read, or whose files they cannot be written into.
    pub(super) by_hand: Vec<gateway::Change>,
}

impl Fixed {
    /// The set-up with these changes. `example` is a request like those that are to be mended: its router is the one that is
    /// changed.
    ///
    /// # Errors
    /// A sentence that says which change cannot be made, and why.
    pub fn new(changes: &[Change], example: &Exchange, setup: &Setup) -> Result<Self, String> {
        Self::made(changes, example, setup, |plan| is_what_was_seen(plan, example))
    }

    /// The same with further changes. What the proxy did before is known to be what its files said, so its plan for the
    /// example is believed here, where nobody has seen it.
    ///
    /// # Errors
    /// A sentence that says which change cannot be made, and why.
    pub(super) fn and(&self, changes: &[Change], example: &Exchange) -> Result<Self, String> {
        let next = Self::made(changes, example, &self.setup, |_| true)?;
        if !next.by_hand.is_empty() {
            return Err("it cannot be written beside the others".to_owned());
        }
        Ok(Self { amended: next.amended.or_else(|| self.amended.clone()), ..next })
    }

    fn made(
        changes: &[Change],
        example: &Exchange,
        setup: &Setup,
        is_believed: impl FnOnce(&Plan) -> bool,
    ) -> Result<Self, String> {
        let mut fixed = Setup { former: Vec::new(), earlier: Vec::new(), probe: false, ..setup.clone() };
        let mut at_proxy = Vec::new();
        for change in changes {
            match change {
                Change::Proxy(change) => at_proxy.push(change.clone()),
                Change::Server(option, value) => set(&mut fixed, option, value.as_deref())?,
                Change::App(AppChange::RootPath(root)) => fixed.app.root_path.clone_from(root),
                Change::App(AppChange::PrefixHeader) => fixed.app.prefix_header = true,
            }
        }
        if at_proxy.is_empty() {
            return Ok(Self { setup: fixed, amended: None, by_hand: Vec::new() });
        }
        let Some(gateway) = &setup.gateway else {
            return Ok(Self { setup: fixed, amended: None, by_hand: at_proxy });
        };
        let today = plan(gateway, example, setup).filter(is_believed);
        let amended = today.and_then(|plan| gateway.amend(&at_proxy, &plan).ok());
        if let Some(amended) = &amended {
            fixed.gateway = Some(amended.gateway.clone());
        }
        if amended.is_some() && gateway.proxy != Proxy::Flags {
            return Ok(Self { setup: fixed, amended, by_hand: Vec::new() });
        }
        // The stand-in has no file: what its flags say is plain enough to be done by hand.
        Ok(Self { setup: fixed, amended: None, by_hand: at_proxy })
    }
}

/// Sets an option of the server, or takes it away.
fn set(setup: &mut Setup, option: &str, value: Option<&str>) -> Result<(), String> {
    let program = setup.server.program();
    match value {
        Some(value) => setup.server.set(option, value).map_err(|error| error.to_string()),
        None if option == program.root_path_option() => {
            setup.server.root_path.clear();
            Ok(())
        }
        None => Err(format!("what {program} does without --{option} is not known")),
    }
}

/// What the proxy does with the request of an exchange that was seen before it; `None` if that is not understood.
pub(super) fn plan(gateway: &Gateway, exchange: &Exchange, setup: &Setup) -> Option<Plan> {
    let edge = exchange.edge.as_deref()?;
    let tap = setup.taps.get(usize::from(edge.tap.0));
    let ends = match tap {
        Some(tap) if tap.kind == TapKind::Edge => {
            // The proxy sees the tap as its client.
            let (to, from) = edge.upstream?;
            (from, to)
        }
        _ => (edge.peer, edge.local),
    };
    let door = tap.and_then(|tap| tap.door.as_ref()).or_else(|| door(gateway, ends.1.port()));
    let received = Received::at(door, edge.request.as_bytes(), Some(b""), ends);
    let plan = gateway.plan(&received, &Unseen);
    plan.unknown.is_empty().then_some(plan)
}

/// The one listener at a port.
fn door(gateway: &Gateway, port: u16) -> Option<&Listen> {
    let mut at_port = gateway.listeners.iter().filter(|listen| listen.port == port);
    at_port.next().filter(|first| at_port.all(|other| other.tls == first.tls))
}

/// True if what the configuration says is what the proxy did: otherwise it has another one loaded, and to change this one
/// proves nothing.
pub(super) fn is_what_was_seen(plan: &Plan, exchange: &Exchange) -> bool {
    match (&plan.action, exchange.app.as_deref()) {
        (Action::Forward(forward), Some(app)) if forward.purpose == Purpose::Request => {
            let sent = RequestHead::from_judged(forward.head.clone());
            sent.is_ok_and(|sent| sent.target() == app.request.target())
        }
        (Action::Forward(_), _) => true,
        (Action::Answer(_) | Action::Close, app) => app.is_none(),
    }
}
