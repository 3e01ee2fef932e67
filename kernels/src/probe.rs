//! What the machine can do: fused multiply-adds per second and bytes per second from each level of memory.
