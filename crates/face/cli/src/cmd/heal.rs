//! Folders of processes that were killed.

use std::path::Path;

/// What processes that were killed have left in folders of this prefix is undone, and the folders are
/// removed. One that is alive holds its folder's lock.
pub(super) async fn dead_folders(state_dir: &Path, prefix: &str) {
    let Ok(folders) = std::fs::read_dir(state_dir) else { return };
    for folder in folders.filter_map(Result::ok) {
        if folder.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
            onhook_daemon::heal(&folder.path()).await;
        }
    }
}
