//! How long a measurement may take: as long as it needs, or two minutes.
//!
//! A quick one has fewer rounds and smaller sizes, and says less surely.

/// How long a measurement may take.
#[derive(Clone, Copy)]
pub(crate) struct BenchPace {
    quick: bool,
}

impl BenchPace {
    /// What the command line says.
    pub(crate) fn of(words: &[&str]) -> Self {
        Self { quick: words.contains(&"--quick") }
    }

    /// The one for a whole measurement, or the one for a quick one.
    pub(crate) fn either<T>(self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }
}
