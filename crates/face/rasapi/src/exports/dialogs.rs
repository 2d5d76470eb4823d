//! The dialogs of `rasdlg.h`, without a screen: they check what they are given, and say in `dwError` that a
//! person would be needed (703). What they would do, the other functions do without a window.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::boundary::{Refusal, path, structure, text};
use crate::entries;
use crate::layout::{Charset, Structure, tables};
use onhook_model::RasCode;

/// What the three dialogs have in common.
///
/// # Safety
/// What `rasdlg.h` says of them.
unsafe fn refuse(
    of: &'static Structure,
    charset: Charset,
    book: *const u8,
    entry: *const u8,
    info: *mut u8,
) -> i32 {
    const NEITHER_SHOWN_NOR_DONE: i32 = 0;
    let refused = || -> Result<(), Refusal> {
        // SAFETY: as promised to us. Where the size is wrong, nobody knows where to tell of it.
        let mut view = unsafe { structure(info, of, charset) }?;
        // SAFETY: the same.
        let names = unsafe { (path(book, charset), text(entry, charset)) };
        let why = match names {
            (Ok(_), Ok(None)) => RasCode::INTERACTIVE_MODE,
            (Ok(book), Ok(Some(entry))) => match entries::exists(book.as_deref(), &entry) {
                Ok(()) => RasCode::INTERACTIVE_MODE,
                Err(Refusal(code)) => code,
            },
            _ => RasCode::INVALID_PARAMETER,
        };
        view.put_u32("dwError", why.number());
        Ok(())
    };
    // A mistake of ours ends here; there is no way to tell it.
    drop(catch_unwind(AssertUnwindSafe(refused)));
    NEITHER_SHOWN_NOR_DONE
}

macro_rules! dialog {
    ($(#[$about:meta])* $ansi:ident, $wide:ident, $structure:ident, ($($more:ident),*)) => {
        $(#[$about])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $ansi(
            book: *const u8,
            entry: *const u8,
            $($more: *const u8,)*
            info: *mut u8,
        ) -> i32 {
            $(let _: *const u8 = $more;)*
            // SAFETY: the caller's promise.
            unsafe { refuse(&tables::$structure, Charset::Ansi, book, entry, info) }
        }

        $(#[$about])*
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $wide(
            book: *const u8,
            entry: *const u8,
            $($more: *const u8,)*
            info: *mut u8,
        ) -> i32 {
            $(let _: *const u8 = $more;)*
            // SAFETY: the caller's promise.
            unsafe { refuse(&tables::$structure, Charset::Wide, book, entry, info) }
        }
    };
}

dialog! {
    /// Would dial with windows: 0, and 703 in `dwError`; 623 for an unknown entry. Use `RasDial`.
    RasDialDlgA, RasDialDlgW, RASDIALDLG, (phone_number)
}

dialog! {
    /// Would change an entry in a window: 0, and 703 in `dwError`; 623 for an unknown entry. Use
    /// `RasSetEntryProperties`.
    RasEntryDlgA, RasEntryDlgW, RASENTRYDLG, ()
}

dialog! {
    /// Would show the phone book: 0, and 703 in `dwError`; 623 for an unknown entry. Use `RasEnumEntries`.
    RasPhonebookDlgA, RasPhonebookDlgW, RASPBDLG, ()
}
