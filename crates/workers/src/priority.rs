//! The priority of a thread: work that nobody waits for leaves the processor to work that somebody waits for.
//!
//! Linux keeps a niceness for each thread (nice(2), NOTES); other systems keep one for the whole process, which stays as it is.

/// How much of the processor a thread gets where others want it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// As much as any other one.
    Normal,
    /// About a tenth of what one with [`Priority::Normal`] gets; all of it where no other one wants it.
    Low,
}

impl Priority {
    /// Gives the calling thread this priority. A thread that has a low one keeps it.
    pub fn of_this_thread(self) {
        match self {
            Self::Normal => {}
            Self::Low => lower(),
        }
    }
}

#[cfg(target_os = "linux")]
fn lower() {
    /// A step of one is a factor of about 1.25.
    const LOW: i32 = 10;
    if let Err(error) = rustix::process::nice(LOW) {
        tracing::warn!(%error, "a thread whose work may wait has the priority of those whose work may not");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Goal: a thread with a low priority stands back, and no other one of the process does.
    /// Method: the niceness that the system tells of two threads.
    #[test]
    fn a_thread_alone_stands_back() {
        let niceness = || rustix::process::nice(0).expect("the system tells");
        let before = niceness();
        let low = std::thread::spawn(move || {
            Priority::Low.of_this_thread();
            niceness()
        });
        assert_eq!(low.join().expect("no panic"), (before + 10).min(19));
        assert_eq!(niceness(), before);
    }
}
