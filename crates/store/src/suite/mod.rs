//! The contract suite: whoever passes it is an engine.
//!
//! Every promise of the store's traits has a test here, written once and run for each engine by one line,
//! `adieu_store::contract!(MyEngine);`. What must be so between two nodes of one installation is in `many_nodes`, run by
//! `adieu_store::many_nodes!(MyEngine);` of every engine that can be opened twice. Time is a parameter and stands still between the lines; chance comes from a
//! seed. Nothing here knows any engine.

pub mod checks;
pub mod consents;
pub mod crowds;
pub mod directory;
pub mod durability;
pub mod ending_index;
pub mod endings;
mod engine;
pub mod expiry;
mod fixture;
pub mod flows;
pub mod full_users;
pub mod grants;
pub mod history;
pub mod lists;
pub mod many_nodes;
pub mod mass_endings;
pub mod notices;
pub mod participants;
pub mod people;
pub mod receivers;
pub mod second_factor;
pub mod sign_ons;
pub mod subscribers;
pub mod sweep;
pub mod versions;

pub use engine::Engine;
pub use fixture::{ABSOLUTE, Chance, Fixture, IDLE, OpenedSession, at};

/// Runs the whole suite against an [`Engine`]: one test for each promise.
#[macro_export]
macro_rules! contract {
    ($engine:ty) => {
        $crate::contract! { @of $engine;
            sign_ons::a_sign_on_opens_a_session_that_every_check_calls_live,
            sign_ons::a_sign_on_with_a_live_session_renews_it,
            sign_ons::a_sign_on_by_the_word_of_somebody_else_is_as_old_as_that_says,
            sign_ons::a_sign_on_may_keep_its_token,
            sign_ons::a_reset_session_begins_anew_for_its_own_user_only,
            sign_ons::a_sign_on_with_a_session_that_is_over_opens_another,
            sign_ons::a_sign_on_with_somebody_elses_token_leaves_that_session_alone,
            sign_ons::refused_sign_ons_write_nothing,
            sign_ons::a_place_that_is_used_again_never_answers_to_an_old_name,
            full_users::a_new_session_lies_in_a_gap_first,
            full_users::a_tombstone_gives_way_only_when_it_was_told,
            second_factor::a_code_is_spent_once_and_a_crash_does_not_bring_it_back,
            second_factor::a_code_begins_no_session_and_revives_none,
            second_factor::a_code_is_not_spent_by_a_sign_on_that_the_quota_refuses,
            second_factor::a_half_signed_on_session_is_live_nowhere,
            second_factor::the_rule_of_a_realm_counts_at_once,
            second_factor::codes_are_confirmed_together_with_their_session_or_not_at_all,
            second_factor::a_half_signed_on_session_is_not_proven_by_making_a_factor,
            checks::a_check_knows_one_token_and_no_other,
            checks::limits_end_a_session_at_the_moment_they_name,
            checks::only_touching_counts_as_activity,
            checks::a_crash_forgets_no_more_activity_than_the_grain,
            checks::a_session_is_amended_while_it_is_live_and_never_after,
            endings::an_ending_ends_for_good_and_the_second_one_says_before,
            endings::an_order_ends_nothing_that_it_does_not_mean,
            endings::the_callers_own_session_is_spared,
            endings::a_reset_keeps_the_name_and_nothing_else,
            endings::what_time_has_ended_was_over_before,
            endings::ended_and_never_heard_of_are_two_answers,
            ending_index::every_ending_has_an_id_and_stands_in_the_index,
            ending_index::what_ends_with_another_act_stands_in_the_index,
            ending_index::what_was_over_before_is_not_entered_again,
            ending_index::what_time_has_ended_is_entered_once_whoever_finds_it,
            ending_index::an_ending_names_who_took_part_in_its_epoch,
            ending_index::a_removed_users_endings_show_no_session,
            ending_index::every_ending_is_listed_once_page_by_page,
            ending_index::endings_are_found_by_what_became_of_their_notices,
            ending_index::a_page_that_finds_little_says_how_far_it_came,
            ending_index::entries_go_with_the_tombstones_and_their_ids_do_not_come_back,
            mass_endings::all_sessions_of_a_user_end_together,
            mass_endings::an_ending_counts_the_live_sessions_that_it_ends,
            mass_endings::all_sessions_of_a_realm_end_together,
            mass_endings::all_but_one_spares_that_one,
            mass_endings::all_but_one_spares_nothing_that_is_not_live_or_not_theirs,
            mass_endings::a_sign_on_that_races_a_mass_ending_is_refused,
            mass_endings::a_session_that_ended_with_others_tells_how,
            mass_endings::what_time_has_ended_did_not_end_with_others,
            mass_endings::what_ended_with_others_is_found_soon,
            people::disabling_ends_all_sessions_and_enabling_brings_none_back,
            people::another_password_ends_sessions_by_policy,
            people::a_session_that_is_over_changes_nothing_of_its_user,
            people::a_renewed_hash_replaces_only_the_one_that_was_verified,
            people::a_name_is_taken_in_every_spelling,
            people::a_name_is_one_in_all_its_forms,
            people::a_locked_user_signs_on_nowhere_and_keeps_the_sessions,
            people::a_user_keeps_what_was_written,
            people::a_user_changes_and_is_found_by_what_is_true_now,
            people::a_deleted_user_leaves_nothing_that_lives,
            people::users_are_listed_in_the_order_of_their_ids,
            history::an_ended_session_is_remembered_as_it_was,
            history::what_was_forgotten_is_shown_to_nobody,
            lists::sessions_of_a_user_come_newest_first_and_at_most_so_many,
            lists::a_live_session_is_listed_and_counted_at_any_history,
            lists::live_sessions_are_listed_page_by_page,
            lists::what_ended_together_is_not_listed_as_live,
            lists::the_sessions_of_a_realm_are_listed_page_by_page,
            directory::clients_are_found_by_their_addresses_after_a_sign_off,
            history::a_quota_is_kept_in_the_way_it_asks_for,
            history::sign_ons_at_once_count_each_other,
            directory::realms_and_populations_have_one_name_each,
            directory::clients_come_and_go_and_come_back_above_their_old_grants,
            directory::a_population_goes_only_when_it_is_empty,
            directory::documents_are_kept_by_realm_and_kind,
            directory::applications_are_asked_for_by_what_holds_for_them,
            directory::signing_keys_come_oldest_first,
            versions::a_stale_change_is_refused_and_writes_nothing,
            versions::what_is_there_is_never_made_again,
            versions::a_removal_from_a_version_removes_that_version_only,
            versions::what_is_written_beside_a_change_is_not_lost,
            versions::of_many_changes_from_one_version_one_is_made,
            versions::no_change_of_a_removed_record_fits_its_successor,
            versions::what_is_kept_beside_a_client_changes_with_it_or_not_at_all,
            versions::clients_and_documents_change_together_or_not_at_all,
            flows::a_flow_is_kept_replaced_read_and_taken,
            flows::of_many_takers_one_gets_it,
            flows::of_many_makers_of_a_flow_one_makes_it,
            consents::a_consent_is_remembered_until_it_is_withdrawn,
            consents::a_withdrawal_ends_what_was_granted,
            consents::a_consent_counts_for_the_client_that_was_shown,
            consents::a_consent_goes_with_its_user_and_its_client,
            grants::a_code_needs_a_live_session_and_a_live_client,
            grants::a_code_buys_once_and_its_second_use_revokes,
            grants::a_refresh_token_rotates_and_an_old_one_revokes,
            grants::a_lost_answer_is_asked_for_again,
            grants::scopes_only_shrink_and_asking_for_more_spends_nothing,
            grants::a_grant_dies_with_its_session_epoch_and_client,
            participants::a_client_that_took_part_is_remembered_once,
            participants::who_took_part_is_found_whatever_ended_the_session,
            participants::a_reset_parts_those_before_from_those_after,
            participants::a_removed_client_is_still_known_to_have_taken_part,
            participants::one_client_too_many_is_refused_and_the_others_go_on,
            notices::an_ending_owes_a_notice_to_each_who_took_part,
            notices::all_sessions_of_a_user_owe_one_notice_to_each,
            notices::whatever_ends_a_session_is_told,
            notices::a_walk_over_many_is_resumed_where_it_stopped,
            notices::a_lease_keeps_others_away_until_it_runs_out,
            notices::an_answer_settles_its_notice_or_names_the_next_try,
            notices::receivers_take_turns_and_an_ailing_one_is_asked_sparingly,
            notices::notices_are_retried_and_given_up_by_order,
            notices::what_is_still_to_be_told_outlives_the_sweep,
            notices::however_many_are_told_all_are_counted,
            receivers::whoever_has_an_address_is_listed,
            receivers::a_page_of_receipts_says_how_receivers_do,
            receivers::receivers_that_hang_take_no_place_of_one_that_answers,
            receivers::receivers_that_are_slow_take_no_place_of_one_that_answers,
            receivers::who_was_slow_once_is_slow_for_five_minutes,
            receivers::one_that_takes_some_is_not_back_with_each,
            receivers::all_that_waits_comes_when_a_receiver_is_back,
            receivers::what_can_be_told_no_more_keeps_nobody_waiting,
            receivers::a_clients_other_address_is_tried_at_once,
            receivers::what_is_past_its_day_is_given_up,
            receivers::what_nobody_could_try_keeps_its_day,
            receivers::what_is_tried_again_by_order_comes_first,
            subscribers::a_subscriber_keeps_what_was_written,
            subscribers::every_ending_of_a_realm_is_told_to_its_web_hooks,
            subscribers::a_subscriber_hears_of_nothing_earlier,
            subscribers::other_systems_are_told_of_users_and_web_hooks_of_the_whole,
            subscribers::what_is_handed_on_and_ends_nothing_is_handed_on_to_nobody,
            subscribers::what_is_handed_on_goes_on_where_others_were_told_of_no_ending,
            expiry::what_clients_share_is_over_at_its_moment,
            expiry::what_is_used_again_lives_on_and_is_over_later,
            expiry::many_that_are_over_at_once_end_in_bounded_batches,
            expiry::what_began_before_the_first_subscriber_is_over_at_its_moment,
            expiry::what_a_sweep_puts_off_is_over_at_its_moment,
            expiry::clocks_that_differ_lose_no_notice,
            grants::a_revoked_token_stays_revoked_and_nothing_else_is,
            grants::what_outlives_its_session_does_not_outlive_its_user,
            grants::what_may_outlive_its_session_later_brings_back_nothing,
            grants::what_outlives_its_session_ends_where_all_grants_are_meant,
            sweep::a_sweep_takes_what_is_over_and_nothing_live,
            sweep::a_sweep_takes_remains_and_then_they_are_unknown,
            sweep::a_sweep_is_bounded_and_says_when_there_is_more,
            sweep::what_a_sweep_ends_is_told_before_it_goes,
            sweep::live_sessions_are_counted_stretch_by_stretch,
            durability::everything_acknowledged_outlives_a_crash,
            durability::endings_of_all_kinds_outlive_a_crash,
            crowds::sign_ons_of_one_user_at_once_all_go_through,
            crowds::sign_ons_of_many_users_at_once_all_go_through,
            crowds::of_many_endings_at_once_one_is_the_first,
            crowds::a_flood_is_refused_clearly_and_loses_nothing,
        }
    };
    (@of $engine:ty; $($module:ident :: $promise:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $promise() {
                $crate::suite::$module::$promise::<$engine>().await;
            }
        )+
    };
}

