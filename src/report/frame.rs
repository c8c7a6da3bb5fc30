//! In: the state of every object, the time, the terminal's size. Out: the lines to show. Must not:
//! draw, or read a clock.

use std::cmp::Reverse;
use std::time::Instant;

use super::builds::FROM_CACHE;
use super::look::{Look, Mark, Role, sanitize};
use super::objects::ObjectChange;
use super::progress_model::{Current, ObjectState, ProgressModel};
use super::wording::{bytes, doing, done, duration, failed, names};
use super::{AfterCancel, StopSignal};
use crate::plan::{Action, Plan, StepId};

/// The minimum width for a column with the kinds of objects.
const WIDE_FOR_KINDS: usize = 60;

/// The minimum width for progress bars of pulls.
const WIDE_FOR_BARS: usize = 90;

/// Descriptions of work in progress are not cut shorter than this.
const SHORTEST_WORDS: usize = 12;

/// The mark and a blank before a name, and two blanks after it.
const AROUND_NAMES: usize = 4;

/// Names are not cut shorter than this.
const SHORTEST_NAME: usize = 12;

/// The widest column of names.
const WIDEST_NAME: usize = 40;

/// The size of the terminal, in columns and lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: usize,
    pub(super) height: usize,
}

/// All that the lines depend on.
pub(super) struct Frame<'frame> {
    pub(super) plan: &'frame Plan,
    pub(super) progress: &'frame ProgressModel,
    pub(super) look: Look,
    /// What follows a request to stop.
    pub(super) after_cancel: AfterCancel,
    /// How the stop was requested.
    pub(super) stop_signal: Option<StopSignal>,
    pub(super) size: Size,
    pub(super) now: Instant,
    /// When the run began.
    pub(super) begun: Instant,
}

