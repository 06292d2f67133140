//! Where a request is dealt with: the directive that sends it on, and the sections around that.

use crate::gateway::apache::tree::{self, Node};
use crate::gateway::lines::Lines;
use crate::gateway::{CannotAmend, Edit, Gateway, Origin, Place, Plan, StepKind};

/// The directive that sends a request on, with all that is said around it.
pub(super) struct Site<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) plan: &'a Plan,
    tree: Vec<Node>,
    /// `ProxyPass`, `ProxyPassMatch`, or a `RewriteRule` that sends on.
    pub(super) pass: Node,
    /// What is around it, outermost first.
    around: Vec<Node>,
    pub(super) lines: Lines<'a>,
}

impl<'a> Site<'a> {
    /// Finds the directive of a plan.
    ///
    /// # Errors
    /// None sends the request on.
    pub(super) fn of(gateway: &'a Gateway, origin: &'a Origin, plan: &'a Plan) -> Result<Self, CannotAmend> {
        let tree = tree::read(&origin.paths, &origin.files)?.nodes;
        let by_rewrite = || {
            let step = plan.steps.iter().rfind(|step| matches!(step.kind, StepKind::Path | StepKind::Router))?;
            step.place.clone()
        };
        let place = gateway.router(plan).and_then(|router| router.place.clone()).or_else(by_rewrite);
        let found = place.and_then(|place| {
            let mut around = Vec::new();
            let pass = find(&tree, &place, &mut around)?;
            Some((pass, around))
        });
        let (pass, around) = found.ok_or_else(|| CannotAmend("no ProxyPass takes the request".to_owned()))?;
        Ok(Self { gateway, plan, tree, pass, around, lines: Lines::continued(&origin.files) })
    }

    /// The `<Location>` that the directive is in.
    pub(super) fn location(&self) -> Option<&Node> {
        self.around.last().filter(|section| section.name.starts_with("location"))
    }

    /// What is said for the whole of the server, and for all servers.
    fn server(&self) -> impl Iterator<Item = &Node> {
        let host = self.around.iter().find(|section| section.name == "virtualhost");
        let inside = host.and_then(|host| host.inside.as_deref()).unwrap_or_default();
        self.tree.iter().filter(|node| node.inside.is_none()).chain(inside.iter().filter(|node| node.inside.is_none()))
    }

    /// What is said for the request, the more general first: for all servers, for its own, for its `<Location>`.
    pub(super) fn said(&self, name: &str) -> Vec<Node> {
        let located = self.location().and_then(|location| location.inside.as_deref()).unwrap_or_default();
        let all = self.server().chain(located);
        all.filter(|node| node.name == name).cloned().collect()
    }

    /// The lines that did something to the request, by their places.
    pub(super) fn did(&self, kind: impl Fn(&StepKind) -> bool) -> Vec<Place> {
        let steps = self.plan.steps.iter().filter(|step| kind(&step.kind));
        steps.filter_map(|step| step.place.clone()).collect()
    }

    /// Every `LoadModule`.
    pub(super) fn modules(&self) -> impl Iterator<Item = &Node> {
        self.tree.iter().filter(|node| node.name == "loadmodule")
    }

    /// What was changed.
    ///
    /// # Errors
    /// Nothing was.
    pub(super) fn edits(self) -> Result<Vec<Edit>, CannotAmend> {
        self.lines.edits()
    }
}

/// The directive of a line, and the sections around it.
fn find(nodes: &[Node], place: &Place, around: &mut Vec<Node>) -> Option<Node> {
    for node in nodes {
        match &node.inside {
            None if node.place == *place => return Some(node.clone()),
            None => {}
            Some(inside) => {
                around.push(node.clone());
                if let Some(found) = find(inside, place, around) {
                    return Some(found);
                }
                around.pop();
            }
        }
    }
    None
}