/// Runs what must be so between two nodes, against an [`Engine`] that can be opened twice.
#[macro_export]
macro_rules! many_nodes {
    ($engine:ty) => {
        $crate::contract! { @of $engine;
            many_nodes::an_ending_at_one_is_over_at_the_other,
            many_nodes::a_session_of_one_is_live_at_the_other_and_works_there,
            many_nodes::activity_at_one_keeps_a_session_from_being_idle_at_the_other,
            many_nodes::what_one_writes_of_the_directory_the_other_reads,
            many_nodes::a_stale_change_is_refused_at_the_other,
            many_nodes::sign_ons_at_both_count_each_other,
            many_nodes::of_endings_at_both_one_is_the_first,
            many_nodes::endings_of_both_stand_in_one_order,
            many_nodes::notices_are_made_and_leased_once,
            many_nodes::what_one_subscribes_the_other_tells,
            many_nodes::of_two_takers_one_gets_the_flow,
            many_nodes::a_consent_of_one_is_known_at_the_other_and_withdrawn_for_it,
            many_nodes::of_refreshes_at_both_one_rotates,
            many_nodes::of_redemptions_at_both_one_buys,
            many_nodes::two_sweeps_take_everything_once_and_nothing_live,
            many_nodes::two_first_keys_stay_and_come_in_one_order,
        }
    };
}

