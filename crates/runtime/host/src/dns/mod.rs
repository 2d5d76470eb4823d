//! Name servers: set for a connection, and put back as they were.
//!
//! Three means, chosen by what the machine has: systemd-resolved, resolvconf, the file. Several
//! connections lie over one another as layers, and the last one wins; they may end in any order. What
//! somebody else has written meanwhile is left alone, and said so: we never fight twice.

mod file;
mod inherit;
pub(crate) mod program;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use onhook_effect::{HostError, HostErrorKind, TunId};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;

use crate::journal::{Journal, Record, SharedJournal, lock};
pub(crate) use file::PutBack;
pub(crate) use file::put_back_after_crash;
use file::{ResolvFile, Wanted};
pub use inherit::Heir;
use program::{Program, find, run};

/// By which means names are to be resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DnsChoice {
    /// By what runs here: systemd-resolved, else resolvconf, else the file.
    #[default]
    Auto,
    /// systemd-resolved, by its program `resolvectl`.
    Resolved,
    /// `resolvconf` (Debian's, or openresolv).
    Resolvconf,
    /// This file, in the manner of `/etc/resolv.conf`.
    File(PathBuf),
    /// Not at all.
    None,
}

/// What to look for and where; tests look elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// Folders of programs.
    pub(crate) programs: Vec<PathBuf>,
    /// Is there while systemd-resolved runs.
    pub(crate) resolved: PathBuf,
    /// Debian's order of interfaces: it prefers those named `tun.…`.
    pub(crate) interface_order: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        let programs = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/sbin"];
        Self {
            programs: programs.map(PathBuf::from).to_vec(),
            resolved: PathBuf::from("/run/systemd/resolve"),
            interface_order: PathBuf::from("/etc/resolvconf/interface-order"),
        }
    }
}

/// What one connection wants of the resolver.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Layer {
    pub(crate) owner: u64,
    #[serde(with = "inherit::tun")]
    pub(crate) tun: TunId,
    pub(crate) interface: String,
    pub(crate) index: u32,
    pub(crate) servers: Vec<IpAddr>,
    pub(crate) domains: Vec<String>,
}

/// How a layer was laid, with the number of its entry in the journal where it has one of its own.
#[derive(Clone, Debug)]
enum Laid {
    Resolved {
        entry: u64,
    },
    Resolvconf {
        label: String,
        entry: u64,
    },
    File,
    /// In the file, which is the next manager's now.
    WithHeir,
}

/// The layers that lie now, oldest first.
#[derive(Debug)]
pub(crate) struct Layers {
    laid: Vec<(Layer, Laid)>,
    file: ResolvFile,
    heir: Option<Arc<dyn Heir>>,
}

/// What was chosen once and for all.
#[derive(Debug)]
struct Terms {
    choice: DnsChoice,
    places: Places,
    patience: Duration,
}

/// The resolver of this machine.
#[derive(Clone, Debug)]
pub(crate) struct Dns {
    terms: Arc<Terms>,
    layers: Arc<tokio::sync::Mutex<Layers>>,
    journal: SharedJournal,
}

/// The layers, held: whoever has them is the only one who changes the resolver.
pub(crate) type HeldLayers = OwnedMutexGuard<Layers>;

impl Dns {
    pub(crate) fn new(
        choice: DnsChoice,
        resolv_conf: PathBuf,
        patience: Duration,
        places: Places,
        journal: SharedJournal,
    ) -> Self {
        let path = match &choice {
            DnsChoice::File(path) => path.clone(),
            DnsChoice::Auto | DnsChoice::Resolved | DnsChoice::Resolvconf | DnsChoice::None => {
                resolv_conf
            }
        };
        let layers = Layers { laid: Vec::new(), file: ResolvFile::new(path), heir: None };
        Self {
            terms: Arc::new(Terms { choice, places, patience }),
            layers: Arc::new(tokio::sync::Mutex::new(layers)),
            journal,
        }
    }

    /// Waits until nobody else changes the resolver.
    pub(crate) async fn hold(&self) -> HeldLayers {
        Arc::clone(&self.layers).lock_owned().await
    }

