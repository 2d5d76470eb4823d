//! One table per structure, and what follows from it: sizes, offsets, versions.

use super::charset::Charset;
use super::generation::{Generation, Machine};

/// Both headers pack their structures to this many octets, on every machine.
const PACKING: usize = 4;

/// What a field is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A `DWORD`, `UINT`, `LONG`, `BOOL` or an enumeration: 32 bits.
    U32,
    /// A handle, a pointer or a `ULONG_PTR`.
    Pointer,
    /// Text in an array of so many characters, the terminating null counted.
    Text {
        /// Characters since generation 0x0400.
        characters: usize,
        /// Characters before it.
        at_first: usize,
    },
    /// Octets in the order in which they are written (an address, a GUID, a few bytes).
    Octets {
        /// How many.
        count: usize,
        /// What the offset would be divisible by, if nothing were packed.
        alignment: usize,
    },
    /// Another structure.
    Nested(&'static Structure),
}

/// A field of a structure, as its table has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    name: &'static str,
    kind: Kind,
    since: Generation,
    shares: bool,
}

impl Field {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, since: Generation::V0351, shares: false }
    }

    /// 32 bits.
    pub const fn u32(name: &'static str) -> Self {
        Self::new(name, Kind::U32)
    }

    /// A handle, a pointer or a `ULONG_PTR`.
    pub const fn pointer(name: &'static str) -> Self {
        Self::new(name, Kind::Pointer)
    }

    /// Text in an array of so many characters, the terminating null counted.
    pub const fn text(name: &'static str, characters: usize) -> Self {
        Self::new(name, Kind::Text { characters, at_first: characters })
    }

    /// Octets, and what their offset is divisible by.
    pub const fn octets(name: &'static str, count: usize, alignment: usize) -> Self {
        Self::new(name, Kind::Octets { count, alignment })
    }

    /// Another structure.
    pub const fn nested(name: &'static str, structure: &'static Structure) -> Self {
        Self::new(name, Kind::Nested(structure))
    }

    /// The field exists since this generation only.
    pub const fn since(self, since: Generation) -> Self {
        Self { since, ..self }
    }

    /// The text had so many characters before generation 0x0400. Other kinds stay as they are.
    pub const fn at_first(self, at_first: usize) -> Self {
        match self.kind {
            Kind::Text { characters, .. } => {
                Self { kind: Kind::Text { characters, at_first }, ..self }
            }
            _ => self,
        }
    }

    /// The field lies where the one before it begins: both are members of a union.
    pub const fn shares_place(self) -> Self {
        Self { shares: true, ..self }
    }

    /// Its name in the header.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it is made of.
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

/// A structure of the headers, in all its versions.
#[derive(Debug, PartialEq)]
pub struct Structure {
    name: &'static str,
    two_forms: bool,
    since: Generation,
    until: Option<Generation>,
    fields: &'static [Field],
}

impl Structure {
    /// A structure with an A and a W form, since the first generation.
    pub const fn of_two_forms(name: &'static str, fields: &'static [Field]) -> Self {
        Self { name, two_forms: true, since: Generation::V0351, until: None, fields }
    }

    /// A structure that is the same for the A and the W functions.
    pub const fn of_one_form(name: &'static str, fields: &'static [Field]) -> Self {
        Self { name, two_forms: false, since: Generation::V0351, until: None, fields }
    }

    /// The structure exists since this generation only.
    pub const fn since(self, since: Generation) -> Self {
        Self { since, ..self }
    }

    /// The headers of later generations than this do not have the structure any more.
    pub const fn until(self, until: Generation) -> Self {
        Self { until: Some(until), ..self }
    }

    /// Its name in the headers without the A or W at the end.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether there is an A and a W form of it.
    pub const fn has_two_forms(&self) -> bool {
        self.two_forms
    }

    /// Its fields of all generations, in order.
    pub const fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// The form of one generation, if the headers of it had the structure on this machine.
    pub fn form(
        &'static self,
        machine: Machine,
        charset: Charset,
        generation: Generation,
    ) -> Option<Form> {
        let had = generation.exists_on(machine)
            && generation >= self.since
            && self.until.is_none_or(|until| generation <= until);
        had.then(|| {
            let form = Form { structure: self, machine, charset, generation, size: 0 };
            Form { size: form.whole().0, ..form }
        })
    }

    /// The latest form: what programs compiled today use.
    pub fn newest(&'static self, machine: Machine, charset: Charset) -> Form {
        let generation = self.until.unwrap_or(Generation::V0A00);
        let form = Form { structure: self, machine, charset, generation, size: 0 };
        Form { size: form.whole().0, ..form }
    }

    /// Every value of `dwSize` that a generation had, oldest first, none twice.
    pub fn sizes(&'static self, machine: Machine, charset: Charset) -> Vec<u32> {
        let mut sizes: Vec<u32> = Generation::ALL
            .into_iter()
            .filter_map(|generation| self.form(machine, charset, generation))
            .map(|form| form.dw_size())
            .collect();
        sizes.dedup();
        sizes
    }

    /// The latest form of this size; `None` for a size that no generation had, which RAS answers by
    /// `ERROR_INVALID_SIZE`.
    pub fn of_size(
        &'static self,
        machine: Machine,
        charset: Charset,
        dw_size: u32,
    ) -> Option<Form> {
        Generation::ALL
            .into_iter()
            .rev()
            .filter(|generation| self.changes_after(*generation))
            .filter_map(|generation| self.form(machine, charset, generation))
            .find(|form| form.dw_size() == dw_size)
    }

