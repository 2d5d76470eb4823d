//! The one place where a caller's pointers are followed.
//!
//! C tells no lengths: a pointer is believed to lead to as many octets as the contract says, and not to one
//! more. Null pointers, sizes and texts are checked before anything is looked at behind them.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use onhook_model::{RasCode, RasError};

use crate::host;
use crate::layout::{BadText, Charset, Form, Machine, Structure, ViewMut};

/// The longest text that a caller may pass by a pointer, in characters; a null is found before, or the
/// text is no text.
const LONGEST: usize = 32 * 1024;

/// Why a function refuses: the number is its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) RasCode);

impl From<RasError> for Refusal {
    fn from(error: RasError) -> Self {
        Self(error.code)
    }
}

impl From<Refusal> for RasError {
    fn from(refusal: Refusal) -> Self {
        Self::from(refusal.0)
    }
}

impl From<RasCode> for Refusal {
    fn from(code: RasCode) -> Self {
        Self(code)
    }
}

impl From<BadText> for Refusal {
    /// A text that is none is a parameter that is wrong.
    fn from(_: BadText) -> Self {
        Self(RasCode::INVALID_PARAMETER)
    }
}

/// What a function does, with its result as the number that C expects. A panic, which would be a mistake of
/// ours, ends here.
pub(crate) fn answer(work: impl FnOnce() -> Result<(), Refusal>) -> u32 {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => RasCode::SUCCESS.number(),
        Ok(Err(Refusal(code))) => code.number(),
        Err(_) => RasCode::UNKNOWN.number(),
    }
}

/// A number, a pointer or a handle of the caller's, wherever it lies.
#[derive(Debug)]
pub(crate) struct Place<'a, T: Copy> {
    pointer: *mut T,
    caller: PhantomData<&'a mut T>,
}

impl<T: Copy> Place<'_, T> {
    pub(crate) fn get(&self) -> T {
        // SAFETY: `place` was promised that it may be read; it need not be aligned.
        unsafe { self.pointer.read_unaligned() }
    }

    pub(crate) fn set(&mut self, value: T) {
        // SAFETY: `place` was promised that it may be written; it need not be aligned.
        unsafe { self.pointer.write_unaligned(value) }
    }
}

/// What a pointer leads to that must not be null.
///
/// # Safety
/// If it is not null it must lead to a `T` that may be read and written for as long as the call lasts.
pub(crate) unsafe fn place<'a, T: Copy>(pointer: *mut T) -> Result<Place<'a, T>, Refusal> {
    // SAFETY: as promised to us.
    unsafe { may_place(pointer) }.ok_or(Refusal(RasCode::INVALID_PARAMETER))
}

/// What a pointer leads to that may be null.
///
/// # Safety
/// As [`place`].
pub(crate) unsafe fn may_place<'a, T: Copy>(pointer: *mut T) -> Option<Place<'a, T>> {
    (!pointer.is_null()).then_some(Place { pointer, caller: PhantomData })
}

/// The octets that a pointer leads to; none where it is null.
///
/// # Safety
/// If it is not null it must lead to as many octets, which may be read and written, and which nobody
/// else touches for as long as the call lasts.
pub(crate) unsafe fn octets<'a>(pointer: *mut u8, count: usize) -> Option<&'a mut [u8]> {
    // SAFETY: as promised to us; octets are always aligned.
    (!pointer.is_null()).then(|| unsafe { std::slice::from_raw_parts_mut(pointer, count) })
}

/// The text that a pointer leads to; `None` where it is null.
///
/// # Safety
/// If it is not null it must lead to characters of this kind with a null behind them.
pub(crate) unsafe fn text(pointer: *const u8, charset: Charset) -> Result<Option<String>, Refusal> {
    if pointer.is_null() {
        return Ok(None);
    }
    let unit = charset.unit();
    let mut length = 0;
    loop {
        if length >= LONGEST {
            return Err(Refusal(RasCode::INVALID_PARAMETER));
        }
        // SAFETY: no null was found before this character, so it is one of the text or its null.
        let character = unsafe { std::slice::from_raw_parts(pointer.add(length * unit), unit) };
        if character.iter().all(|octet| *octet == 0) {
            break;
        }
        length += 1;
    }
    // SAFETY: all of these were just read.
    let octets = unsafe { std::slice::from_raw_parts(pointer, length * unit) };
    Ok(Some(charset.decode_whole(octets)?))
}

/// The path of a phone book; `None` where the pointer is null. Programs that have a host have its paths.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn path(
    pointer: *const u8,
    charset: Charset,
) -> Result<Option<PathBuf>, Refusal> {
    // SAFETY: as promised to us.
    let path = unsafe { text(pointer, charset) }?;
    Ok(path.map(|path| match host::get() {
        Some(host) => host.unix_path(path).into(),
        None => path.into(),
    }))
}