    /// Lays a layer over the others; answers by which means.
    pub(crate) async fn lay(
        &self,
        layers: &mut HeldLayers,
        layer: Layer,
    ) -> Result<String, HostError> {
        if layer.servers.is_empty() {
            return Ok("none (no name server was given)".to_owned());
        }
        let places = &self.terms.places;
        let resolvectl = || find(&places.programs, "resolvectl");
        let resolvconf = || find(&places.programs, "resolvconf");
        match &self.terms.choice {
            DnsChoice::None => Ok("none (switched off)".to_owned()),
            DnsChoice::File(_) => self.lay_file(layers, layer).await,
            DnsChoice::Resolved => {
                let program = resolvectl().ok_or_else(|| missing("resolvectl"))?;
                self.lay_resolved(layers, layer, &program).await
            }
            DnsChoice::Resolvconf => {
                let program = resolvconf().ok_or_else(|| missing("resolvconf"))?;
                self.lay_resolvconf(layers, layer, &program).await
            }
            DnsChoice::Auto => {
                if let Some(program) = resolvectl().filter(|_| places.resolved.is_dir()) {
                    match self.lay_resolved(layers, layer.clone(), &program).await {
                        // It is installed and does not run: the next means is the right one.
                        Err(error) if error.kind == HostErrorKind::Other => {
                            tracing::info!(target: "host::dns", %error, "systemd-resolved is passed over");
                        }
                        other => return other,
                    }
                }
                match resolvconf() {
                    Some(program) => self.lay_resolvconf(layers, layer, &program).await,
                    None => self.lay_file(layers, layer).await,
                }
            }
        }
    }

    async fn lay_resolved(
        &self,
        layers: &mut HeldLayers,
        layer: Layer,
        program: &Path,
    ) -> Result<String, HostError> {
        let record = Record::Resolved { interface: layer.interface.clone(), index: layer.index };
        let entry = self.journal().append(&record, false)?;
        let servers = layer.servers.iter().map(ToString::to_string);
        let (domains, is_default) = match layer.domains.is_empty() {
            true => (vec!["~.".to_owned()], "true"),
            false => (layer.domains.clone(), "false"),
        };
        let call = |verb: &str, words: Vec<String>| {
            let arguments = [verb.to_owned(), layer.interface.clone()].into_iter().chain(words);
            run(Program::new(program, arguments), self.terms.patience)
        };
        let laid = tokio::try_join!(
            call("dns", servers.collect()),
            call("domain", domains),
            call("default-route", vec![is_default.to_owned()]),
        );
        if let Err(error) = laid {
            if let Err(again) = call("revert", Vec::new()).await {
                tracing::warn!(target: "host::dns", error = %again, "resolvectl could not revert");
            }
            self.journal().strike(entry);
            return Err(error);
        }
        layers.laid.push((layer, Laid::Resolved { entry }));
        Ok("systemd-resolved".to_owned())
    }

    async fn lay_resolvconf(
        &self,
        layers: &mut HeldLayers,
        layer: Layer,
        program: &Path,
    ) -> Result<String, HostError> {
        let prefix = if self.terms.places.interface_order.exists() { "tun." } else { "" };
        let label = format!("{prefix}{}", layer.interface);
        // openresolv may leave its result in a file that outlives the boot.
        let journal = Arc::clone(&self.journal);
        let record = Record::Resolvconf { label: label.clone() };
        let entry = blocking(move || lock(&journal).append(&record, true)).await?;
        let mut text: String =
            layer.servers.iter().map(|server| format!("nameserver {server}\n")).collect();
        if !layer.domains.is_empty() {
            text.push_str(&format!("search {}\n", layer.domains.join(" ")));
        }
        let arguments = ["-a", &label, "-m", "0", "-x"].map(str::to_owned);
        let program = Program::new(program, arguments).fed(text);
        if let Err(error) = run(program.clone(), self.terms.patience).await {
            let delete = Program::new(&program.path, ["-d".to_owned(), label]);
            if let Err(again) = run(delete, self.terms.patience).await {
                tracing::warn!(target: "host::dns", error = %again, "resolvconf could not delete");
            }
            self.journal().strike(entry);
            return Err(error);
        }
        layers.laid.push((layer, Laid::Resolvconf { label, entry }));
        Ok("resolvconf".to_owned())
    }

