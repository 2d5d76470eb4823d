//! Where tests put what they make: below the build, or, for a user who may not write there, in the folder
//! of temporary files.

use std::path::{Path, PathBuf};

/// The folder of this user's.
pub(crate) fn scratch() -> PathBuf {
    let name = format!("onhook-tests-{}", nix::unistd::geteuid());
    let below_the_build = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
    match std::fs::create_dir_all(&below_the_build) {
        Ok(()) => below_the_build,
        Err(_) => {
            let folder = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&folder).expect("a folder for temporary files");
            folder
        }
    }
}
