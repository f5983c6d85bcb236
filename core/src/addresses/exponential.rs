//! Times between events that nobody can foresee, without floating point.

use core::time::Duration;

/// ln 2, of 2³².
const LN_2: u128 = 2_977_044_472;
/// Bits after the point of a logarithm.
const BITS: u32 = 24;

/// Returns a time from the exponential distribution with this mean (Bitcoin Core `src/random.h` `rand_exp_duration`):
/// `-mean · ln(u)`, u the random word as a fraction. At most 45 times the mean.
pub(super) fn exponential(mean: Duration, random: u64) -> Duration {
    // −log₂ of the fraction, with 24 bits after the point: the whole part is the number of leading zeros, and each
    // squaring of the rest gives one bit more.
    let fraction = random.max(1);
    let zeros = fraction.leading_zeros();
    let mut rest = fraction << zeros;
    let mut log = 0_u64;
    for _ in 0..BITS {
        log <<= 1;
        let square = (u128::from(rest) * u128::from(rest)) >> 64;
        rest = square as u64;
        if rest >> 63 == 0 {
            rest <<= 1;
        } else {
            log |= 1;
        }
    }
    // `rest` was in [1/2, 1) of 2⁶⁴: its logarithm is the fraction less one.
    let minus_log = u128::from(((u64::from(zeros) + 1) << BITS) - log);
    let micros = (mean.as_micros() * minus_log * LN_2) >> (BITS + 32);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}
