//! A small scan that the examples reconstruct: a warm disc with a hot one in it, noise-free.

use coincide::prelude::*;

/// Voxels of 10 mm around the axis.
pub fn grid() -> ImageGrid {
    ImageGrid::centred([36, 36, 5], [10.0, 10.0, 2.03125])
}

/// 1 in a disc of 120 mm, 4 in one of 30 mm that lies 50 mm to the left of the patient.
pub fn truth() -> Vec<f32> {
    let grid = grid();
    let [_, ny, nz] = grid.shape;
    let value = |voxel: usize| {
        let [x, y, _] = grid.centre_mm([voxel / (ny * nz), voxel / nz % ny, voxel % nz]);
        if (x - 50.0).hypot(y) < 30.0 { 4.0 } else { f32::from(u8::from(x.hypot(y) < 120.0)) }
    };
    (0..grid.voxels()).map(value).collect()
}

/// Its scan on three rings of 72 crystals, with what the image goes through before it is projected.
pub fn scan(chain: Vec<Arc<dyn LinearOperator>>) -> Result<Arc<Measurement>, Box<dyn std::error::Error>> {
    let scanner =
        Scanner { rings: 3, crystals_per_ring: 72, radial_bins: 33, ..preset("siemens-mmr").expect("a preset") };
    let geometry = SinogramGeometry::new(scanner, AxialCompression::Span { span: 1, max_ring_difference: 2 }, 1, 0)?;
    let prompts = vec![0.0; geometry.bins()].into();
    let empty = Measurement {
        geometry,
        prompts,
        factors: None,
        background: None,
        ledger: Ledger::raw().calibrated(),
        clock: Clock::default(),
    };
    let system = System::of_chain(&Arc::new(empty.clone()), grid(), chain, 1)?;
    let prompts = Model::from(system).expected(&truth()).into();
    Ok(Arc::new(Measurement { prompts, ..empty }))
}

/// Mean of the hot disc, and of the warm one beside it.
pub fn report(name: &str, image: &[f32]) {
    let mean = |wanted: f32| {
        let inside: Vec<f32> =
            image.iter().zip(truth()).filter(|(_, truth)| *truth == wanted).map(|(x, _)| *x).collect();
        inside.iter().sum::<f32>() / inside.len() as f32
    };
    println!("{name}: {:.2} where 4 is true, {:.2} where 1 is", mean(4.0), mean(1.0));
}
