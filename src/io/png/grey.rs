//! The grey scale: 0 and below is white, `black` and above is black.

use super::canvas::{Canvas, LETTER_HEIGHT, text_width};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grey {
    pub(super) black: f32,
}

impl Grey {
    /// Black at the 99.9th percentile of the values, so that a few noisy pixels do not pale all others.
    pub(super) fn of(values: impl Iterator<Item = f32>) -> Self {
        let mut values: Vec<f32> = values.collect();
        values.sort_unstable_by(f32::total_cmp);
        let last = values.len().saturating_sub(1);
        let percentile = values.get(last * 999 / 1000).copied().unwrap_or(0.0);
        let black = if percentile > 0.0 { percentile } else { values.last().copied().unwrap_or(0.0) };
        Self { black: if black > 0.0 { black } else { 1.0 } }
    }

    pub(super) fn pixel(self, value: f32) -> u8 {
        255 - (value / self.black * 255.0).round().clamp(0.0, 255.0) as u8
    }

    /// A bar from white to black with its two ends named.
    pub(super) fn draw(self, canvas: &mut Canvas, [x, y]: [usize; 2], width: usize, unit: &str) {
        let height = LETTER_HEIGHT - 6;
        for column in 0..width {
            let value = self.black * column as f32 / (width - 1) as f32;
            canvas.fill([x + column, y], [1, height], self.pixel(value));
        }
        canvas.frame([x, y], [width, height], 160);
        let top = format!("{} {unit}", short(self.black));
        canvas.text(x, y + height + 4, "0");
        canvas.text((x + width).saturating_sub(text_width(&top)).max(x + text_width("0 ")), y + height + 4, &top);
    }
}

/// About three digits.
pub(super) fn short(value: f32) -> String {
    match value.abs() {
        size if !(1e-2..1e5).contains(&size) => format!("{value:.2e}"),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_white_and_the_top_is_black() {
        let grey = Grey::of((0..=1000).map(|i| i as f32));
        assert_eq!(grey, Grey { black: 999.0 });
        assert_eq!([-5.0, 0.0, 499.5, 999.0, 2e9].map(|value| grey.pixel(value)), [255, 255, 127, 0, 0]);
        assert_eq!(Grey::of([0.0; 3].into_iter()).black, 1.0);
        assert_eq!(Grey::of([0.0, 0.0, 4.0].into_iter()).black, 4.0);
    }

    #[test]
    fn three_digits_are_enough() {
        assert_eq!([12345.6, 123.4, 12.34, 1.234, 0.001234].map(short), ["12346", "123", "12.3", "1.23", "1.23e-3"]);
    }
}
