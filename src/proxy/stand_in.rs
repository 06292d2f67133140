//! What a stand-in is while it runs: the proxy's model, which may be exchanged for another, and where its names are here.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::gateway::{Destination, Gateway, Names, Unseen, World};

/// A proxy that hopscope stands in for. All listeners and connections of a run share one.
pub struct StandIn {
    gateway: RwLock<Arc<Gateway>>,
    world: Arc<dyn World + Send + Sync>,
    names: Names,
}

impl StandIn {
    /// This proxy, on a machine of which nothing is seen, with names that are found as they stand.
    pub fn new(gateway: Gateway) -> Self {
        Self { gateway: RwLock::new(Arc::new(gateway)), world: Arc::new(Unseen), names: Names::default() }
    }

    /// On this machine, with its names found so.
    #[must_use]
    pub fn at(self, world: Arc<dyn World + Send + Sync>, names: Names) -> Self {
        Self { world, names, ..self }
    }

    /// The proxy as it is now.
    pub fn gateway(&self) -> Arc<Gateway> {
        Arc::clone(&self.gateway.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on it is this one; requests on their way keep the one that they began with.
    pub fn replace(&self, gateway: Gateway) {
        *self.gateway.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(gateway);
    }

    /// Where a destination of the configuration is.
    pub(super) fn place(&self, to: &Destination) -> Destination {
        self.names.find(to)
    }

    /// The machine that models are asked about.
    pub(super) fn world(&self) -> &dyn World {
        &*self.world
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn").field("gateway", &self.gateway).field("names", &self.names).finish_non_exhaustive()
    }
}
