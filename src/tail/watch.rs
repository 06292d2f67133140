//! When to look again.
//!
//! The folders are watched and not the files: a watch on a file dies with its inode, and that is what rotation takes away.
//! What an event says is not believed, it only wakes: a truncation comes as an append, and events get lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::print::FileId;

/// Wakes whoever waits for a change in some folders.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    /// The folders that are watched, and which ones they were: a folder may go and another come.
    folders: BTreeMap<PathBuf, FileId>,
    wake: SyncSender<()>,
    woken: Receiver<()>,
}

impl Watch {
    /// One that is woken by hand only.
    pub(super) fn new() -> Self {
        let (wake, woken) = sync_channel(1);
        Self { watcher: None, folders: BTreeMap::new(), wake, woken }
    }

    /// Starts telling of changes. Gives what is wrong where the system cannot.
    pub(super) fn start(&mut self) -> Result<(), String> {
        let wake = self.wake.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // To read is an event too, and none that matters.
            let kind = event.map_or(EventKind::Any, |event| event.kind);
            let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
            if !matches!(kind, EventKind::Access(_)) || kind == written {
                // A waker that is full has not been heard yet.
                let _ = wake.try_send(());
            }
        });
        self.watcher = Some(watcher.map_err(|error| error.to_string())?);
        Ok(())
    }

    /// What wakes it.
    pub(super) fn wake(&self) -> SyncSender<()> {
        self.wake.clone()
    }

    /// Watches these folders, as far as they are there, and no others.
    pub(super) fn keep(&mut self, wanted: impl Iterator<Item = PathBuf>) -> Result<(), String> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        let there: BTreeMap<PathBuf, FileId> =
            wanted.filter_map(|folder| Some((folder.clone(), is(&folder)?))).collect();
        for (folder, _) in self.folders.iter().filter(|(folder, id)| there.get(*folder) != Some(*id)) {
            // It has gone, and its watch with it.
            let _ = watcher.unwatch(folder);
        }
        let mut failed = None;
        for (folder, _) in there.iter().filter(|(folder, id)| self.folders.get(*folder) != Some(*id)) {
            failed = watcher.watch(folder, RecursiveMode::NonRecursive).err().or(failed);
        }
        self.folders = there;
        failed.map_or(Ok(()), |error| Err(error.to_string()))
    }

    /// Waits until it is woken or the time is over.
    pub(super) fn wait(&self, long: Duration) {
        // It cannot be cut off: it holds a sender itself.
        let _ = self.woken.recv_timeout(long);
    }
}

fn is(folder: &Path) -> Option<FileId> {
    fs::metadata(folder).ok().filter(fs::Metadata::is_dir).map(|metadata| FileId::of(&metadata))
}
