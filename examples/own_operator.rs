//! An operator of one's own in the model: an image that is seen mirrored along x, and reconstructed unmirrored.
//!
//! Whatever has a forward and a transposed direction can stand between the image and the lines of response: motion,
//! another grid, a resolution model.

mod common;

use coincide::operator::dot_test;
use coincide::prelude::*;

struct Mirror {
    shape: [usize; 3],
}

impl LinearOperator for Mirror {
    fn domain(&self) -> &[usize] {
        &self.shape
    }

    fn range(&self) -> &[usize] {
        &self.shape
    }

    fn forward(&self, x: &[f32], y: &mut [f32]) {
        let plane = self.shape[1] * self.shape[2];
        y.chunks_mut(plane).zip(x.chunks(plane).rev()).for_each(|(y, x)| y.copy_from_slice(x));
    }

    fn adjoint(&self, y: &[f32], x: &mut [f32]) {
        self.forward(y, x); // a mirror is its own transpose
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mirror: Arc<dyn LinearOperator> = Arc::new(Mirror { shape: common::grid().shape });
    println!("⟨Ax, y⟩ and ⟨x, Aᵀy⟩ differ by {:.1e}", dot_test(&*mirror, 1));
    let scan = common::scan(vec![mirror.clone()])?;
    for (name, chain) in [("with the mirror", vec![mirror]), ("without it", Vec::new())] {
        let model = Model::from(System::of_chain(&scan, common::grid(), chain, 6)?);
        let mut osem = Osem::new(&model, None).unwrap();
        drive(&mut osem, 10 * model.subsets(), &mut []);
        common::report(name, osem.image());
    }
    Ok(())
}
