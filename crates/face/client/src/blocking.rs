//! The same contract for programs without `async`.
//!
//! ```no_run
//! use onhook_client::blocking::Ras;
//!
//! # fn main() -> Result<(), onhook_client::RasError> {
//! let mut ras = Ras::connect(None)?;
//! for connection in ras.list()? {
//!     ras.hang_up(connection.handle)?;
//!     ras.wait_gone(connection.handle)?;
//! }
//! # Ok(()) }
//! ```

use std::path::Path;

use onhook_model::{
    ConnectionReport, Credentials, DialRequest, Dialed, Handle, HistoryRecord, RasCode, RasError,
    Resumption,
};
use tokio::runtime::{Builder, Runtime};

/// A talk with the manager, whose calls wait for their answer.
#[derive(Debug)]
pub struct Ras {
    runtime: Runtime,
    ras: crate::Ras,
}

impl Ras {
    /// See [`crate::Ras::connect`].
    ///
    /// # Errors
    /// As there.
    pub fn connect(socket: Option<&Path>) -> Result<Self, RasError> {
        let runtime = runtime()?;
        let ras = runtime.block_on(crate::Ras::connect(socket))?;
        Ok(Self { runtime, ras })
    }

    /// See [`crate::Ras::connect_or_start`].
    ///
    /// # Errors
    /// As there.
    pub fn connect_or_start(socket: Option<&Path>) -> Result<Self, RasError> {
        let runtime = runtime()?;
        let ras = runtime.block_on(crate::Ras::connect_or_start(socket))?;
        Ok(Self { runtime, ras })
    }

    /// See [`crate::Ras::dial`].
    ///
    /// # Errors
    /// As there.
    pub fn dial(
        &mut self,
        request: &DialRequest,
        credentials: &Credentials,
    ) -> Result<Dialed, RasError> {
        self.runtime.block_on(self.ras.dial(request, credentials, None))
    }

    /// See [`crate::Ras::resume`].
    ///
    /// # Errors
    /// As there.
    pub fn resume(&mut self, handle: Handle, given: &Resumption) -> Result<(), RasError> {
        self.runtime.block_on(self.ras.resume(handle, given))
    }

    /// See [`crate::Ras::hang_up`].
    ///
    /// # Errors
    /// As there.
    pub fn hang_up(&mut self, handle: Handle) -> Result<(), RasError> {
        self.runtime.block_on(self.ras.hang_up(handle))
    }

    /// See [`crate::Ras::wait_gone`].
    ///
    /// # Errors
    /// As there.
    pub fn wait_gone(&mut self, handle: Handle) -> Result<(), RasError> {
        self.runtime.block_on(self.ras.wait_gone(handle))
    }

    /// See [`crate::Ras::status`].
    ///
    /// # Errors
    /// As there.
    pub fn status(&mut self, handle: Handle) -> Result<ConnectionReport, RasError> {
        self.runtime.block_on(self.ras.status(handle))
    }

    /// See [`crate::Ras::subentry`].
    ///
    /// # Errors
    /// As there.
    pub fn subentry(&mut self, handle: Handle, number: u32) -> Result<Handle, RasError> {
        self.runtime.block_on(self.ras.subentry(handle, number))
    }

    /// See [`crate::Ras::list`].
    ///
    /// # Errors
    /// As there.
    pub fn list(&mut self) -> Result<Vec<ConnectionReport>, RasError> {
        self.runtime.block_on(self.ras.list())
    }

    /// See [`crate::Ras::history`].
    ///
    /// # Errors
    /// As there.
    pub fn history(&mut self) -> Result<Vec<HistoryRecord>, RasError> {
        self.runtime.block_on(self.ras.history())
    }
}

fn runtime() -> Result<Runtime, RasError> {
    Builder::new_current_thread().enable_all().build().map_err(|e| {
        RasError::new(RasCode::NOT_ENOUGH_MEMORY, format!("no runtime can be made: {e}"))
    })
}
