//! Which models this machine can run at typing speed. The numbers are rules of thumb, not measurements.

use crate::manifest::Manifest;

/// Bytes per second that one core of a laptop reads. Generating a token reads every weight once, so this limits the speed.
const BYTES_PER_CORE: u64 = 4_000_000_000;
/// Bytes per second that all cores read together.
const BYTES_TOGETHER: u64 = 40_000_000_000;

/// A slower model finishes a line after the user has typed it.
const LEAST_TOKENS_PER_SECOND: u64 = 25;

/// The hardware that a model would run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// The number of threads that run at once.
    pub cores: usize,
    /// Bytes of memory in total. An editor and a compiler need their share.
    pub memory: u64,
    /// Whether this build of fimble runs models on a GPU.
    pub gpu: bool,
}

impl Machine {
    /// The machine that this process runs on.
    pub fn this(gpu: bool) -> Self {
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        Self { cores, memory: system.total_memory(), gpu }
    }

    /// Whether `model` needs at most half of the memory and, without a GPU, keeps up with typing.
    pub fn runs(&self, model: &Manifest) -> bool {
        let (Some(memory), Some(weights)) = (model.memory(), model.weights_in_memory()) else { return false };
        let bandwidth = (self.cores as u64 * BYTES_PER_CORE).min(BYTES_TOGETHER);
        memory <= self.memory / 2 && (self.gpu || bandwidth / weights.max(1) >= LEAST_TOKENS_PER_SECOND)
    }
}

/// The largest of `models` that `machine` runs well. `None` means that only the embedded model is small enough.
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