/// As [`text`], where a null pointer is refused.
///
/// # Safety
/// As there.
pub(crate) unsafe fn needed_text(pointer: *const u8, charset: Charset) -> Result<String, Refusal> {
    // SAFETY: as promised to us.
    unsafe { text(pointer, charset) }?.ok_or(Refusal(RasCode::INVALID_PARAMETER))
}

/// The structure that a pointer leads to, which says its size itself: 87 where it is null, 632 when no
/// generation had one of this size.
///
/// # Safety
/// If it is not null it must lead to a number of 32 bits, and, when that is a size that the structure
/// ever had, to as many octets, which nobody else touches for as long as the call lasts.
pub(crate) unsafe fn structure<'a>(
    pointer: *mut u8,
    of: &'static Structure,
    charset: Charset,
) -> Result<ViewMut<'a>, Refusal> {
    // SAFETY: as promised to us.
    let form = unsafe { form(pointer, of, charset) }?;
    // SAFETY: it is a size that the structure had.
    let octets = unsafe { octets(pointer, form.size()) };
    let view = octets.and_then(|octets| ViewMut::new(form, octets));
    view.ok_or(Refusal(RasCode::INVALID_PARAMETER))
}

/// Which form the structure has that a pointer leads to.
///
/// # Safety
/// If it is not null it must lead to a number of 32 bits.
pub(crate) unsafe fn form(
    pointer: *mut u8,
    of: &'static Structure,
    charset: Charset,
) -> Result<Form, Refusal> {
    // SAFETY: as promised to us.
    let size = unsafe { place(pointer.cast::<u32>()) }?.get();
    let form = of.of_size(Machine::of_this_library(), charset, size);
    form.ok_or(Refusal(RasCode::INVALID_SIZE))
}

/// The `lpcb` protocol: a buffer, the octets that it has or needs, and how many there are of what is told.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    form: Form,
    memory: *mut u8,
    size: Place<'a, u32>,
    count: Place<'a, u32>,
}

impl<'a> Rows<'a> {
    /// What a caller gave. The order of the checks is the contract's: 87 for a null size or count, then,
    /// where there is a buffer, 632 for the `dwSize` of its first element.
    ///
    /// # Safety
    /// `size` and `count` as for [`place`]. `memory` is null, or leads to as many octets as `size` says,
    /// which nobody else touches for as long as the call lasts.
    pub(crate) unsafe fn new(
        of: &'static Structure,
        charset: Charset,
        memory: *mut u8,
        size: *mut u32,
        count: *mut u32,
    ) -> Result<Self, Refusal> {
        // SAFETY: as promised to us.
        let (size, count) = unsafe { (place(size)?, place(count)?) };
        // A buffer without room for a size says none.
        let form = match memory.is_null() || size.get() < 4 {
            true => of.newest(Machine::of_this_library(), charset),
            // SAFETY: it leads to four octets at least.
            false => unsafe { form(memory, of, charset) }?,
        };
        Ok(Self { form, memory, size, count })
    }

    /// The form of each element.
    pub(crate) const fn form(&self) -> &Form {
        &self.form
    }

    /// Tells `items`, one element each: 603 with the size needed when there is not room for all of them.
    pub(crate) fn tell<T>(
        mut self,
        items: &[T],
        mut fill: impl FnMut(&mut ViewMut<'_>, &T),
    ) -> Result<(), Refusal> {
        let needed = items.len() * self.form.size();
        let given = usize::try_from(self.size.get()).unwrap_or(usize::MAX);
        self.count.set(u32::try_from(items.len()).unwrap_or(u32::MAX));
        self.size.set(u32::try_from(needed).unwrap_or(u32::MAX));
        if items.is_empty() {
            return Ok(());
        }
        if given < needed {
            return Err(Refusal(RasCode::BUFFER_TOO_SMALL));
        }
        // SAFETY: where there is a buffer it has at least as many octets.
        let memory = unsafe { octets(self.memory, needed) };
        let memory = memory.ok_or(Refusal(RasCode::BUFFER_TOO_SMALL))?;
        for (mut row, item) in ViewMut::begin_rows(self.form, memory).zip(items) {
            fill(&mut row, item);
        }
        Ok(())
    }
}

/// Gives octets to a caller that has room for as many as `size` says: 603 with how many there are when that
/// is not enough.
///
/// # Safety
/// `memory` is null, or leads to as many octets as `size` says, which nobody else touches for as long as
/// the call lasts.
pub(crate) unsafe fn give(
    data: &[u8],
    memory: *mut u8,
    mut size: Place<'_, u32>,
) -> Result<(), Refusal> {
    let given = usize::try_from(size.get()).unwrap_or(usize::MAX);
    size.set(u32::try_from(data.len()).unwrap_or(u32::MAX));
    if data.is_empty() {
        return Ok(());
    }
    // SAFETY: as promised to us, where there is room enough.
    let room = (given >= data.len()).then(|| unsafe { octets(memory, data.len()) }).flatten();
    room.ok_or(Refusal(RasCode::BUFFER_TOO_SMALL))?.copy_from_slice(data);
    Ok(())
}