impl Frame<'_> {
    /// The lines during the run, fewer than the terminal has: the last line counts what is left
    /// out.
    pub(super) fn live(&self) -> Vec<String> {
        if self.is_reported_elsewhere() {
            return Vec::new();
        }
        let room = self.size.height.saturating_sub(2).max(1);
        let mut places = self.progress.begun().to_vec();
        if places.len() > room {
            places.sort_by_key(|place| self.rank(*place));
            places.truncate(room);
            places.sort_by_key(|place| self.progress.begun().iter().position(|begun| begun == place));
        }
        let mut lines = self.rows(&places);
        lines.push(self.count());
        self.cut(&lines)
    }

    /// The lines that stay after the run, however many they are.
    pub(super) fn last(&self) -> Vec<String> {
        let is_told_here = |place: &usize| !(self.is_reported_elsewhere() && self.progress.is_late(*place));
        let places: Vec<usize> = self.progress.begun().iter().copied().filter(is_told_here).collect();
        self.cut(&self.rows(&places))
    }

    /// Whether another run now kills what this one was still stopping, and reports it.
    fn is_reported_elsewhere(&self) -> bool {
        self.progress.is_cancelling && self.after_cancel == AfterCancel::Kill
    }

    /// Truncates lines: a wrapped line would break redrawing.
    fn cut(&self, lines: &[String]) -> Vec<String> {
        let ellipsis = self.look.ellipsis();
        lines.iter().map(|line| console::truncate_str(line, self.room(), ellipsis).into_owned()).collect()
    }

    /// The columns available for a line. The terminal shows `^C` after the last line.
    fn room(&self) -> usize {
        self.size.width.saturating_sub(3).max(1)
    }

    /// Sorts the most important objects first; of the done ones, the most recent.
    fn rank(&self, place: usize) -> (usize, Reverse<usize>) {
        let rank = match self.progress.state_of(place) {
            ObjectState::Failed(..) => 0,
            ObjectState::Busy(_) => 1,
            ObjectState::Idle(_) => 2,
            ObjectState::Dropped => 3,
            ObjectState::Done => 4,
        };
        (rank, Reverse(if rank == 4 { place } else { 0 }))
    }

    fn rows(&self, places: &[usize]) -> Vec<String> {
        let lengths = places.iter().map(|place| self.progress.objects.all()[*place].name.chars().count());
        let width = lengths.max().unwrap_or(0).min(WIDEST_NAME).min(self.size.width / 2);
        // The result is read first, and needs the space more than the middle of a name.
        let results = places.iter().filter_map(|place| {
            let state_of = self.progress.state_of(*place);
            matches!(state_of, ObjectState::Done)
                .then(|| console::measure_text_width(&self.words(*place, &state_of, self.room())))
        });
        let beside = self.kind_width() + AROUND_NAMES + results.max().unwrap_or(0);
        let width = width.min(self.room().saturating_sub(beside).max(SHORTEST_NAME));
        places.iter().map(|place| self.row(*place, width)).collect()
    }

    /// `✔ container shop-db-1  created, healthy  1.2s`
    fn row(&self, place: usize, name_width: usize) -> String {
        let object = &self.progress.objects.all()[place];
        let state_of = self.progress.state_of(place);
        let kind = match self.kind_width() {
            0 => String::new(),
            width => self.look.paint(Role::Aside, &format!("{:<width$}", object.kind.word())),
        };
        let name = fit(&object.name, name_width);
        let head = format!("{} {kind}{name}  ", self.mark(&state_of));
        let room = self.room().saturating_sub(console::measure_text_width(&head));
        format!("{head}{}", self.words(place, &state_of, room))
    }

    /// The width of the column of kinds.
    fn kind_width(&self) -> usize {
        if self.size.width >= WIDE_FOR_KINDS { 10 } else { 0 }
    }

    fn mark(&self, state_of: &ObjectState<'_>) -> String {
        self.look.mark(match state_of {
            ObjectState::Failed(..) => Mark::Failed,
            ObjectState::Busy(current) => Mark::Busy(self.turn(current)),
            ObjectState::Idle(_) => Mark::Idle,
            ObjectState::Dropped => Mark::Dropped,
            ObjectState::Done => Mark::Done,
        })
    }

    fn turn(&self, current: &Current) -> usize {
        (self.now.duration_since(current.since).as_millis() / 100) as usize
    }

    fn words(&self, place: usize, state_of: &ObjectState<'_>, room: usize) -> String {
        let look = self.look;
        let worked = || look.paint(Role::Aside, &duration(self.progress.worked(place)));
        match state_of {
            ObjectState::Failed(step, cause) => {
                look.paint(Role::Bad, &failed(&self.plan.steps[*step].action, cause))
            }
            ObjectState::Busy(current) => self.busy(current, room),
            ObjectState::Idle(needs) => look.paint(Role::Aside, &self.idle(place, needs)),
            ObjectState::Dropped => {
                let achieved = self.achieved(place).map_or(String::new(), |words| format!("{words}, "));
                look.paint(Role::Notice, &format!("{achieved}{}", self.dropped(place)))
            }
            ObjectState::Done => {
                let words = self.achieved(place).unwrap_or_else(|| "not needed".to_owned());
                format!("{}  {}", look.paint(Role::Good, &words), worked())
            }
        }
    }

    /// `pulling  ━━━━────  12.3 MB of 45.6 MB  3.1s`. Long texts are cut, so that the time stays
    /// visible.
    fn busy(&self, current: &Current, room: usize) -> String {
        let action = &self.plan.steps[current.step].action;
        let words = match &current.now {
            Some(now) => sanitize(now),
            None => doing(action),
        };
        let elapsed = duration(self.now.duration_since(current.since));
        let elapsed = self.look.paint(Role::Aside, &elapsed);
        let tail = format!("{}  {elapsed}", self.bytes(current).unwrap_or_default());
        let room = room.saturating_sub(console::measure_text_width(&tail)).max(SHORTEST_WORDS);
        format!("{}{tail}", console::truncate_str(&words, room, self.look.ellipsis()))
    }

    /// The progress of a pull, or of sending a build's context, until the first step of the build.
    fn bytes(&self, current: &Current) -> Option<String> {
        let is_build = matches!(self.plan.steps[current.step].action, Action::BuildImage(_));
        let (done, total) = current.bytes().filter(|_| !is_build || current.now.is_none())?;
        let bar = match self.size.width >= WIDE_FOR_BARS {
            true => format!("  {}", self.look.bar(done as f64 / total as f64, 20)),
            false => String::new(),
        };
        Some(format!("{bar}  {} of {}", bytes(done), bytes(total)))
    }

    /// `created, waits for shop-db-1`
    fn idle(&self, place: usize, needs: &[StepId]) -> String {
        let mut words = self.achieved(place).unwrap_or_else(|| "pending".to_owned());
        if !needs.is_empty() {
            let mut subjects: Vec<&str> = needs
                .iter()
                .map(|need| self.progress.objects.all()[self.progress.objects.index(*need)].name.as_str())
                .collect();
            subjects.dedup();
            words = format!("{words}, waits for {}", names(subjects, 2));
        }
        words
    }

    /// What has become of an object: `created`, `recreated, healthy`, `created, started`.
    fn achieved(&self, place: usize) -> Option<String> {
        let (plan, progress) = (self.plan, self.progress);
        let change = progress.change(plan, place).map(|change| match change {
            ObjectChange::Built if progress.is_from_cache(place) => FROM_CACHE.to_owned(),
            change => change.word().to_owned(),
        });
        let wait = progress.last_done(plan, place, |action| matches!(action, Action::Wait { .. }));
        let is_created =
            progress.last_done(plan, place, |action| matches!(action, Action::CreateContainer(_)));
        let start = progress.last_done(plan, place, |action| matches!(action, Action::StartContainer { .. }));
        let last = wait.or(is_created.and(start)).map(|step| done(&plan.steps[step].action));
        match (change, last) {
            (Some(change), Some(last)) => Some(format!("{change}, {last}")),
            (change, last) => change.or(last),
        }
    }

    fn dropped(&self, place: usize) -> &'static str {
        let steps = &self.progress.objects.all()[place].steps;
        let is_start = |step: &StepId| matches!(self.plan.steps[*step].action, Action::StartContainer { .. });
        let is_started = self
            .progress
            .last_done(self.plan, place, |action| matches!(action, Action::StartContainer { .. }));
        match (steps.iter().any(is_start), is_started) {
            (true, None) => "not started",
            (true, Some(_)) => "not waited for",
            (false, _) => "not done",
        }
    }

    /// `12 of 60 done  3.2s`
    fn count(&self) -> String {
        let (done, all) = self.progress.count();
        let elapsed = duration(self.now.duration_since(self.begun));
        let words = self.look.paint(Role::Aside, &format!("  {done} of {all} done  {elapsed}"));
        match self.progress.is_cancelling {
            true => format!(
                "{words}  {}",
                self.look.paint(Role::Notice, self.after_cancel.words(self.stop_signal))
            ),
            false => words,
        }
    }
}

/// A name padded to the width, or cut in the middle, since names differ at their ends.
fn fit(name: &str, width: usize) -> String {
    let length = name.chars().count();
    if length <= width {
        return format!("{name:<width$}");
    }
    let head = width.saturating_sub(1) / 2;
    let tail = width.saturating_sub(1) - head;
    let start: String = name.chars().take(head).collect();
    let end: String = name.chars().skip(length - tail).collect();
    format!("{start}~{end}")
}

#[cfg(test)]
mod tests;
