//! What this machine can run at the speed of typing: a rule of thumb, not a measurement.

use crate::manifest::Manifest;

/// Generating a token reads every weight once. What a core of a laptop reads a second, and all of them together, in bytes.
const BYTES_PER_CORE: u64 = 4_000_000_000;
const BYTES_TOGETHER: u64 = 40_000_000_000;

/// Under this a line is not there before its reader has typed it.
const LEAST_TOKENS_PER_SECOND: u64 = 25;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    pub cores: usize,
    /// Bytes, of which an editor and a compiler need their part.
    pub memory: u64,
    /// fimble was built to run models on a GPU.
    pub gpu: bool,
}

impl Machine {
    pub fn this(gpu: bool) -> Self {
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        Self { cores, memory: system.total_memory(), gpu }
    }

    /// Whether `model` leaves half of the memory to others and, without a GPU, keeps up with a typist.
    pub fn runs(&self, model: &Manifest) -> bool {
        let (Some(memory), Some(weights)) = (model.memory(), model.weights_in_memory()) else { return false };
        let bandwidth = (self.cores as u64 * BYTES_PER_CORE).min(BYTES_TOGETHER);
        memory <= self.memory / 2 && (self.gpu || bandwidth / weights.max(1) >= LEAST_TOKENS_PER_SECOND)
    }
}

/// The largest of `models` that `machine` runs well; none, where only the embedded model is small enough.
pub fn recommended<'a>(machine: &Machine, models: impl IntoIterator<Item = &'a Manifest>) -> Option<&'a Manifest> {
    models.into_iter().filter(|model| machine.runs(model)).max_by_key(|model| model.parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Quantization;

    #[test]
    fn more_machine_gets_a_larger_model() {
        let model = |name: &str, parameters, quantize| Manifest {
            name: name.to_owned(),
            parameters: Some(parameters),
            quantize: Some(quantize),
            ..Manifest::default()
        };
        let models =
            [model("small", 494_000_000, Quantization::Q8_0), model("large", 7_600_000_000, Quantization::Q4k)];
        let best = |cores, gigabytes: u64, gpu| {
            let machine = Machine { cores, memory: gigabytes << 30, gpu };
            recommended(&machine, &models).map(|model| model.name.as_str())
        };
        assert_eq!(best(2, 8, false), None);
        assert_eq!(best(4, 8, false), Some("small"));
        assert_eq!(best(64, 64, false), Some("small"));
        assert_eq!(best(8, 32, true), Some("large"));
        assert_eq!(best(8, 1, true), None);
    }
}
