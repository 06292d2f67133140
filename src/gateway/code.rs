//! The codes of the faults that a configuration can have.
//!
//! This module exists so that no reader makes up a code of its own: what a remark says is one of these, and
//! [`crate::diagnosis::pages`] has a page for each. A fault that requests show as well has one code for both.

use std::fmt;

/// Declares [`Code`] with the text of each.
macro_rules! codes {
    ($($(#[doc = $meaning:literal])+ $name:ident = $text:literal,)+) => {
        /// What a [`Remark`](super::Remark) says, in a word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it is shown, e.g. `NG01`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

codes! {
    /// A test of text without a boundary stands where a prefix is meant.
    SiblingTaken = "PX09",
    /// What is stripped is not what was meant.
    WrongPartStripped = "PX10",
    /// `X-Forwarded-Prefix` is set elsewhere, and not here.
    PrefixHeaderLost = "PX11",
    /// The replacement of a path lacks its last slash.
    GluedPath = "NG01",
    /// The replacement of a path has a slash too many.
    DoubleSlash = "NG02",
    /// A replacement that changes nothing decodes the path.
    PathDecoded = "NG03",
    /// What is sent on does not depend on the path.
    PathCollapsed = "NG05",
    /// A rule takes what is below a mount point and not the mount point itself.
    BareMountPoint = "NG06",
    /// What should take requests is dropped for a fault in it.
    RouterDropped = "NG07",
    /// `X-Forwarded-Proto` is set elsewhere, and not here.
    SchemeLost = "RD02",
    /// The port of the public URL is dropped.
    PortLost = "RD04",
    /// `X-Forwarded-For` is set elsewhere, and not here.
    ClientLost = "TR02",
    /// `X-Forwarded-Proto` gets a value that is no scheme.
    SchemeUnusable = "TR04",
    /// The forwarding headers of every client are believed.
    AnyoneBelieved = "TR05",
    /// `Host` is set elsewhere, and not here.
    HostReplaced = "HO01",
    /// Websockets cannot be opened.
    UpgradeDropped = "WS02",
    /// The access log lacks what is needed to tell what went wrong.
    LogLacksFields = "LG01",
    /// Two things have one name.
    NameTaken = "TF01",
    /// How Traefik is started is not among the files.
    StaticNotGiven = "TF02",
    /// A container says a label twice.
    LabelTwice = "TF03",
    /// An entry point redirects to one that there is not.
    RedirectionNowhere = "TF04",
    /// Two routers are alike in rule and priority.
    RoutersAlike = "TF05",
    /// Another router takes all that this one would take.
    RouterShadowed = "TF06",
    /// A redirect forgets the query.
    QueryDropped = "CD01",
    /// A path pattern stands where upstreams are named.
    PatternAsUpstream = "CD02",
    /// An upstream has a path.
    PathInUpstream = "CD03",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
