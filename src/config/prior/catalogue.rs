//! What there is to know about every prior, in one table; `coincide priors` prints it. The parameters are not repeated
//! here: they come from the JSON Schema of the config's own tables.

use crate::prior::Capability;

/// A prior as the catalogue has it.
#[derive(Clone, Copy, Debug)]
pub struct CatalogueEntry {
    /// Name of the table in a config.
    pub name: &'static str,
    /// What an algorithm may ask of it.
    pub capability: Capability,
    /// R, or what stands for it.
    pub formula: &'static str,
    /// Unit of R; β is per that.
    pub unit: &'static str,
    /// Where it comes from.
    pub citation: &'static str,
}

const PAIRS: &str = "R = Σ over pairs of w κⱼ κₖ ψ(xⱼ, xₖ), w = voxel_x / distance; ";

/// The unit of the image.
const IMAGE: &str = "image unit";

/// Its square.
const SQUARE: &str = "(image unit)²";

/// All priors.
pub const CATALOGUE: &[CatalogueEntry] = &[
    CatalogueEntry {
        name: "quadratic",
        capability: Capability::Smooth,
        formula: "ψ = ½ (xⱼ − xₖ)²",
        unit: SQUARE,
        citation: "Geman & McClure 1987, Bull. Int. Stat. Inst. 52:5",
    },
    CatalogueEntry {
        name: "relative-difference",
        capability: Capability::Smooth,
        formula: "ψ = (xⱼ − xₖ)² / (xⱼ + xₖ + γ |xⱼ − xₖ| + ε)",
        unit: IMAGE,
        citation: "Nuyts et al. 2002, IEEE Trans. Nucl. Sci. 49:56; smoothed by ε as in STIR and PETRIC",
    },
    CatalogueEntry {
        name: "log-cosh",
        capability: Capability::Smooth,
        formula: "ψ = δ² ln cosh((xⱼ − xₖ) / δ)",
        unit: SQUARE,
        citation: "Green 1990, IEEE Trans. Med. Imaging 9:84",
    },
    CatalogueEntry {
        name: "huber",
        capability: Capability::Smooth,
        formula: "ψ = ½ d² for |d| ≤ δ, else δ |d| − ½ δ², d = xⱼ − xₖ",
        unit: SQUARE,
        citation: "Huber 1964, Ann. Math. Stat. 35:73",
    },
    CatalogueEntry {
        name: "hyperbolic-total-variation",
        capability: Capability::Smooth,
        formula: "R = Σⱼ (√(‖∇x‖² + ε²) − ε)",
        unit: IMAGE,
        citation: "Charbonnier et al. 1997, IEEE Trans. Image Process. 6:298",
    },
    CatalogueEntry {
        name: "total-variation",
        capability: Capability::Dual,
        formula: "R = Σⱼ ‖∇x‖",
        unit: IMAGE,
        citation: "Rudin, Osher & Fatemi 1992, Physica D 60:259; Chambolle & Pock 2011, J. Math. Imaging Vis. 40:120",
    },
    CatalogueEntry {
        name: "median-root",
        capability: Capability::Denoiser,
        formula: "pull towards the median M of 3 × 3 × 3 voxels: (x − M) / M in the denominator of EM",
        unit: "1",
        citation: "Alenius & Ruotsalainen 1997, Eur. J. Nucl. Med. 24:258",
    },
    CatalogueEntry {
        name: "bowsher",
        capability: Capability::Smooth,
        formula: "ψ of quadratic or relative-difference, on pairs that are alike in the anatomical image",
        unit: "as of ψ",
        citation: "Bowsher et al. 2004, IEEE NSS-MIC:2488; Vunckx et al. 2012, IEEE Trans. Med. Imaging 31:599",
    },
    CatalogueEntry {
        name: "parallel-level-sets",
        capability: Capability::Smooth,
        formula: "R = Σⱼ (√(‖∇x‖² − ⟨∇x, ξ⟩² + ε²) − ε), ξ = ∇v / √(‖∇v‖² + η²), v anatomical",
        unit: IMAGE,
        citation: "Ehrhardt et al. 2016, IEEE Trans. Med. Imaging 35:2189",
    },
    CatalogueEntry {
        name: "directional-total-variation",
        capability: Capability::Dual,
        formula: "R = Σⱼ ‖(I − ξ ξᵀ) ∇x‖, ξ = ∇v / √(‖∇v‖² + η²), v anatomical",
        unit: IMAGE,
        citation: "Ehrhardt & Betcke 2016, SIAM J. Imaging Sci. 9:1084",
    },
    CatalogueEntry {
        name: "non-local",
        capability: Capability::Smooth,
        formula: "ψ = ½ vⱼₖ (xⱼ − xₖ)², vⱼₖ = exp(−‖fⱼ − fₖ‖² / (2 h²)) of patches f of a guide, held fixed",
        unit: SQUARE,
        citation: "after Wang & Qi 2012, IEEE Trans. Med. Imaging 31:2194",
    },
    CatalogueEntry {
        name: "torchscript",
        capability: Capability::Denoiser,
        formula: "pull γ (x − D(x)) towards D(x) = c model(x / c), γ = β s̄ / c, s̄ mean sensitivity, c activity of the body",
        unit: "1",
        citation: "Venkatakrishnan et al. 2013, IEEE GlobalSIP:945; Romano et al. 2017, SIAM J. Imaging Sci. 10:1804",
    },
    CatalogueEntry {
        name: "kernel",
        capability: Capability::Kernel,
        formula: "x = K α, Kⱼₗ ∝ exp(−‖fⱼ − fₗ‖² / (2 σ²)) of the nearest patches f of the anatomical image",
        unit: "no R",
        citation: "Wang & Qi 2015, IEEE Trans. Med. Imaging 34:61",
    },
    CatalogueEntry {
        name: "ridge",
        capability: Capability::Smooth,
        formula: "R = c² Σ_f Σⱼ ψ_f((W_f x)ⱼ / c), filters W and piecewise-quadratic ψ learned, c mean activity of the body",
        unit: SQUARE,
        citation: "Goujon et al. 2023, IEEE Trans. Comput. Imaging 9:781; 2024, SIAM J. Imaging Sci. 17:91",
    },
    CatalogueEntry {
        name: "unrolled",
        capability: Capability::Unrolled,
        formula: "x ← argmin s (x − e ln x) + γ′/2 (x − z)², e = EM(x), z = max(0, x + c Net(x / c)), γ′ = γ s̄ / c",
        unit: "no R",
        citation: "Mehranian & Reader 2021, IEEE Trans. Radiat. Plasma Med. Sci. 5:54",
    },
];

impl CatalogueEntry {
    /// R in full.
    pub fn full_formula(&self) -> String {
        let pairs = if self.formula.starts_with('ψ') { PAIRS } else { "" };
        format!("{pairs}{}", self.formula)
    }
}
