//! The compilers that a test may find.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The values of `WINVER` at which something changed.
pub(crate) const GENERATIONS: [u32; 10] =
    [0x0351, 0x0400, 0x0401, 0x0500, 0x0501, 0x0600, 0x0601, 0x0602, 0x0603, 0x0A00];

/// A compiler and the machine that it compiles for.
pub(crate) struct Compiler {
    /// What is run, arguments included.
    pub(crate) command: &'static [&'static str],
    /// Whether pointers have 64 bits.
    pub(crate) is_64: bool,
    /// Whether it compiles for Windows and brings headers of its own.
    pub(crate) is_windows: bool,
    /// The package of Debian that has it.
    package: &'static str,
}

pub(crate) const NATIVE: Compiler =
    Compiler { command: &["cc"], is_64: true, is_windows: false, package: "gcc" };
pub(crate) const NATIVE_32: Compiler =
    Compiler { command: &["cc", "-m32"], is_64: false, is_windows: false, package: "gcc-multilib" };
pub(crate) const WINDOWS: Compiler = Compiler {
    command: &["x86_64-w64-mingw32-gcc"],
    is_64: true,
    is_windows: true,
    package: "gcc-mingw-w64-x86-64",
};
pub(crate) const WINDOWS_32: Compiler = Compiler {
    command: &["i686-w64-mingw32-gcc"],
    is_64: false,
    is_windows: true,
    package: "gcc-mingw-w64-i686",
};
pub(crate) const CPLUSPLUS: Compiler =
    Compiler { command: &["c++"], is_64: true, is_windows: false, package: "g++" };

/// What a compiler made of a source.
pub(crate) struct Compiled {
    /// Whether it was satisfied.
    pub(crate) accepted: bool,
    /// What it complained about.
    pub(crate) complaints: String,
    /// The object file, if any.
    pub(crate) object: PathBuf,
}

/// Where our headers are.
pub(crate) fn include() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include")
}

impl Compiler {
    /// Whether it can be used, for the machine that the tables are about; says so if not.
    pub(crate) fn is_there(&self) -> bool {
        let width = if self.is_64 { 8 } else { 4 };
        let source = format!(
            "#include <stdint.h>\n#include <uchar.h>\ntypedef char width[sizeof(void *) == {width} ? 1 : -1];\n"
        );
        let there = self.try_compile("there", &source, &[]).is_ok_and(|made| made.accepted);
        if !there {
            let command = self.command.join(" ");
            eprintln!("skipped: `{command}` cannot be used here (package {})", self.package);
        }
        there
    }

    /// Compiles a source with these arguments; warnings are errors.
    pub(crate) fn compile(&self, name: &str, source: &str, arguments: &[&str]) -> Compiled {
        self.try_compile(name, source, arguments).expect("a compiler that was there")
    }

    fn try_compile(
        &self,
        name: &str,
        source: &str,
        arguments: &[&str],
    ) -> std::io::Result<Compiled> {
        let (program, own) = self.command.split_first().expect("a program");
        let suffix = if *program == "c++" { "cc" } else { "c" };
        let folder = crate::scratch::scratch().join("headers");
        fs::create_dir_all(&folder)?;
        // Tests run side by side: each file has a name that no other has.
        let stem = format!("{}-{name}", self.command.join(""));
        let file = folder.join(format!("{stem}.{suffix}"));
        let object = folder.join(format!("{stem}.o"));
        fs::write(&file, source)?;
        let output = Command::new(program)
            .args(own)
            .args(["-Wall", "-Wextra", "-Werror"])
            .args(arguments)
            .arg("-c")
            .arg(&file)
            .arg("-o")
            .arg(&object)
            .output()?;
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Compiled { accepted: output.status.success(), complaints, object })
    }
}

impl Compiled {
    /// Fails with what the compiler said.
    pub(crate) fn must_be_accepted(self, what: &str) -> Self {
        assert!(self.accepted, "{what}:\n{}", self.complaints);
        self
    }
}

/// The lines that choose a generation, before headers are included.
pub(crate) fn head(compiler: &Compiler, generation: u32, unicode: bool) -> String {
    let mut head = String::new();
    if unicode {
        head += "#define UNICODE\n#define _UNICODE\n";
    }
    if compiler.is_windows {
        // MinGW's headers know nothing older than Windows NT 4.
        let known = generation.max(0x0400);
        head += &format!("#define WINVER {known:#06x}\n#define _WIN32_WINNT {known:#06x}\n");
        head += "#include <windef.h>\n#undef WINVER\n";
    }
    head += &format!("#define WINVER {generation:#06x}\n#define USES_RAS_QUARANTINE_APIS\n");
    head + "#include <stddef.h>\n"
}
