//! The colours of series.

/// Red, green, blue.
pub(super) type Rgb = [u8; 3];

pub(super) const BACKGROUND: Rgb = [0xff, 0xff, 0xff];
pub(super) const TEXT: Rgb = [0x33, 0x33, 0x3b];
pub(super) const FAINT: Rgb = [0x76, 0x76, 0x82];
pub(super) const GRID: Rgb = [0xe6, 0xe6, 0xea];
pub(super) const AXIS: Rgb = [0x9a, 0x9a, 0xa4];

/// The colour of the n-th series. The first eight tell apart for the usual kinds of colour blindness.
pub(super) const fn of(series: usize) -> Rgb {
    SERIES[series % SERIES.len()]
}

/// The colour of the n-th series on a terminal, as a number of the 256-colour palette.
pub(super) const fn ansi_of(series: usize) -> u8 {
    ANSI[series % ANSI.len()]
}

const SERIES: [Rgb; 10] = [
    [0x1f, 0x77, 0xb4],
    [0xf2, 0x8e, 0x1c],
    [0x1b, 0x9e, 0x77],
    [0xd6, 0x45, 0x5d],
    [0x7a, 0x5a, 0xb5],
    [0x4d, 0xb6, 0xe2],
    [0x8c, 0x6d, 0x31],
    [0xe0, 0x7b, 0xb8],
    [0x6b, 0x6f, 0x7b],
    [0xb5, 0xbd, 0x2c],
];

const ANSI: [u8; 10] = [39, 208, 42, 203, 141, 81, 137, 212, 246, 148];
