//! The tree that the guards read: the workspace's packages and their Rust files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::source::Source;

/// One package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its folder, relative to the root.
    pub(crate) dir: PathBuf,
    /// What it is built with: dependencies proper and those of its build script.
    pub(crate) dependencies: BTreeSet<String>,
    /// What its tests need beside.
    pub(crate) test_dependencies: BTreeSet<String>,
    /// Its Rust files.
    pub(crate) sources: Vec<Source>,
}

/// All packages of the workspace.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Its members, in order of their folders.
    pub(crate) packages: Vec<Package>,
}

impl Package {
    /// The wing it stands in: the second part of `crates/WING/NAME`.
    pub(crate) fn wing(&self) -> &str {
        let mut parts = self.dir.iter().filter_map(|part| part.to_str());
        if parts.next() == Some("crates") { parts.next().unwrap_or("") } else { "" }
    }

    /// Its root file: the library's, or the program's where there is no library.
    pub(crate) fn root_file(&self) -> Option<&Source> {
        ["src/lib.rs", "src/main.rs"].into_iter().find_map(|name| {
            let path = self.dir.join(name);
            self.sources.iter().find(|source| source.path == path)
        })
    }
}

impl Tree {
    /// Reads the workspace in which cargo runs us.
    pub(crate) fn load() -> Result<Self> {
        let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
        let root = metadata.workspace_root.as_std_path();
        let mut packages = Vec::new();
        for package in metadata.workspace_packages() {
            let folder = package.manifest_path.parent().context("a manifest without a folder")?;
            let of_kind = |wanted: &[DependencyKind]| {
                let chosen = package.dependencies.iter().filter(|d| wanted.contains(&d.kind));
                chosen.map(|d| d.name.clone()).collect::<BTreeSet<_>>()
            };
            packages.push(Package {
                name: package.name.to_string(),
                dir: folder.as_std_path().strip_prefix(root)?.to_owned(),
                dependencies: of_kind(&[DependencyKind::Normal, DependencyKind::Build]),
                test_dependencies: of_kind(&[DependencyKind::Development]),
                sources: read_sources(root, folder.as_std_path())?,
            });
        }
        packages.sort_by(|a, b| a.dir.cmp(&b.dir));
        Ok(Self { packages })
    }

    /// All files of all packages.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&Package, &Source)> {
        self.packages.iter().flat_map(|p| p.sources.iter().map(move |s| (p, s)))
    }
}

/// The Rust files of a package, those for tests marked as such.
fn read_sources(root: &Path, folder: &Path) -> Result<Vec<Source>> {
    let mut paths = Vec::new();
    walk(folder, &mut paths).with_context(|| format!("reading {}", folder.display()))?;
    paths.sort();
    let mut sources = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let is_test = is_test_path(path.strip_prefix(folder)?);
        sources.push(Source::new(path.strip_prefix(root)?, &text, is_test));
    }
    mark_test_modules(&mut sources);
    Ok(sources)
}

/// Finds the Rust files below a folder; folders of other packages and of builds are left out.
fn walk(folder: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let foreign = path.join("Cargo.toml").exists() || path.ends_with("target");
            if !foreign {
                walk(&path, into)?;
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
    Ok(())
}

/// Whether a file, named from its package's folder, is for tests as a whole.
fn is_test_path(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
        || path.iter().any(|part| part == "tests" || part == "benches")
}

/// `#[cfg(test)] mod name;` in one file makes another one a test.
fn mark_test_modules(sources: &mut [Source]) {
    let mut tests = BTreeSet::new();
    for source in sources.iter() {
        let folder = module_folder(&source.path);
        for name in &source.test_modules {
            tests.insert(folder.join(format!("{name}.rs")));
            tests.insert(folder.join(name).join("mod.rs"));
        }
    }
    for source in sources.iter_mut().filter(|s| tests.contains(&s.path)) {
        source.become_test();
    }
}

/// Where a file's own modules lie.
fn module_folder(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new(""));
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("mod" | "lib" | "main") | None => folder.to_owned(),
        Some(stem) => folder.join(stem),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A package made of words, for the guards' own tests.
    pub(crate) fn package(
        name: &str,
        dir: &str,
        needs: &[&str],
        files: &[(&str, &str)],
    ) -> Package {
        let mut sources: Vec<_> = files
            .iter()
            .map(|(path, text)| {
                Source::new(&Path::new(dir).join(path), text, is_test_path(Path::new(path)))
            })
            .collect();
        mark_test_modules(&mut sources);
        Package {
            name: name.into(),
            dir: dir.into(),
            dependencies: needs.iter().map(|n| (*n).to_owned()).collect(),
            test_dependencies: BTreeSet::new(),
            sources,
        }
    }

    #[test]
    fn a_package_knows_its_wing_and_its_root_file() {
        let p = package("onhook-base", "crates/proto/base", &[], &[("src/lib.rs", "")]);
        assert_eq!(p.wing(), "proto");
        assert!(p.root_file().is_some());
        assert_eq!(package("xtask", "xtask", &[], &[]).wing(), "");
    }

    #[test]
    fn a_module_declared_for_tests_is_a_test_wherever_its_file_lies() {
        let files = [
            ("src/lib.rs", "#[cfg(test)]\nmod vectors;\nmod a;"),
            ("src/vectors.rs", "fn x() {}"),
            ("src/a.rs", "#[cfg(test)]\nmod proofs;"),
            ("src/a/proofs.rs", "fn y() {}"),
            ("src/b.rs", "fn z() {}"),
        ];
        let p = package("p", "p", &[], &files);
        let lengths: Vec<_> = p.sources.iter().map(Source::length).collect();
        assert_eq!(lengths, [1, 0, 0, 0, 1]);
    }
}
