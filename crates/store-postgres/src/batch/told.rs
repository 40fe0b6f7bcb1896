//! What is told of endings, as far as other acts ask for it.
//!
//! No rule is here.

use adieu_core::{EndingPlace, ReceiptCounts, ToldSoFar, UntoldEndings};
use adieu_store_records::entries;

use crate::batch::Batch;
use crate::rows::{AllTold, EndingLine, UntoldLines, lane_of};
use crate::working::Looked;

/// Lines that are read to see what is untold; where there are more, each ending may be one of them.
const UNTOLD_LINES_MAX: u32 = UntoldEndings::MOST as u32 + 1;

impl Batch {
    /// The endings whose receipts are not made yet, those of this batch among them.
    pub(crate) fn untold_endings(&self) -> Looked<UntoldEndings> {
        let (lines, told) = (self.asked.untold_lines.get(&UntoldLines(UNTOLD_LINES_MAX)), self.all_told());
        let (lines, told) = (lines?, told?);
        let mut untold = UntoldEndings::default();
        for line in &self.lines {
            let _ = entries(&line.body)?.iter().try_for_each(|entry| untold.count(entry));
        }
        for line in lines {
            // Whoever makes the receipts passes a damaged line over.
            let Ok(all) = entries(&line.body) else { continue };
            let up_to = told.iter().find(|told| told.lane == lane_of(line.number)).map(|told| told.up_to);
            let made =
                up_to.filter(|up_to| up_to.line == line.number).map_or(0, |up_to| up_to.entry as usize);
            if all.iter().skip(made).try_for_each(|entry| untold.count(entry)).is_break() {
                break;
            }
        }
        Ok(untold)
    }

    /// How far receipts were made, of each list.
    pub(crate) fn all_told(&self) -> Looked<Vec<crate::rows::KeptTold>> {
        self.asked.all_told.get(&AllTold).cloned()
    }

    /// What became of the notices of the ending at a place so far.
    pub(crate) fn told_so_far(&self, place: EndingPlace) -> Looked<ToldSoFar> {
        let (told, counts) = (self.all_told(), self.counts(place));
        let (told, counts) = (told?, counts?);
        let up_to = told.iter().find(|told| told.lane == lane_of(place.line())).map(|told| told.up_to);
        Ok(ToldSoFar { counts, complete: up_to.is_some_and(|up_to| up_to.is_past(place)) })
    }

    /// How many receipts of an ending are in which state.
    pub(crate) fn counts(&self, place: EndingPlace) -> Looked<ReceiptCounts> {
        self.hint(super::LockHint::Counts(place));
        let counts = self.receipt_counts.get(&(place.line(), place.entry()))?;
        Ok(counts.map(|kept| kept.counts).unwrap_or_default())
    }

    /// A line by its number.
    pub(crate) fn line(&self, number: u64) -> Looked<Option<EndingLine>> {
        Ok(self.asked.line.get(&crate::rows::LineOf(number))?.clone())
    }
}
