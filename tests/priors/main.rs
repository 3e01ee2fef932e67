//! Priors.

mod network;
mod prior_config;
mod prior_values;
mod priors;
mod ridge;
mod surrogates;