#[cfg(test)]
mod tests {
    /// Goal: no promise of the suite is forgotten in the list that engines run.
    #[test]
    fn every_promise_is_on_the_list() {
        let list = include_str!("mod.rs");
        for (module, source) in [
            ("checks", include_str!("checks.rs")),
            ("consents", include_str!("consents.rs")),
            ("crowds", include_str!("crowds.rs")),
            ("directory", include_str!("directory.rs")),
            ("durability", include_str!("durability.rs")),
            ("ending_index", include_str!("ending_index.rs")),
            ("endings", include_str!("endings.rs")),
            ("expiry", include_str!("expiry.rs")),
            ("flows", include_str!("flows.rs")),
            ("full_users", include_str!("full_users.rs")),
            ("grants", include_str!("grants.rs")),
            ("history", include_str!("history.rs")),
            ("lists", include_str!("lists.rs")),
            ("many_nodes", include_str!("many_nodes.rs")),
            ("mass_endings", include_str!("mass_endings.rs")),
            ("notices", include_str!("notices.rs")),
            ("participants", include_str!("participants.rs")),
            ("people", include_str!("people.rs")),
            ("receivers", include_str!("receivers.rs")),
            ("second_factor", include_str!("second_factor.rs")),
            ("sign_ons", include_str!("sign_ons.rs")),
            ("subscribers", include_str!("subscribers.rs")),
            ("sweep", include_str!("sweep.rs")),
            ("versions", include_str!("versions.rs")),
        ] {
            for line in source.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let name = line.split('<').next().unwrap_or_default();
                assert!(list.contains(&format!("{module}::{name},")), "{module}::{name} is not run");
            }
        }
    }
}
