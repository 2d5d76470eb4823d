//! Lines of the record of changes: read as they were written, or noticed as damaged.

pub(crate) fn run(data: &[u8]) {
    onhook_host::ordeals::journal_line(data);
}
