//! Images turned and mirrored across the axis: eight looks of one body where it is square, four where it is not.

/// Ways to turn and mirror a square.
pub(super) const TURNS: usize = 8;

/// An image, mirrored along x, along y, and with x and y exchanged, as the bits of `turn` say; the last only where it
/// is square.
pub(super) fn turned(image: &[f32], [nx, ny, nz]: [usize; 3], turn: usize) -> Vec<f32> {
    let swap = turn & 4 != 0 && nx == ny;
    let mut turned = Vec::with_capacity(image.len());
    for x in 0..nx {
        for y in 0..ny {
            let (x, y) = if swap { (y, x) } else { (x, y) };
            let x = if turn & 1 != 0 { nx - 1 - x } else { x };
            let y = if turn & 2 != 0 { ny - 1 - y } else { y };
            turned.extend_from_slice(&image[(x * ny + y) * nz..][..nz]);
        }
    }
    turned
}

/// The turn that takes another one back.
pub(super) fn back([nx, ny, _]: [usize; 3], turn: usize) -> usize {
    match turn & 4 != 0 && nx == ny {
        true => 4 | (turn & 1) << 1 | (turn & 2) >> 1,
        false => turn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(voxels: usize) -> Vec<f32> {
        (0..voxels).map(|n| n as f32).collect()
    }

    #[test]
    fn eight_turns_of_a_square_and_four_of_a_rectangle() {
        let different = |shape: [usize; 3]| {
            let images = (0..TURNS).map(|turn| turned(&image(shape.iter().product()), shape, turn));
            let mut images: Vec<Vec<f32>> = images.collect();
            images.sort_by(|a, b| a.partial_cmp(b).unwrap());
            images.dedup();
            images.len()
        };
        assert_eq!((different([3, 3, 2]), different([3, 4, 2])), (8, 4));
        assert_eq!(turned(&image(8), [2, 2, 2], 4), [0.0, 1.0, 4.0, 5.0, 2.0, 3.0, 6.0, 7.0]);
        assert_eq!(turned(&image(8), [2, 2, 2], 1), [4.0, 5.0, 6.0, 7.0, 0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn every_turn_is_taken_back() {
        for shape in [[3, 3, 2], [3, 4, 2]] {
            for turn in 0..TURNS {
                let image = image(shape.iter().product());
                assert_eq!(turned(&turned(&image, shape, turn), shape, back(shape, turn)), image, "{shape:?} {turn}");
            }
        }
    }
}
