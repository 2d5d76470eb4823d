//! What decides a structure's layout beside its table: the machine and the version of the headers.

/// The kind of machine that a program was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Machine {
    /// i386: pointers and handles have 4 octets.
    X86,
    /// x86-64: pointers and handles have 8 octets, which lie at offsets that 4 divides.
    X64,
}

impl Machine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::X86, Self::X64];

    /// The machine that this library was compiled for, as far as the structures can tell.
    pub const fn of_this_library() -> Self {
        if size_of::<usize>() == 8 { Self::X64 } else { Self::X86 }
    }

    /// Octets of a pointer, a handle or a `ULONG_PTR`.
    pub const fn pointer(self) -> usize {
        match self {
            Self::X86 => 4,
            Self::X64 => 8,
        }
    }
}

/// A value of `WINVER` at which some structure changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// 0x0351: Windows NT 3.5x, with short names; there were only 32-bit machines.
    V0351,
    /// 0x0400: Windows 95 and NT 4.
    V0400,
    /// 0x0401: Windows NT 4 with autodial and multilink.
    V0401,
    /// 0x0500: Windows 2000.
    V0500,
    /// 0x0501: Windows XP.
    V0501,
    /// 0x0600: Windows Vista.
    V0600,
    /// 0x0601: Windows 7.
    V0601,
    /// 0x0602: Windows 8.
    V0602,
    /// 0x0603: Windows 8.1.
    V0603,
    /// 0x0A00: Windows 10 and later.
    V0A00,
}

impl Generation {
    /// All, oldest first.
    pub const ALL: [Self; 10] = [
        Self::V0351,
        Self::V0400,
        Self::V0401,
        Self::V0500,
        Self::V0501,
        Self::V0600,
        Self::V0601,
        Self::V0602,
        Self::V0603,
        Self::V0A00,
    ];

    /// The value of `WINVER` (0x0501, for instance).
    pub const fn winver(self) -> u32 {
        match self {
            Self::V0351 => 0x0351,
            Self::V0400 => 0x0400,
            Self::V0401 => 0x0401,
            Self::V0500 => 0x0500,
            Self::V0501 => 0x0501,
            Self::V0600 => 0x0600,
            Self::V0601 => 0x0601,
            Self::V0602 => 0x0602,
            Self::V0603 => 0x0603,
            Self::V0A00 => 0x0A00,
        }
    }

    /// Whether programs of this generation were compiled for the machine.
    pub fn exists_on(self, machine: Machine) -> bool {
        machine == Machine::X86 || self >= Self::V0400
    }
}