    async fn lay_file(&self, layers: &mut HeldLayers, layer: Layer) -> Result<String, HostError> {
        layers.laid.push((layer, Laid::File));
        match self.write_file(layers).await {
            Ok(_) => Ok(layers.file.path().display().to_string()),
            Err(error) => {
                layers.laid.pop();
                Err(error)
            }
        }
    }

    /// Makes the file what the layers in it want; without layers, what it was before.
    async fn write_file(&self, layers: &mut HeldLayers) -> Result<PutBack, HostError> {
        let wanted: Vec<Wanted> = layers
            .laid
            .iter()
            .filter(|(_, laid)| matches!(laid, Laid::File))
            .map(|(layer, _)| Wanted {
                servers: layer.servers.clone(),
                domains: layer.domains.clone(),
            })
            .collect();
        let mut file = layers.file.clone();
        let journal = Arc::clone(&self.journal);
        let (file, result) = blocking(move || {
            let result = file.update(&wanted, &journal);
            Ok((file, result))
        })
        .await?;
        layers.file = file;
        result
    }

    /// Takes a layer away; that it does not lie is success.
    pub(crate) async fn lift(
        &self,
        layers: &mut HeldLayers,
        owner: u64,
        tun: TunId,
    ) -> Result<(), HostError> {
        let is_it = |(layer, _): &(Layer, Laid)| layer.owner == owner && layer.tun == tun;
        while let Some(at) = layers.laid.iter().position(is_it) {
            let (layer, laid) = layers.laid.remove(at);
            let lifted = match &laid {
                Laid::Resolved { entry } => {
                    self.revert_resolved(&layer.interface).await.map(|()| Some(*entry))
                }
                Laid::Resolvconf { label, entry } => {
                    self.delete_resolvconf(label).await.map(|()| Some(*entry))
                }
                Laid::WithHeir => inherit::lift(layers, owner, tun).await.map(|()| None),
                Laid::File => match self.write_file(layers).await {
                    Ok(PutBack::LeftAlone) => {
                        tracing::warn!(target: "host::dns", file = %layers.file.path().display(),
                            "somebody else has written it meanwhile; it is left as it is");
                        Ok(None)
                    }
                    Ok(PutBack::Done) => Ok(None),
                    Err(error) => Err(error),
                },
            };
            match lifted {
                Ok(Some(entry)) => self.journal().strike(entry),
                Ok(None) => {}
                Err(error) => {
                    // It is still owed: the next try finds it where it was.
                    let at = at.min(layers.laid.len());
                    layers.laid.insert(at, (layer, laid));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Takes an interface's name servers from systemd-resolved, which forgets them by itself when the
    /// interface goes.
    pub(crate) async fn revert_resolved(&self, interface: &str) -> Result<(), HostError> {
        let Some(program) = find(&self.terms.places.programs, "resolvectl") else { return Ok(()) };
        let arguments = ["revert".to_owned(), interface.to_owned()];
        run(Program::new(&program, arguments), self.terms.patience).await
    }

    /// Takes what stands under a label from resolvconf.
    pub(crate) async fn delete_resolvconf(&self, label: &str) -> Result<(), HostError> {
        let Some(program) = find(&self.terms.places.programs, "resolvconf") else { return Ok(()) };
        let arguments = ["-d".to_owned(), label.to_owned()];
        run(Program::new(&program, arguments), self.terms.patience).await
    }

    fn journal(&self) -> std::sync::MutexGuard<'_, Journal> {
        lock(&self.journal)
    }
}

/// Does what may wait for a disk on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    deed: impl FnOnce() -> Result<T, HostError> + Send + 'static,
) -> Result<T, HostError> {
    tokio::task::spawn_blocking(deed).await.unwrap_or_else(|error| {
        Err(HostError::new("set the name servers", HostErrorKind::Other, error.to_string()))
    })
}

fn missing(program: &str) -> HostError {
    let text = format!("the program {program} is not installed");
    HostError::new("set the name servers", HostErrorKind::NotFound, text)
}
