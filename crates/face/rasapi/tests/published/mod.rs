//! The published tables in `data/`, as rows.

/// The columns of each row of a table with a head row; quoted columns may hold commas, and quotes, which
/// are doubled.
pub(crate) fn rows(table: &str) -> Vec<Vec<String>> {
    table.lines().skip(1).filter(|line| !line.is_empty()).map(columns).collect()
}

fn columns(line: &str) -> Vec<String> {
    let mut columns = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                columns.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(String::new()),
            c => columns.last_mut().unwrap().push(c),
        }
    }
    columns
}

/// A value of `WINVER` as the tables write it; `None` where they leave it out.
pub(crate) fn winver(text: &str) -> Option<u32> {
    text.strip_prefix("0x").map(|hex| u32::from_str_radix(hex, 16).unwrap())
}

/// A row of `layout-x64.csv` or `layout-x86.csv`.
pub(crate) struct LayoutRow {
    /// `ms` or `mingw`.
    pub(crate) source: String,
    /// With its A or W.
    pub(crate) structure: String,
    /// The first value of `WINVER` that it holds for.
    pub(crate) from: u32,
    /// The last one.
    pub(crate) to: u32,
    /// A name, `(sizeof)`, or `(union a/b)`.
    pub(crate) field: String,
    /// Octets before the field.
    pub(crate) offset: Option<usize>,
    /// Octets of the field, or of the structure.
    pub(crate) size: usize,
}

impl LayoutRow {
    /// Whether the row is the size of the structure.
    pub(crate) fn is_whole(&self) -> bool {
        self.field == "(sizeof)"
    }

    /// The field's names: one, or those of the members of a union.
    pub(crate) fn names(&self) -> Vec<&str> {
        let union = self.field.strip_prefix("(union ").and_then(|names| names.strip_suffix(')'));
        union.unwrap_or(&self.field).split('/').collect()
    }
}

/// The rows of a layout table.
pub(crate) fn layout(table: &str) -> Vec<LayoutRow> {
    let parsed = rows(table).into_iter().map(|columns| {
        let [source, structure, from, to, field, offset, size] =
            <[String; 7]>::try_from(columns).unwrap();
        LayoutRow {
            source,
            structure,
            from: winver(&from).unwrap(),
            to: winver(&to).unwrap_or(u32::MAX),
            field,
            offset: (!offset.is_empty()).then(|| offset.parse().unwrap()),
            size: size.parse().unwrap(),
        }
    });
    parsed.collect()
}
