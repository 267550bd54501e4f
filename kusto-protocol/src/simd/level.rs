//! The instruction set of a decoder, and how a loop gets there.

use super::Isa;
use super::lanes::Lanes;
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, sse42};

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
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Sse42(sse42::Sse42),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
}

impl Level {
    /// The level of an instruction set; the scalar one if the processor does not have it.
    pub(crate) fn new(isa: Isa) -> Self {
        let level = match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Sse42 => sse42::Sse42::new().map(Self::Sse42),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => avx2::Avx2::new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => avx512::Avx512::new().map(Self::Avx512),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => neon::Neon::new().map(Self::Neon),
            _ => None,
        };
        level.unwrap_or(Self::Scalar)
    }
}

/// Runs a loop on an instruction set.
#[inline]
pub(crate) fn run<K: Kernel>(level: Level, kernel: K) -> K::Output {
    match level {
        Level::Scalar => portable::run(kernel),
        // SAFETY: the value is only made where the processor has the instruction set.
        #[cfg(target_arch = "x86_64")]
        Level::Sse42(lanes) => unsafe { sse42::run(lanes, kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(lanes) => unsafe { avx2::run(lanes, kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(lanes) => unsafe { avx512::run(lanes, kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Level::Neon(lanes) => unsafe { neon::run(lanes, kernel) },
    }
}
