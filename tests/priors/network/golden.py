"""Golden values of tests/priors/network.rs: the networks' formula z = max(0, x + c * body(x / c [, anatomy])) by PyTorch.

python golden.py    (torch 2.11.0, safetensors; writes golden.json, torch.safetensors and torch.json beside itself)
"""
import hashlib
import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent


def noise(count, seed):
    """The numbers of `noise` in tests/priors/network.rs: -1 to 1."""
    state, values = seed, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state >> 8) / 2**23 - 1)
    return torch.tensor(values, dtype=torch.float32)


def image(shape, seed):
    return 7.5 * (1 + noise(math.prod(shape), seed)).reshape(shape)


def weights(layers):
    """Layer i of noise with seed i + 1, scaled so that the variance of the channels stays."""
    found = []
    for i, (kernel, inputs, outputs) in enumerate(layers):
        values = noise(outputs * inputs * math.prod(kernel), i + 1)
        found.append((values * math.sqrt(3 / (inputs * math.prod(kernel)))).reshape(outputs, inputs, *kernel))
    return found


def network(weights, x, anatomy, scale):
    channels = [x / scale] + ([] if anatomy is None else [anatomy])
    y = torch.stack(channels)[None]
    for i, w in enumerate(weights):
        y = torch.nn.functional.conv3d(y, w, padding=[side // 2 for side in w.shape[2:]])
        if i + 1 < len(weights):
            y = torch.relu(y)
    return torch.relu(x + scale * y[0, 0])


def golden(name, shape, layers, scale, guided):
    x = image(shape, 11)
    anatomy = (image(shape, 12) / 15) if guided else None
    if guided:
        anatomy = (anatomy - anatomy.min()) / (anatomy.max() - anatomy.min())
    z = network(weights(layers), x, anatomy, scale)
    return {"name": name, "shape": shape, "scale": scale, "guided": guided,
            "layers": [{"kernel": k, "in": i, "out": o} for k, i, o in layers],
            "z": [float(f"{v:.8g}") for v in z.flatten().tolist()]}


def chain(first, other, depth, width, inputs):
    ends = [inputs] + [width] * (depth - 1) + [1]
    return [(first if i == 0 else other, ends[i], ends[i + 1]) for i in range(depth)]


flat, thick, cube = [3, 3, 1], [3, 3, 5], [3, 3, 3]
cases = [
    golden("2-D", [9, 11, 1], chain(flat, flat, 5, 32, 1), 3.0, False),
    golden("2.5-D with anatomy", [5, 6, 7], chain(thick, flat, 4, 32, 2), 8.0, True),
    golden("3-D", [5, 4, 14], chain(cube, cube, 4, 20, 1), 15.0, False),
    golden("from a file", [4, 5, 6], chain(cube, cube, 3, 4, 1), 6.0, False),
]
(HERE / "golden.json").write_text(json.dumps(cases) + "\n")

# The last case as a model, written by PyTorch's own library.
tensors = {f"stage0.layer{i}.weight": w.contiguous() for i, w in enumerate(weights(chain(cube, cube, 3, 4, 1)))}
tensors["gamma"] = torch.tensor([0.05])
save_file(tensors, HERE / "torch.safetensors")
card = {
    "format": 1,
    "kind": "unrolled",
    "architecture": {
        "layers": cases[-1]["layers"], "stages": 1, "shared": True, "anatomical": False, "applied": "iteration",
    },
    "sha256": hashlib.sha256((HERE / "torch.safetensors").read_bytes()).hexdigest(),
    "iterations": 4,
    "subsets": 4,
    "training_data": "none: noise",
    "scanners": ["small"],
    "prompts_per_mm": [1e3, 1e6],
    "voxel_mm": [2.0, 8.0],
    "target_resolution_mm": 4.0,
    "licence": "MIT",
    "metrics": {},
    "commit": "none",
    "command": "python golden.py",
}
(HERE / "torch.json").write_text(json.dumps(card, indent=2) + "\n")
