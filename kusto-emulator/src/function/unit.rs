//! Conversion between units of measure.

use super::arguments::Arguments;
use super::kind::{Real, Text};
use super::lift::ternary;
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Units",
    functions: &[
        Function::new("convert_angle", (3, 3), SIGNATURE, |a| convert(a, ANGLES)),
        Function::new("convert_energy", (3, 3), SIGNATURE, |a| convert(a, ENERGIES)),
        Function::new("convert_force", (3, 3), SIGNATURE, |a| convert(a, FORCES)),
        Function::new("convert_length", (3, 3), SIGNATURE, |a| convert(a, LENGTHS)),
        Function::new("convert_mass", (3, 3), SIGNATURE, |a| convert(a, MASSES)),
        Function::new("convert_speed", (3, 3), SIGNATURE, |a| convert(a, SPEEDS)),
        Function::new("convert_temperature", (3, 3), SIGNATURE, |a| {
            ternary::<Real, Text, Text, Real>(a, |value, from, to| {
                let unit = |name: &str| {
                    let known = TEMPERATURES.iter().find(|(known, ..)| *known == name);
                    known.map(|(_, factor, zero)| (*factor, *zero))
                };
                let ((factor, zero), (to_factor, to_zero)) = (unit(from)?, unit(to)?);
                Some((value * factor + zero - to_zero) / to_factor)
            })
        }),
        Function::new("convert_volume", (3, 3), SIGNATURE, |a| convert(a, VOLUMES)),
    ],
};

const SIGNATURE: &str = "(number, from: string, to: string) -> real";

