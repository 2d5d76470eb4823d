//! Reading and writing a structure in memory that somebody else laid out.

use super::charset::{BadText, Charset};
use super::structure::{Content, FieldAt, Form, Place};

/// The octets of one structure, to be read.
///
/// A field is named, or given as the [`FieldAt`] that [`Form::field`] found. One that this generation
/// lacks reads as `None`. So does one of another kind than asked for, which is a mistake of ours and
/// caught in debug builds.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    form: Form,
    octets: &'a [u8],
}

impl<'a> View<'a> {
    /// A view of the first octets of `memory`, or `None` if it is shorter than the form.
    pub fn new(form: Form, memory: &'a [u8]) -> Option<Self> {
        Some(Self { form, octets: memory.get(..form.size())? })
    }

    /// The form of the structure.
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// All its octets, as many as the form's size.
    pub const fn as_octets(&self) -> &'a [u8] {
        self.octets
    }

    /// A number of 32 bits.
    pub fn u32(&self, place: impl Place) -> Option<u32> {
        let octets = self.read(place, |content| content == Content::U32)?.1;
        Some(u32::from_le_bytes(octets.try_into().ok()?))
    }

    /// A handle, a pointer or a `ULONG_PTR`, as a number.
    pub fn handle(&self, place: impl Place) -> Option<u64> {
        let octets = self.read(place, |content| content == Content::Pointer)?.1;
        Some(octets.iter().rev().fold(0, |sum, octet| sum << 8 | u64::from(*octet)))
    }

    /// The text of a field, up to its null.
    ///
    /// # Errors
    /// [`BadText`] if the array holds no null, or no well-formed Unicode before it.
    pub fn text(&self, place: impl Place) -> Result<Option<String>, BadText> {
        let Some((charset, octets)) = self.read_text(place) else { return Ok(None) };
        charset.decode(octets).map(Some)
    }

    /// The octets of a field of any kind.
    pub fn octets(&self, place: impl Place) -> Option<&'a [u8]> {
        Some(self.read(place, |_| true)?.1)
    }

    fn read_text(&self, place: impl Place) -> Option<(Charset, &'a [u8])> {
        let (at, octets) = self.read(place, |content| matches!(content, Content::Text(_)))?;
        let Content::Text(charset) = at.content() else { return None };
        Some((charset, octets))
    }

    fn read(&self, place: impl Place, fits: fn(Content) -> bool) -> Option<(FieldAt, &'a [u8])> {
        let at = found(&self.form, place, fits)?;
        Some((at, self.octets.get(at.range())?))
    }
}

/// The octets of one structure, to be filled.
///
/// Each `put` answers whether the value is there whole; a field that this generation lacks is passed
/// over, and so is one of another kind (see [`View`]).
#[derive(Debug)]
pub struct ViewMut<'a> {
    form: Form,
    octets: &'a mut [u8],
}

impl<'a> ViewMut<'a> {
    /// A view of the first octets of `memory`, or `None` if it is shorter than the form.
    pub fn new(form: Form, memory: &'a mut [u8]) -> Option<Self> {
        Some(Self { form, octets: memory.get_mut(..form.size())? })
    }

    /// Views of all the structures of this form that have room in `memory`, one after the other.
    pub fn rows(form: Form, memory: &'a mut [u8]) -> impl Iterator<Item = ViewMut<'a>> {
        let size = form.size().max(1);
        memory.chunks_exact_mut(size).map(move |octets| ViewMut { form, octets })
    }

    /// The form of the structure.
    pub const fn form(&self) -> &Form {
        &self.form
    }

    /// The same structure, to be read.
    pub const fn as_view(&self) -> View<'_> {
        View { form: self.form, octets: self.octets }
    }

    /// Zeroes everything and writes `dwSize`, where the structure has one.
    pub fn begin(&mut self) {
        self.begin_with(size_place(&self.form));
    }

    /// As [`rows`](Self::rows), each of them begun.
    pub fn begin_rows(form: Form, memory: &'a mut [u8]) -> impl Iterator<Item = ViewMut<'a>> {
        // Where it lies is looked for once.
        let size = size_place(&form);
        Self::rows(form, memory).map(move |mut row| {
            row.begin_with(size);
            row
        })
    }

    fn begin_with(&mut self, size: Option<usize>) {
        self.octets.fill(0);
        if let Some(octets) = size.and_then(|at| self.octets.get_mut(at..at + 4)) {
            octets.copy_from_slice(&self.form.dw_size().to_le_bytes());
        }
    }

    /// Writes a number of 32 bits.
    pub fn put_u32(&mut self, place: impl Place, value: u32) -> bool {
        self.write(place, |content| content == Content::U32, &value.to_le_bytes())
    }

    /// Writes a handle, a pointer or a `ULONG_PTR`. One that is too large for the machine's pointers is
    /// not written.
    pub fn put_handle(&mut self, place: impl Place, value: u64) -> bool {
        let octets = value.to_le_bytes();
        let (fits, rest) = octets.split_at(self.form.machine().pointer());
        rest.iter().all(|octet| *octet == 0)
            && self.write(place, |content| content == Content::Pointer, fits)
    }

    /// Writes a text, its null, and nulls in what is left of the array.
    ///
    /// A text that is too long, or that has a null in it, is cut, never within a character; then the
    /// answer is `false`.
    pub fn put_text(&mut self, place: impl Place, text: &str) -> bool {
        let Some(at) = found(&self.form, place, |content| matches!(content, Content::Text(_)))
        else {
            return false;
        };
        let Content::Text(charset) = at.content() else { return false };
        self.octets.get_mut(at.range()).is_some_and(|room| charset.fill(room, text))
    }

    /// Writes octets as they are; they must be as many as the field has, else nothing is written.
    pub fn put_octets(&mut self, place: impl Place, octets: &[u8]) -> bool {
        self.write(place, |content| content == Content::Octets, octets)
    }

    fn write(&mut self, place: impl Place, fits: fn(Content) -> bool, value: &[u8]) -> bool {
        let Some(at) = found(&self.form, place, fits) else { return false };
        match self.octets.get_mut(at.range()) {
            Some(room) if room.len() == value.len() => {
                room.copy_from_slice(value);
                true
            }
            _ => false,
        }
    }
}

/// Where `dwSize` lies: not every structure has it, and one not in front.
fn size_place(form: &Form) -> Option<usize> {
    form.places().find(|(field, _)| field.name() == "dwSize").map(|(_, at)| at)
}

fn found(form: &Form, place: impl Place, fits: fn(Content) -> bool) -> Option<FieldAt> {
    let at = place.find(form)?;
    debug_assert!(fits(at.content()), "a field of {} is of another kind", form.structure().name());
    fits(at.content()).then_some(at)
}
