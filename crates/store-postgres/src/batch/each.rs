//! The tables and the kinds of questions of a batch by name: what is done with one is done with all.
//!
//! A new table or question has its line here.

/// The tables but that of the users, in the order in which they are locked and written.
macro_rules! name_each_table {
    ($do:ident) => {
        $do!(realms);
        $do!(populations);
        $do!(clients);
        $do!(guards);
        $do!(sessions);
        $do!(live);
        $do!(participants);
        $do!(mass_endings);
        $do!(names);
        $do!(externals);
        $do!(keys);
        $do!(dues);
        $do!(shared_dues);
        $do!(documents);
        $do!(removed);
        $do!(uris);
        $do!(traits);
        $do!(receivers);
        $do!(told);
        $do!(receipt_counts);
        $do!(consents);
        $do!(flows);
        $do!(grants);
        $do!(subscribers);
        $do!(receipts);
        $do!(lines_gone);
        $do!(batches_gone);
        $do!(nodes_gone);
    };
}
pub(crate) use name_each_table;

/// The kinds of questions.
macro_rules! name_each_question {
    ($do:ident) => {
        $do!(all_realms);
        $do!(populations_of);
        $do!(users_in);
        $do!(users_of);
        $do!(key_in_use);
        $do!(clients_of);
        $do!(keys_of);
        $do!(live_of);
        $do!(live_stretch);
        $do!(of_realm);
        $do!(of_user);
        $do!(live_of_user);
        $do!(count_by_generation);
        $do!(last_place);
        $do!(places_of);
        $do!(participants_at);
        $do!(shared_places);
        $do!(first_behind);
        $do!(line);
        $do!(lines_down_from);
        $do!(highest_tick);
        $do!(documents_from);
        $do!(clients_with_uri);
        $do!(has_trait);
        $do!(all_told);
        $do!(untold_lines);
        $do!(consents_of);
        $do!(due_between);
        $do!(shared_due_by);
        $do!(walks);
        $do!(done_mass);
        $do!(rows_behind);
        $do!(expired_flows);
        $do!(expired_grants);
        $do!(old_lines);
        $do!(old_receipts);
        $do!(old_counts);
        $do!(old_batches);
        $do!(subscribers_of);
        $do!(subscribed_realms);
        $do!(receipts_of);
        $do!(due_of);
        $do!(latest_of);
        $do!(leased_by);
        $do!(pending_of);
        $do!(waiting);
        $do!(receivers_behind);
        $do!(told_behind);
        $do!(places_between);
    };
}
pub(crate) use name_each_question;

/// Does something with each of these tables.
macro_rules! each_table {
    ($batch:expr, $table:ident => $do:expr) => {{
        macro_rules! with {
            ($name:ident) => {{
                let $table = &mut $batch.$name;
                $do;
            }};
        }
        $crate::batch::name_each_table!(with);
    }};
}
pub(crate) use each_table;

/// Does something with each kind of question.
macro_rules! each_question {
    ($batch:expr, $asked:ident => $do:expr) => {{
        macro_rules! with {
            ($name:ident) => {{
                let $asked = &mut $batch.asked.$name;
                $do;
            }};
        }
        $crate::batch::name_each_question!(with);
    }};
}
pub(crate) use each_question;
