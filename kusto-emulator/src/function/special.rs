//! Special functions of mathematics: the error function, gamma and beta.

use super::arguments::Arguments;
use super::kind::Real;
use super::lift::{ternary, unary, variadic};
use super::{Call, Family, Function};
use crate::error::BindError;

pub(super) const FAMILY: Family = Family {
    name: "Special functions",
    functions: &[
        Function::new("beta_cdf", (3, 3), "(x, alpha, beta) -> real", |a| {
            beta(a, beta_cdf)
        }),
        Function::new("beta_inv", (3, 3), "(probability, alpha, beta) -> real", |a| {
            beta(a, beta_inv)
        }),
        Function::new("beta_pdf", (3, 3), "(x, alpha, beta) -> real", |a| {
            beta(a, beta_pdf)
        }),
        Function::new("erf", (1, 1), "(number) -> real", |a| real(a, erf)),
        Function::new("erfc", (1, 1), "(number) -> real", |a| real(a, erfc)),
        Function::new("gamma", (1, 1), "(number) -> real", |a| real(a, gamma)),
        Function::new("loggamma", (1, 1), "(number) -> real", |a| real(a, log_gamma)),
        Function::new(
            "welch_test",
            (6, 6),
            "(mean, variance, count, mean, variance, count) -> real",
            |a| {
                variadic::<Real, Real>(a, |values| {
                    let values: Option<Vec<f64>> = values.iter().copied().collect();
                    let [mean, variance, count, other_mean, other_variance, other_count] = values?[..] else {
                        return None;
                    };
                    let (own, other) = (variance / count, other_variance / other_count);
                    Some(welch_test(mean - other_mean, (own, count), (other, other_count)))
                })
            },
        ),
    ],
};

fn real(arguments: &Arguments<'_>, function: fn(f64) -> f64) -> Result<Call, BindError> {
    unary::<Real, Real>(arguments, move |value| Some(function(value)))
}

fn beta(arguments: &Arguments<'_>, function: fn(f64, f64, f64) -> f64) -> Result<Call, BindError> {
    ternary::<Real, Real, Real, Real>(arguments, move |x, alpha, beta| Some(function(x, alpha, beta)))
}

/// How likely means that differ so are if both samples come from populations of one mean: Welch's test, two-sided.
///
/// Of each sample the variance of its mean, and its size.
fn welch_test(difference: f64, (own, size): (f64, f64), (other, other_size): (f64, f64)) -> f64 {
    let variance = own + other;
    let freedom = variance * variance / (own * own / (size - 1.0) + other * other / (other_size - 1.0));
    let t_squared = difference * difference / variance;
    beta_cdf(freedom / (freedom + t_squared), freedom / 2.0, 0.5)
}

