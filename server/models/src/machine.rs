//! Which models this machine can run at typing speed. The numbers are rules of thumb, not measurements.

use crate::manifest::Manifest;

/// Bytes per second that one core of a laptop reads in mistral.rs. Generating a token reads every weight once, so this limits
/// the speed.
const BYTES_PER_CORE: u64 = 4_000_000_000;
/// The same in llama.cpp, from one measurement: two AVX2 cores took 32 ms for a token of a model of 0.53 GB.
const LLAMA_CPP_BYTES_PER_CORE: u64 = 8_000_000_000;
/// Bytes per second that all cores read together.
const BYTES_TOGETHER: u64 = 40_000_000_000;

/// A slower model finishes a line after the user has typed it.
const LEAST_TOKENS_PER_SECOND: u64 = 25;

/// What an engine of this build computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Processor {
    /// The cores of the machine.
    Cpu,
    /// A graphics card.
    Gpu,
}

/// The hardware that a model would run on, and the engines that would run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// The number of threads that run at once.
    pub cores: usize,
    /// Bytes of memory in total. An editor and a compiler need their share.
    pub memory: u64,
    /// What mistral.rs computes on.
    pub mistralrs: Processor,
    /// What llama.cpp computes on. `None` if it does not run models here. It runs only models in GGUF.
    pub llama_cpp: Option<Processor>,
}

impl Machine {
    /// The machine that this process runs on, with these engines.
    pub fn this(mistralrs: Processor, llama_cpp: Option<Processor>) -> Self {
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        let cores = std::thread::available_parallelism().map_or(1, Into::into);
        Self { cores, memory: system.total_memory(), mistralrs, llama_cpp }
    }

    /// Whether `model` needs at most half of the memory and, without a GPU, keeps up with typing. A model in GGUF does so only
    /// in llama.cpp.
    pub fn runs(&self, model: &Manifest) -> bool {
        let (Some(memory), Some(weights)) = (model.memory(), model.weights_in_memory()) else { return false };
        let Some(processor) = self.processor(model) else { return false };
        let per_core = if model.is_gguf() { LLAMA_CPP_BYTES_PER_CORE } else { BYTES_PER_CORE };
        let bandwidth = (self.cores as u64 * per_core).min(BYTES_TOGETHER);
        let keeps_up = processor == Processor::Gpu || bandwidth / weights.max(1) >= LEAST_TOKENS_PER_SECOND;
        memory <= self.memory / 2 && keeps_up
    }

    fn processor(&self, model: &Manifest) -> Option<Processor> {
        if model.is_gguf() { self.llama_cpp } else { Some(self.mistralrs) }
    }
}

/// The largest of `models` that `machine` runs well, in its fastest engine. `None` means that only the embedded model is small
/// enough.
pub fn recommended<'a>(machine: &Machine, models: impl IntoIterator<Item = &'a Manifest>) -> Option<&'a Manifest> {
    let candidates = models.into_iter().filter(|model| model.recommend != Some(false) && machine.runs(model));
    let speed = |model: &Manifest| (machine.processor(model), model.is_gguf());
    candidates.max_by_key(|model| (speed(model), model.parameters, model.weights_in_memory()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Quantization, Source};
    use Processor::{Cpu, Gpu};

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
        let best = |cores, gigabytes: u64, mistralrs| {
            let machine = Machine { cores, memory: gigabytes << 30, mistralrs, llama_cpp: None };
            recommended(&machine, &models).map(|model| model.name.as_str())
        };
        assert_eq!(best(2, 8, Cpu), None);
        assert_eq!(best(4, 8, Cpu), Some("small"));
        assert_eq!(best(64, 64, Cpu), Some("small"));
        assert_eq!(best(8, 32, Gpu), Some("large"));
        assert_eq!(best(8, 1, Gpu), None);
    }

    #[test]
    fn a_model_in_gguf_is_for_llama_cpp() {
        let model = |name: &str, parameters| Manifest {
            name: name.to_owned(),
            parameters: Some(parameters),
            quantize: Some(Quantization::Q4k),
            ..Manifest::default()
        };
        let gguf = |name: &str, parameters, file_size| Manifest {
            file_size: Some(file_size),
            source: Some(Source {
                repository: "somebody/model".to_owned(),
                revision: None,
                files: Some(vec!["model.gguf".to_owned()]),
                sha256: Default::default(),
            }),
            ..model(name, parameters)
        };
        let models = [
            model("small", 494_000_000),
            model("large", 1_540_000_000),
            gguf("small-gguf", 494_000_000, 531_000_000),
            gguf("large-gguf", 1_540_000_000, 1_647_000_000),
            Manifest { recommend: Some(false), ..gguf("untried-gguf", 1_540_000_000, 1_117_000_000) },
        ];
        let best = |cores, mistralrs, llama_cpp| {
            let machine = Machine { cores, memory: 16 << 30, mistralrs, llama_cpp };
            recommended(&machine, &models).map(|model| model.name.as_str())
        };
        assert_eq!(best(8, Cpu, None), Some("large"));
        assert_eq!(best(8, Cpu, Some(Cpu)), Some("small-gguf"));
        assert_eq!(best(2, Cpu, Some(Cpu)), Some("small-gguf"));
        assert_eq!(best(1, Cpu, Some(Cpu)), None);
        assert_eq!(best(2, Cpu, Some(Gpu)), Some("large-gguf"));
        assert_eq!(best(2, Gpu, Some(Cpu)), Some("large"));
    }
}
