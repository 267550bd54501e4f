//! Instruction sets: which there are, which one runs, and what the decoder asks of them.
//!
//! A decoder picks its [`Isa`] once. The loops over a window of rows are written once, over the private trait
//! [`Lanes`], which has blocks of 64 bytes as its only data and a bit for each byte as its only answer. [`run`] calls
//! such a loop inside of a function that is compiled for the instruction set, so that everything of it is inlined
//! there; this happens once for each window, and costs nothing.
//!
//! All unsafe code of the crate is below this module. It is of three kinds: calls of functions for an instruction
//! set, proven by a value that only exists where the set does; loads and stores of arrays of the register's size;
//! and bytes that are known to be UTF-8 becoming part of a `String`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod lanes;
#[cfg(target_arch = "x86_64")]
mod sse42;
mod text;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use lanes::{Lanes, block_at, ending_at};
pub(crate) use text::{push_json, push_string};

/// An instruction set with kernels of its own.
///
/// The decoder takes the best one that the processor has; nothing needs to be chosen when a program is built. Tests
/// and benchmarks choose with [`DecoderConfig::isa`](crate::DecoderConfig::isa). What comes out is the same.
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
    /// Plain Rust, eight bytes at a time at most.
    Scalar,
    /// x86-64 with SSE 4.2 and carry-less multiplication (2010).
    Sse42,
    /// x86-64 with AVX2, BMI1 and BMI2 (2013).
    Avx2,
    /// x86-64 with AVX-512 F, BW, VL, VBMI and VBMI2 (2019).
    Avx512,
}

impl Isa {
    /// The best instruction set of this processor.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::Scalar)
    }

    /// The instruction sets of this processor, the best one last.
    pub fn available() -> impl Iterator<Item = Self> {
        [Self::Scalar, Self::Sse42, Self::Avx2, Self::Avx512]
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
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// A loop that runs on any instruction set.
pub(crate) trait Kernel {
    /// What comes out.
    type Output;

    /// The loop. To be marked `#[inline(always)]`, as everything it calls that has to do with lanes: what is not
    /// inlined is compiled without the instruction set.
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// The instruction set of a decoder, with the proof that the processor has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    /// No kernels: the decoder reads row by row.
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Sse42(sse42::Sse42),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
}

impl Level {
    /// The level of an instruction set; the scalar one if the processor does not have it.
    pub(crate) fn new(isa: Isa) -> Self {
        let level = match isa {
            Isa::Scalar => None,
            #[cfg(target_arch = "x86_64")]
            Isa::Sse42 => sse42::Sse42::new().map(Self::Sse42),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::Avx2::new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::Avx512::new().map(Self::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        };
        level.unwrap_or(Self::Scalar)
    }
}

/// Runs a loop on an instruction set; gives nothing if that has no kernels.
#[inline]
pub(crate) fn run<K: Kernel>(level: Level, kernel: K) -> Option<K::Output> {
    match level {
        Level::Scalar => None,
        // SAFETY: the value is only made where the processor has the instruction set.
        #[cfg(target_arch = "x86_64")]
        Level::Sse42(lanes) => Some(unsafe { sse42::run(lanes, kernel) }),
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(lanes) => Some(unsafe { avx2::run(lanes, kernel) }),
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(lanes) => Some(unsafe { avx512::run(lanes, kernel) }),
    }
}
