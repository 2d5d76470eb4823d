//! The frame check sequences (RFC 1662 §C).
//!
//! Both are cyclic redundancy checks, reflected, begun with ones and complemented at the end, low octet
//! first. Sixteen octets are taken at once by sixteen tables, each the effect of an octet that stands one
//! further from the end: the octets do not wait for one another.

#![expect(clippy::indexing_slicing, reason = "tables of 256 entries, indexed by octets")]

/// Octets that are taken at once.
const SLICE: usize = 16;

/// What a frame with a right FCS-16 leaves (RFC 1662 §C.2).
pub const GOOD_FCS16: u16 = 0xf0b8;
/// What a frame with a right FCS-32 leaves (RFC 1662 §C.3).
pub const GOOD_FCS32: u32 = 0xdebb_20e3;

const TABLES_16: [[u16; 256]; SLICE] = {
    let plain = tables(0x8408);
    let mut tables = [[0; 256]; SLICE];
    let mut table = 0;
    while table < SLICE {
        let mut octet = 0;
        while octet < 256 {
            // The polynomial has sixteen bits, and so has what is left.
            tables[table][octet] = (plain[table][octet] & 0xffff) as u16;
            octet += 1;
        }
        table += 1;
    }
    tables
};
const TABLES_32: [[u32; 256]; SLICE] = tables(0xedb8_8320);

/// Table 0 is the RFC's; each further one moves its entries on by one octet of zeros.
const fn tables(polynomial: u32) -> [[u32; 256]; SLICE] {
    let mut tables = [[0; 256]; SLICE];
    let mut octet = 0;
    while octet < 256 {
        let mut value = octet as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ polynomial } else { value >> 1 };
            bit += 1;
        }
        tables[0][octet] = value;
        octet += 1;
    }
    let mut table = 1;
    while table < SLICE {
        let mut octet = 0;
        while octet < 256 {
            let before = tables[table - 1][octet];
            tables[table][octet] = before >> 8 ^ tables[0][(before & 0xff) as usize];
            octet += 1;
        }
        table += 1;
    }
    tables
}

/// An entry of a table of 256; an octet is always one of them.
macro_rules! entry {
    ($tables:expr, $table:expr, $octet:expr) => {
        $tables[$table][($octet) as u8 as usize]
    };
}

/// FCS-16 over further octets; begins with `0xffff`.
pub fn fcs16(mut fcs: u16, octets: &[u8]) -> u16 {
    let (pieces, rest) = octets.as_chunks::<SLICE>();
    for piece in pieces {
        let [low, high] = fcs.to_le_bytes();
        let mut sum = 0;
        for (at, octet) in piece.iter().enumerate() {
            let octet = match at {
                0 => octet ^ low,
                1 => octet ^ high,
                _ => *octet,
            };
            sum ^= entry!(TABLES_16, SLICE - 1 - at, octet);
        }
        fcs = sum;
    }
    rest.iter().fold(fcs, |fcs, octet| fcs >> 8 ^ entry!(TABLES_16, 0, fcs ^ u16::from(*octet)))
}

/// FCS-32 over further octets; begins with `0xffff_ffff`.
pub fn fcs32(mut fcs: u32, octets: &[u8]) -> u32 {
    let (pieces, rest) = octets.as_chunks::<SLICE>();
    for piece in pieces {
        let begun = fcs.to_le_bytes();
        let mut sum = 0;
        for (at, octet) in piece.iter().enumerate() {
            let octet = begun.get(at).map_or(*octet, |begun| octet ^ begun);
            sum ^= entry!(TABLES_32, SLICE - 1 - at, octet);
        }
        fcs = sum;
    }
    rest.iter().fold(fcs, |fcs, octet| fcs >> 8 ^ entry!(TABLES_32, 0, fcs ^ u32::from(*octet)))
}
