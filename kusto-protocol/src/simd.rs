//! Instruction sets: which there are, which one runs, and what the decoder asks of them.
//!
//! A decoder picks its [`Isa`] once. The loops over a window of rows are written once, over the private trait
//! [`Lanes`], whose data are blocks of 64 bytes, with a bit for each byte as the answer, and single cells. [`run`] calls
//! such a loop inside of a function that is compiled for the instruction set, so that everything of it is inlined
//! there; this happens once for each window, and costs nothing.
//!
//! All unsafe code of the crate is in the files of this module. It is of four kinds: calls of functions for an instruction
//! set, proven by a value that only exists where the set does; loads and stores of arrays of the register's size;
//! loads at the places of many cells, all of which were compared with the ends of the bytes before; and bytes that
//! are known to be UTF-8 becoming part of a `String`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod decimal;
mod forms;
mod lanes;
mod level;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod scan;
#[cfg(target_arch = "x86_64")]
mod sse42;
#[cfg(test)]
mod tests;
mod text;
mod utf8;
mod view;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use decimal::push_decimal;
pub(crate) use lanes::{Bools, Group, Lanes, Numbers, append_marked, block_at, ending_at};
pub(crate) use level::{Kernel, Level, run};
pub(crate) use scan::plain_end;
pub(crate) use text::{Draft, ascii, escaped, push_json, push_string};
pub(crate) use view::View;

/// An instruction set with kernels of its own.
///
/// The decoder takes the best one that the processor has; nothing needs to be chosen when a program is built. Tests
/// and benchmarks choose with [`DecoderConfig::isa`](crate::DecoderConfig::isa). What comes out is the same. On other
/// architectures than x86-64 and 64-bit ARM there is only the scalar one.
///
/// ```
/// use kusto_protocol::Isa;
///
/// println!("rows are decoded with {:?}", Isa::detect());
/// assert!(Isa::available().any(|isa| isa == Isa::Scalar));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Isa {
    /// Plain Rust: words of eight bytes, and loops over arrays, for which compilers may take the vectors that every
    /// processor of the target has.
    Scalar,
    /// x86-64 with SSE 4.2 and carry-less multiplication (2010).
    Sse42,
    /// x86-64 with AVX2, BMI1 and BMI2 (2013).
    Avx2,
    /// x86-64 with AVX-512 F, BW, CD, DQ, VL, VBMI and VBMI2 (2019).
    Avx512,
    /// 64-bit ARM with NEON: all of them.
    Neon,
}

impl Isa {
    /// The best instruction set of this processor.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::Scalar)
    }

    /// The instruction sets of this processor, the best one last.
    pub fn available() -> impl Iterator<Item = Self> {
        [Self::Scalar, Self::Sse42, Self::Avx2, Self::Avx512, Self::Neon]
            .into_iter()
            .filter(|isa| isa.is_available())
    }

    /// Whether this processor has the instruction set.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Sse42 => sse42::Sse42::new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::Avx2::new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::Avx512::new().is_some(),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::Neon::new().is_some(),
            _ => false,
        }
    }
}