    /// Whether the next generation has another form than this one, or none.
    fn changes_after(&self, generation: Generation) -> bool {
        let Some(next) = Generation::ALL.into_iter().find(|later| *later > generation) else {
            return true;
        };
        self.until == Some(generation) || self.fields.iter().any(|field| {
            let longer =
                matches!(field.kind, Kind::Text { characters, at_first } if characters != at_first);
            field.since == next || (longer && next == Generation::V0400)
        })
    }
}

/// A structure as one generation, machine and charset have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Form {
    structure: &'static Structure,
    machine: Machine,
    charset: Charset,
    generation: Generation,
    size: usize,
}

impl Form {
    /// What it is a form of.
    pub const fn structure(&self) -> &'static Structure {
        self.structure
    }

    /// The generation; if several have the same form, the one that was asked for or the latest of them.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The machine whose pointers it has.
    pub const fn machine(&self) -> Machine {
        self.machine
    }

    /// The form of its texts.
    pub const fn charset(&self) -> Charset {
        self.charset
    }

    /// Octets that it takes, padding at the end counted.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The same as a caller writes it into `dwSize`.
    pub fn dw_size(&self) -> u32 {
        u32::try_from(self.size).unwrap_or(u32::MAX)
    }

    /// Where a field lies, or `None` if this generation lacks it.
    ///
    /// A dot leads into a structure inside: `RasEapInfo.pbEapInfo`. The search takes time in proportion to
    /// the number of fields: where many structures of one form are filled, ask once and keep the answer.
    pub fn field(&self, name: &str) -> Option<FieldAt> {
        let (outer, inner) = name.split_once('.').map_or((name, None), |(o, i)| (o, Some(i)));
        debug_assert!(
            self.structure.fields.iter().any(|field| field.name == outer),
            "{} has no field {outer} in any generation",
            self.structure.name
        );
        let (field, offset) = self.places().find(|(field, _)| field.name == outer)?;
        let Some(inner) = inner else {
            return Some(FieldAt {
                offset,
                length: self.length(field),
                content: self.content(field),
            });
        };
        let Kind::Nested(structure) = field.kind else { return None };
        let inside = self.inside(structure).field(inner)?;
        Some(FieldAt { offset: offset + inside.offset, ..inside })
    }

    /// The fields that this generation has, each with its offset.
    pub fn places(&self) -> impl Iterator<Item = (&'static Field, usize)> + '_ {
        self.extents().map(|(field, start, _)| (field, start))
    }

    /// Octets of a field of this form.
    pub fn length(&self, field: &Field) -> usize {
        self.extent(field).0
    }

    /// The fields that this generation has, each with its offset, its length and its alignment.
    fn extents(&self) -> impl Iterator<Item = (&'static Field, usize, (usize, usize))> + '_ {
        let mut start = 0_usize;
        let mut end = 0_usize;
        self.structure.fields.iter().filter(|field| field.since <= self.generation).map(
            move |field| {
                let (length, alignment) = self.extent(field);
                if !field.shares {
                    start = end.next_multiple_of(alignment);
                }
                end = end.max(start + length);
                (field, start, (length, alignment))
            },
        )
    }

    /// Octets of a field, and what its offset is divisible by.
    fn extent(&self, field: &Field) -> (usize, usize) {
        let (length, natural) = match field.kind {
            Kind::U32 => (4, 4),
            Kind::Pointer => (self.machine.pointer(), self.machine.pointer()),
            Kind::Text { characters, at_first } => {
                let early = self.generation < Generation::V0400;
                let characters = if early { at_first } else { characters };
                (self.charset.unit() * characters, self.charset.unit())
            }
            Kind::Octets { count, alignment } => (count, alignment.max(1)),
            Kind::Nested(structure) => Self { structure, size: 0, ..*self }.whole(),
        };
        (length, natural.min(PACKING))
    }

    /// Octets of the whole, padding at the end counted, and what its offset is divisible by.
    fn whole(&self) -> (usize, usize) {
        let ends = self.extents().fold((0, 1), |(end, most), (_, start, (length, alignment))| {
            (end.max(start + length), most.max(alignment))
        });
        (ends.0.next_multiple_of(ends.1), ends.1)
    }

    /// The form that a structure inside this one has.
    fn inside(&self, structure: &'static Structure) -> Self {
        let form = Self { structure, size: 0, ..*self };
        Self { size: form.whole().0, ..form }
    }

    const fn content(&self, field: &Field) -> Content {
        match field.kind {
            Kind::U32 => Content::U32,
            Kind::Pointer => Content::Pointer,
            Kind::Text { .. } => Content::Text(self.charset),
            Kind::Octets { .. } | Kind::Nested(_) => Content::Octets,
        }
    }
}

/// Where a field lies in a form, and how it is read: a value that can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldAt {
    offset: usize,
    length: usize,
    content: Content,
}

/// How the octets of a field are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    U32,
    Pointer,
    Text(Charset),
    Octets,
}

impl FieldAt {
    /// Octets before it.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Octets that it takes.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Its octets among those of the structure.
    pub const fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.length
    }

    pub(super) const fn content(&self) -> Content {
        self.content
    }
}

/// What names a field to a view: its name, or its place that was found before.
pub trait Place {
    /// Where it lies in this form, if this generation has it.
    fn find(self, form: &Form) -> Option<FieldAt>;
}

impl Place for &str {
    fn find(self, form: &Form) -> Option<FieldAt> {
        form.field(self)
    }
}

impl Place for FieldAt {
    fn find(self, _form: &Form) -> Option<FieldAt> {
        Some(self)
    }
}

impl Place for Option<FieldAt> {
    fn find(self, _form: &Form) -> Option<FieldAt> {
        self
    }
}