/// The error function: its series where it is small, a continued fraction of the rest where it is near 1.
fn erf(x: f64) -> f64 {
    if x.abs() > 2.5 {
        return x.signum() - x.signum() * tail(x.abs());
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > sum.abs() * f64::EPSILON / 4.0 {
        n += 1.0;
        term *= -x * x / n;
        sum += term / (2.0 * n + 1.0);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

fn erfc(x: f64) -> f64 {
    match x {
        x if x > 2.5 => tail(x),
        x => 1.0 - erf(x),
    }
}

/// What the error function lacks of 1, for numbers that are not small.
fn tail(x: f64) -> f64 {
    let mut fraction = 0.0;
    for n in (1..=120).rev() {
        fraction = f64::from(n) / 2.0 / (x + fraction);
    }
    (-x * x).exp() / ((x + fraction) * std::f64::consts::PI.sqrt())
}

fn gamma(x: f64) -> f64 {
    if x <= 0.0 && x.fract() == 0.0 {
        return f64::NAN;
    }
    // Factorials are exact as long as they are whole numbers that a real holds.
    if x.fract() == 0.0 && x < 24.0 {
        return (1..x as u64).map(|factor| factor as f64).product();
    }
    if x < 0.5 {
        return std::f64::consts::PI / ((std::f64::consts::PI * x).sin() * gamma(1.0 - x));
    }
    log_gamma(x).exp()
}

/// The logarithm of gamma, by Lanczos' approximation with g = 7 and nine terms.
fn log_gamma(x: f64) -> f64 {
    if x <= 0.0 && x.fract() == 0.0 {
        return f64::INFINITY;
    }
    if x < 0.5 {
        let reflected = std::f64::consts::PI / (std::f64::consts::PI * x).sin().abs();
        return reflected.ln() - log_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let terms = LANCZOS.iter().enumerate().skip(1);
    let sum = terms.fold(LANCZOS[0], |sum, (place, term)| sum + term / (x + place as f64));
    let base = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

fn log_beta(alpha: f64, beta: f64) -> f64 {
    log_gamma(alpha) + log_gamma(beta) - log_gamma(alpha + beta)
}

fn beta_pdf(x: f64, alpha: f64, beta: f64) -> f64 {
    if !(0.0..=1.0).contains(&x) || alpha <= 0.0 || beta <= 0.0 {
        return f64::NAN;
    }
    ((alpha - 1.0) * x.ln() + (beta - 1.0) * (-x).ln_1p() - log_beta(alpha, beta)).exp()
}

/// The regularized incomplete beta function, by its continued fraction on the side where that converges.
fn beta_cdf(x: f64, alpha: f64, beta: f64) -> f64 {
    if !(0.0..=1.0).contains(&x) {
        return f64::NAN;
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    let front = (alpha * x.ln() + beta * (-x).ln_1p() - log_beta(alpha, beta)).exp();
    if x < (alpha + 1.0) / (alpha + beta + 2.0) {
        front * beta_fraction(x, alpha, beta) / alpha
    } else {
        1.0 - front * beta_fraction(1.0 - x, beta, alpha) / beta
    }
}

/// Lentz' way of a continued fraction.
fn beta_fraction(x: f64, alpha: f64, beta: f64) -> f64 {
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (alpha + beta) * x / (alpha + 1.0));
    let mut fraction = d;
    for m in 1..=300 {
        let m = f64::from(m);
        let even = m * (beta - m) * x / ((alpha + 2.0 * m - 1.0) * (alpha + 2.0 * m));
        let odd = -(alpha + m) * (alpha + beta + m) * x / ((alpha + 2.0 * m) * (alpha + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            step = d * c;
            fraction *= step;
        }
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// The point below which so much of the distribution lies, by halving.
fn beta_inv(probability: f64, alpha: f64, beta: f64) -> f64 {
    if !(0.0..=1.0).contains(&probability) || alpha <= 0.0 || beta <= 0.0 {
        return f64::NAN;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        match beta_cdf(middle, alpha, beta) < probability {
            true => low = middle,
            false => high = middle,
        }
    }
    f64::midpoint(low, high)
}

const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_tables() {
        let near = |found: f64, expected: f64| {
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "{found} {expected}"
            );
        };
        near(erf(1.0), 0.842_700_792_949_715);
        near(erf(-3.0), -0.999_977_909_503_001);
        near(erfc(3.0), 2.209_049_699_858_544e-5);
        near(erfc(-1.0), 1.842_700_792_949_715);
        near(gamma(5.0), 24.0);
        near(gamma(0.5), std::f64::consts::PI.sqrt());
        near(gamma(-0.5), -2.0 * std::f64::consts::PI.sqrt());
        near(log_gamma(10.0), 362_880_f64.ln());
        near(beta_cdf(0.5, 2.0, 2.0), 0.5);
        near(beta_pdf(0.5, 2.0, 2.0), 1.5);
        near(beta_inv(beta_cdf(0.3, 4.0, 2.5), 4.0, 2.5), 0.3);
        // 20 degrees of freedom: tables of Student's distribution have 5 % at 2.086.
        assert!((welch_test(2.086, (0.5, 11.0), (0.5, 11.0)) - 0.05).abs() < 1e-4);
        assert!(gamma(-2.0).is_nan() && beta_cdf(1.5, 1.0, 1.0).is_nan() && erf(f64::NAN).is_nan());
    }
}
