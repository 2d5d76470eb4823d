//! Named network namespaces (`ip netns`).

use std::fs::File;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};

/// Where `ip netns` keeps them.
const NAMES: &str = "/run/netns";

/// Does something inside a named network namespace: on a thread of its own, which ends with it,
/// because a namespace belongs to a thread and could not be left safely.
pub(crate) fn inside<T: Send>(
    name: &str,
    deed: impl FnOnce() -> io::Result<T> + Send,
) -> io::Result<T> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no name of a namespace"));
    }
    let namespace =
        File::open(Path::new(NAMES).join(name)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => io::Error::new(
                io::ErrorKind::NotFound,
                format!("there is no network namespace “{name}” (ip netns add {name})"),
            ),
            _ => error,
        })?;
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            setns(&namespace, CloneFlags::CLONE_NEWNET).map_err(|error| match error {
                Errno::EPERM => io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "the manager may not enter namespaces (root's may when it is started with --namespaces)",
                ),
                error => error.into(),
            })?;
            deed()
        });
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread inside it has failed")))
    })
}
