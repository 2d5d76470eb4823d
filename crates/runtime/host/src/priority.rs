//! Who waits for whom when there is more to do than processors.

use std::io;

/// The calling thread gives way to the others, by this niceness more than before (1 to 19; setpriority(2),
/// which Linux takes for the thread alone).
///
/// # Errors
/// When the kernel refuses, or a filter of system calls does.
pub fn give_way(by: i32) -> io::Result<()> {
    rustix::process::nice(by)?;
    Ok(())
}
