//! Unpredictable bytes, as an argument.
//!
//! Only the binary asks the operating system for them; tests seed a generator. Nothing here draws on its own.

/// Gives unpredictable bytes. `adieu` asks the operating system, tests a seeded generator.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` unpredictable bytes.
pub fn draw<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}

/// A random UUID (version 4) from the given source.
pub fn draw_uuid(entropy: &dyn Entropy) -> uuid::Uuid {
    uuid::Builder::from_random_bytes(draw(entropy)).into_uuid()
}
