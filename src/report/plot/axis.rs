//! One axis: its range, where values fall on it from 0 to 1, and its ticks.

/// Ticks that an axis has, about.
const TICKS: f64 = 8.0;
/// Room at both ends, as a share of the range of the data.
const ROOM: f64 = 0.05;

/// A range of values on a scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    log: bool,
    /// Ends, logarithms where the scale is logarithmic.
    low: f64,
    high: f64,
}

impl Axis {
    /// The axis that holds all values it can show.
    pub fn over(values: impl Iterator<Item = f64>, log: bool) -> Self {
        let scale = |value: f64| if log { value.log10() } else { value };
        let shown = values.map(scale).filter(|value| value.is_finite());
        let (low, high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return Self { log, low: 0.0, high: 1.0 };
        }
        // A single value still needs a range.
        let least = if log { 0.1 } else { 1e-3 * low.abs().max(high.abs()) };
        let room = (ROOM * (high - low)).max(least).max(f64::MIN_POSITIVE);
        Self { log, low: low - room, high: high + room }
    }

    /// Where a value falls, 0 at the low end and 1 at the high end; `None` where the scale has no place for it.
    pub fn place(&self, value: f64) -> Option<f64> {
        let scaled = if self.log { value.log10() } else { value };
        scaled.is_finite().then(|| (scaled - self.low) / (self.high - self.low))
    }

    /// The same for the end of an error bar, which is cut at the end of the axis.
    pub fn place_cut(&self, value: f64) -> f64 {
        let scaled = if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        ((scaled - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Places and names of the ticks, from low to high.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let values = if self.log { self.log_ticks() } else { self.linear_ticks(self.low, self.high) };
        let step = values.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        let name = |value: f64| if self.log { log_name(value) } else { linear_name(value, step) };
        values.into_iter().filter_map(|value| Some((self.place(value)?, name(value)))).collect()
    }

    fn linear_ticks(&self, low: f64, high: f64) -> Vec<f64> {
        let rough = (high - low) / TICKS;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * decade).into_iter().find(|step| *step >= rough).unwrap_or(decade);
        let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        (first..=last).map(|n| n as f64 * step).collect()
    }

    /// Decades, with 2 and 5 between them where there are few; linear steps within one decade.
    fn log_ticks(&self) -> Vec<f64> {
        let decades = self.high - self.low;
        if decades < 0.7 {
            return self.linear_ticks(10_f64.powf(self.low), 10_f64.powf(self.high));
        }
        let stride = (decades / TICKS).ceil().max(1.0) as i32;
        let between: &[f64] = if decades <= 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let exponents = self.low.floor() as i32..=self.high.ceil() as i32;
        let exponents = exponents.filter(|exponent| exponent.rem_euclid(stride) == 0);
        let values = exponents.flat_map(|exponent| between.iter().map(move |n| n * 10_f64.powi(exponent)));
        values.filter(|value| (self.low..=self.high).contains(&value.log10())).collect()
    }
}

/// As many decimals as the step needs.
fn linear_name(value: f64, step: f64) -> String {
    let size = value.abs().max(step);
    if !(1e-4..1e6).contains(&size) {
        return if value == 0.0 { "0".into() } else { format!("{value:.1e}") };
    }
    let decimals = if step.is_finite() { (-step.log10().floor()).clamp(0.0, 8.0) as usize } else { 3 };
    format!("{value:.decimals$}")
}

fn log_name(value: f64) -> String {
    if (1e-3..1e5).contains(&value) {
        // Rounding takes away what powers of ten leave behind.
        return format!("{}", (value * 1e6).round() / 1e6);
    }
    format!("{value:.0e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(values: &[f64], log: bool) -> Vec<String> {
        Axis::over(values.iter().copied(), log).ticks().into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(names(&[0.0, 1.0], false), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(names(&[31.0, 87.0], false), ["30", "40", "50", "60", "70", "80"]);
        assert_eq!(names(&[1e-5, 1.0], true), ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1"]);
        assert_eq!(names(&[0.01, 1.0], true), ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
    }

    #[test]
    fn any_values_make_an_axis() {
        for values in [&[][..], &[f64::NAN], &[3.0], &[0.0], &[-1.0, f64::INFINITY], &[1e300, -1e300]] {
            for log in [false, true] {
                let axis = Axis::over(values.iter().copied(), log);
                assert!(axis.low < axis.high && axis.ticks().len() < 20, "{values:?} {axis:?}");
            }
        }
        assert_eq!(Axis::over([1.0, 10.0].into_iter(), true).place(0.0), None);
    }
}
