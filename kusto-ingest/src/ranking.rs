//! Which storage account to try first.

use std::collections::HashMap;
use std::time::Duration;

/// Storage accounts by how often uploads to them went well lately. Pure: time and chance are arguments.
///
/// Six buckets of ten seconds each count tries and successes of an account. Its rank is the mean of the buckets' rates of
/// success, the newest with weight 6 and the oldest with weight 1; buckets without tries do not count, and an account
/// that was never tried ranks highest. Accounts of like rank are shuffled, so that many clients spread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranking {
    accounts: HashMap<String, Account>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    buckets: [Bucket; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    /// Number of the ten seconds since the beginning; a bucket of another number is empty.
    period: u64,
    tries: u32,
    successes: u32,
}

impl Ranking {
    /// Counts a try. `now` is the time since some beginning, the same for all calls.
    pub(crate) fn record(&mut self, now: Duration, account: &str, is_success: bool) {
        let period = period(now);
        if !self.accounts.contains_key(account) {
            self.accounts.insert(account.to_owned(), Account::default());
        }
        let Some(account) = self.accounts.get_mut(account) else {
            return;
        };
        let bucket = &mut account.buckets[slot(period)];
        if bucket.period != period {
            *bucket = Bucket {
                period,
                ..Bucket::default()
            };
        }
        bucket.tries += 1;
        bucket.successes += u32::from(is_success);
    }

    /// From 0 (all fails) to 1 (all is well, or nothing is known).
    pub(crate) fn rank(&self, now: Duration, account: &str) -> f64 {
        let Some(account) = self.accounts.get(account) else {
            return 1.0;
        };
        let newest = period(now);
        let (mut sum, mut weights) = (0.0, 0.0);
        for bucket in account.buckets.iter().filter(|bucket| bucket.tries > 0) {
            let age = newest.saturating_sub(bucket.period);
            if age < BUCKETS as u64 {
                let weight = (BUCKETS as u64 - age) as f64;
                sum += weight * f64::from(bucket.successes) / f64::from(bucket.tries);
                weights += weight;
            }
        }
        if weights == 0.0 { 1.0 } else { sum / weights }
    }

    /// Puts resources into the order in which they are tried: accounts by tier of rank, shuffled within a tier, and one
    /// resource of each account in turn. `account_of` tells the account of a resource; `chance` gives numbers below its
    /// argument.
    pub(crate) fn order<'a, T>(
        &self,
        now: Duration,
        resources: &'a [T],
        account_of: impl Fn(&T) -> &str,
        mut chance: impl FnMut(usize) -> usize,
    ) -> Vec<&'a T> {
        let mut accounts: Vec<(&str, Vec<&'a T>)> = Vec::new();
        for resource in resources {
            let account = account_of(resource);
            match accounts.iter_mut().find(|(name, _)| *name == account) {
                Some((_, of_account)) => of_account.push(resource),
                None => accounts.push((account, vec![resource])),
            }
        }
        for (_, of_account) in &mut accounts {
            shuffle(of_account, &mut chance);
        }
        shuffle(&mut accounts, &mut chance);
        // Stable: accounts of one tier stay shuffled.
        accounts.sort_by_key(|(account, _)| tier(self.rank(now, account)));
        let longest = accounts.iter().map(|(_, of_account)| of_account.len()).max();
        let turns = 0..longest.unwrap_or(0);
        turns
            .flat_map(|turn| {
                accounts
                    .iter()
                    .filter_map(move |(_, of_account)| of_account.get(turn))
            })
            .copied()
            .collect()
    }
}

/// 0 is the best of four.
fn tier(rank: f64) -> usize {
    TIERS
        .iter()
        .position(|least| rank >= *least)
        .unwrap_or(TIERS.len())
}

fn shuffle<T>(items: &mut [T], chance: &mut impl FnMut(usize) -> usize) {
    for i in (1..items.len()).rev() {
        items.swap(i, chance(i + 1).min(i));
    }
}

fn period(now: Duration) -> u64 {
    now.as_secs() / BUCKET_SECONDS
}

fn slot(period: u64) -> usize {
    (period % BUCKETS as u64) as usize
}

const BUCKETS: usize = 6;
const BUCKET_SECONDS: u64 = 10;
const TIERS: [f64; 3] = [0.9, 0.7, 0.3];

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_account_without_a_past_ranks_highest() {
        let mut ranking = Ranking::default();
        assert_eq!(ranking.rank(at(0), "a"), 1.0);
        ranking.record(at(5), "a", false);
        assert_eq!(ranking.rank(at(5), "a"), 0.0);
        // A minute later that is forgotten.
        assert_eq!(ranking.rank(at(60), "a"), 1.0);
    }

    #[test]
    fn newer_outcomes_weigh_more() {
        let mut ranking = Ranking::default();
        ranking.record(at(0), "a", false);
        ranking.record(at(10), "a", true);
        // Weights 5 and 6.
        assert!((ranking.rank(at(10), "a") - 6.0 / 11.0).abs() < 1e-9);
        ranking.record(at(10), "a", false);
        assert!((ranking.rank(at(10), "a") - 3.0 / 11.0).abs() < 1e-9);
    }

    #[test]
    fn buckets_are_used_again_without_what_they_held() {
        let mut ranking = Ranking::default();
        ranking.record(at(0), "a", false);
        ranking.record(at(60), "a", true);
        assert_eq!(ranking.rank(at(60), "a"), 1.0);
    }

    #[test]
    fn failing_accounts_come_last_and_accounts_take_turns() {
        let mut ranking = Ranking::default();
        for _ in 0..4 {
            ranking.record(at(0), "bad", false);
            ranking.record(at(0), "good", true);
        }
        let resources = [("bad", 1), ("bad", 2), ("good", 1), ("good", 2), ("new", 1)];
        let order = ranking.order(at(0), &resources, |resource| resource.0, |below| below - 1);
        let accounts: Vec<&str> = order.iter().map(|resource| resource.0).collect();
        assert_eq!(accounts, ["good", "new", "bad", "good", "bad"]);
    }

    #[test]
    fn chance_spreads_accounts_of_like_rank() {
        let resources = ["a", "b"];
        let order = |choice: usize| *Ranking::default().order(at(0), &resources, |name| name, |_| choice)[0];
        assert_eq!((order(0), order(1)), ("b", "a"));
    }
}