/// From one unit to another; a unit that is not known gives null.
fn convert(arguments: &Arguments<'_>, units: &'static [(&'static str, f64)]) -> Result<Call, BindError> {
    ternary::<Real, Text, Text, Real>(arguments, move |value, from, to| {
        let factor = |name: &str| units.iter().find(|(known, _)| *known == name);
        Some(value * factor(from)?.1 / factor(to)?.1)
    })
}

const DEGREE: f64 = std::f64::consts::PI / 180.0;

/// In radians.
const ANGLES: &[(&str, f64)] = &[
    ("Arcminute", DEGREE / 60.0),
    ("Arcsecond", DEGREE / 3600.0),
    ("Centiradian", 1e-2),
    ("Deciradian", 1e-1),
    ("Degree", DEGREE),
    ("Gradian", DEGREE * 0.9),
    ("Microdegree", DEGREE * 1e-6),
    ("Microradian", 1e-6),
    ("Millidegree", DEGREE * 1e-3),
    ("Milliradian", 1e-3),
    ("Nanodegree", DEGREE * 1e-9),
    ("Nanoradian", 1e-9),
    ("NatoMil", DEGREE * 360.0 / 6400.0),
    ("Radian", 1.0),
    ("Revolution", DEGREE * 360.0),
    ("Tilt", std::f64::consts::FRAC_PI_2),
];

/// In joules.
const ENERGIES: &[(&str, f64)] = &[
    ("Calorie", 4.184),
    ("ElectronVolt", 1.602_176_565e-19),
    ("Erg", 1e-7),
    ("GigawattHour", 3.6e12),
    ("HorsepowerHour", 2.684_519_537_696_172_6e6),
    ("Joule", 1.0),
    ("Kilocalorie", 4184.0),
    ("Kilojoule", 1e3),
    ("KilowattHour", 3.6e6),
    ("Megajoule", 1e6),
    ("MegawattHour", 3.6e9),
    ("Millijoule", 1e-3),
    ("WattHour", 3600.0),
];

/// In newtons.
const FORCES: &[(&str, f64)] = &[
    ("Decanewton", 10.0),
    ("Dyn", 1e-5),
    ("KilogramForce", 9.806_65),
    ("Kilonewton", 1e3),
    ("KiloPond", 9.806_65),
    ("Meganewton", 1e6),
    ("Micronewton", 1e-6),
    ("Millinewton", 1e-3),
    ("Newton", 1.0),
    ("OunceForce", 0.278_013_850_953_781_3),
    ("Poundal", 0.138_254_954_376),
    ("PoundForce", 4.448_221_615_260_5),
    ("TonneForce", 9806.65),
];

/// In metres.
const LENGTHS: &[(&str, f64)] = &[
    ("Angstrom", 1e-10),
    ("AstronomicalUnit", 1.495_978_707e11),
    ("Centimeter", 1e-2),
    ("Chain", 20.1168),
    ("Decimeter", 1e-1),
    ("Fathom", 1.8288),
    ("Foot", 0.3048),
    ("Hectometer", 1e2),
    ("Inch", 0.0254),
    ("Kilometer", 1e3),
    ("Meter", 1.0),
    ("Microinch", 2.54e-8),
    ("Micrometer", 1e-6),
    ("Mil", 2.54e-5),
    ("Mile", 1609.344),
    ("Millimeter", 1e-3),
    ("Nanometer", 1e-9),
    ("NauticalMile", 1852.0),
    ("Yard", 0.9144),
];

/// In kilograms.
const MASSES: &[(&str, f64)] = &[
    ("Centigram", 1e-5),
    ("Decagram", 1e-2),
    ("Decigram", 1e-4),
    ("Grain", 6.479_891e-5),
    ("Gram", 1e-3),
    ("Hectogram", 1e-1),
    ("Kilogram", 1.0),
    ("Kilotonne", 1e6),
    ("LongHundredweight", 50.802_345_44),
    ("LongTon", 1_016.046_908_8),
    ("Megatonne", 1e9),
    ("Microgram", 1e-9),
    ("Milligram", 1e-6),
    ("Nanogram", 1e-12),
    ("Ounce", 0.028_349_523_125),
    ("Pound", 0.453_592_37),
    ("ShortHundredweight", 45.359_237),
    ("ShortTon", 907.184_74),
    ("Stone", 6.350_293_18),
    ("Tonne", 1e3),
];

/// In metres a second.
const SPEEDS: &[(&str, f64)] = &[
    ("CentimeterPerHour", 1e-2 / 3600.0),
    ("CentimeterPerMinute", 1e-2 / 60.0),
    ("CentimeterPerSecond", 1e-2),
    ("DecimeterPerMinute", 1e-1 / 60.0),
    ("DecimeterPerSecond", 1e-1),
    ("FootPerHour", 0.3048 / 3600.0),
    ("FootPerMinute", 0.3048 / 60.0),
    ("FootPerSecond", 0.3048),
    ("InchPerHour", 0.0254 / 3600.0),
    ("InchPerMinute", 0.0254 / 60.0),
    ("InchPerSecond", 0.0254),
    ("KilometerPerHour", 1e3 / 3600.0),
    ("KilometerPerMinute", 1e3 / 60.0),
    ("KilometerPerSecond", 1e3),
    ("Knot", 1852.0 / 3600.0),
    ("MeterPerHour", 1.0 / 3600.0),
    ("MeterPerMinute", 1.0 / 60.0),
    ("MeterPerSecond", 1.0),
    ("MilePerHour", 0.447_04),
    ("MillimeterPerHour", 1e-3 / 3600.0),
    ("MillimeterPerMinute", 1e-3 / 60.0),
    ("MillimeterPerSecond", 1e-3),
    ("YardPerHour", 0.9144 / 3600.0),
    ("YardPerMinute", 0.9144 / 60.0),
    ("YardPerSecond", 0.9144),
];

/// In kelvins, and the zero of each scale.
const TEMPERATURES: &[(&str, f64, f64)] = &[
    ("DegreeCelsius", 1.0, 273.15),
    ("DegreeFahrenheit", 5.0 / 9.0, 273.15 - 32.0 * 5.0 / 9.0),
    ("DegreeRankine", 5.0 / 9.0, 0.0),
    ("DegreeReaumur", 1.25, 273.15),
    ("Kelvin", 1.0, 0.0),
];

/// In cubic metres.
const VOLUMES: &[(&str, f64)] = &[
    ("AcreFoot", 1_233.481_837_547_52),
    ("Centiliter", 1e-5),
    ("CubicCentimeter", 1e-6),
    ("CubicDecimeter", 1e-3),
    ("CubicFoot", 0.028_316_846_592),
    ("CubicInch", 1.638_706_4e-5),
    ("CubicKilometer", 1e9),
    ("CubicMeter", 1.0),
    ("CubicMile", 4.168_181_825_440_58e9),
    ("CubicMillimeter", 1e-9),
    ("CubicYard", 0.764_554_857_984),
    ("Deciliter", 1e-4),
    ("Hectoliter", 1e-1),
    ("ImperialGallon", 0.004_546_09),
    ("Kiloliter", 1.0),
    ("Liter", 1e-3),
    ("Microliter", 1e-9),
    ("Milliliter", 1e-6),
    ("OilBarrel", 0.158_987_294_928),
    ("UsCustomaryCup", 0.000_236_588_236_5),
    ("UsGallon", 0.003_785_411_784),
    ("UsOunce", 2.957_352_956_25e-5),
    ("UsPint", 4.731_764_73e-4),
    ("UsQuart", 9.463_529_46e-4),
];

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn units_are_converted() {
        check(
            "convert_length",
            &["real:1", "Foot", "Inch"],
            "real:12.000000000000002",
        );
        check("convert_energy", &["long:3", "Kilojoule", "Joule"], "real:3000");
        check(
            "convert_temperature",
            &["real:0", "DegreeCelsius", "Kelvin"],
            "real:273.15",
        );
        check(
            "convert_temperature",
            &["real:0", "Kelvin", "DegreeRankine"],
            "real:0",
        );
        check("convert_mass", &["real:1", "Kilogram", "Feather"], "real:null");
    }
}
