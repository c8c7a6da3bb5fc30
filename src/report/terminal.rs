//! In: a run. Out: live lines on a terminal, redrawn during the run, and a few that stay. Must not:
//! change the terminal's state: the cursor is never hidden.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::failure::write_failures;
use super::frame::{Frame, Size};
use super::look::{Mark, Role, sanitize};
use super::progress_model::ProgressModel;
use super::prose::wrapped;
use super::screen::{self, Live};
use super::summary::end_line;
use super::wording::object;
use super::{AfterCancel, Context, Report, meanwhile};
use crate::engine::Progress;
use crate::plan::Plan;
use crate::run::{Event, LastLook, Outcome};

/// How often animations are redrawn.
const PERIOD: Duration = Duration::from_millis(100);

/// The shortest interval between redraws.
const SHORTEST_PERIOD: Duration = Duration::from_millis(30);

/// The report for a person at a terminal.
pub struct Terminal<'out> {
    context: Context,
    out: &'out mut dyn Write,
    progress: Option<ProgressModel>,
    begun: Instant,
    drawn: Option<Instant>,
    live: Live,
    lines: Vec<ProgressBar>,
    /// Warnings of the engine, which stay.
    warnings: Vec<String>,
}

impl<'out> Terminal<'out> {
    /// Permanent output goes to `out`; live lines are drawn on standard error, if that is a
    /// terminal.
    pub fn new(context: Context, live: &Live, out: &'out mut dyn Write) -> Self {
        let live = live.clone();
        live.begin();
        Self {
            context,
            out,
            progress: None,
            begun: Instant::now(),
            drawn: None,
            live,
            lines: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn draw(&mut self, plan: &Plan) {
        let Some(progress) = &self.progress else { return };
        let frame = self.frame(plan, progress);
        self.drawn = Some(frame.now);
        let texts = frame.live();
        while self.lines.len() > texts.len() {
            if let Some(line) = self.lines.pop() {
                self.live.0.remove(&line);
            }
        }
        while self.lines.len() < texts.len() {
            self.lines.push(self.live.0.add(ProgressBar::no_length().with_style(line_style())));
        }
        for (line, text) in self.lines.iter().zip(texts) {
            if line.message() != text {
                line.set_message(text);
            }
        }
    }

    fn frame<'frame>(&self, plan: &'frame Plan, progress: &'frame ProgressModel) -> Frame<'frame> {
        let (height, width) = screen::size();
        let size = Size { width, height };
        let (look, after_cancel) = (self.context.look, self.context.after_cancel);
        let stop_signal = self.context.stop_signal.get().copied();
        Frame {
            plan,
            progress,
            look,
            after_cancel,
            stop_signal,
            size,
            now: Instant::now(),
            begun: self.begun,
        }
    }

    fn clear(&mut self) {
        self.live.end();
        for line in self.lines.drain(..) {
            self.live.0.remove(&line);
        }
    }

    fn write_objects(&mut self, plan: &Plan) -> std::io::Result<()> {
        let lines = self.progress.as_ref().map(|progress| self.frame(plan, progress).last());
        lines.unwrap_or_default().iter().try_for_each(|line| writeln!(self.out, "{line}"))
    }

    fn write_last(&mut self, plan: &Plan, outcome: &Outcome) -> std::io::Result<()> {
        self.write_objects(plan)?;
        let (_, width) = screen::size();
        let look = self.context.look;
        for warning in &self.warnings {
            let warning = format!("{} {}", look.mark(Mark::Dropped), look.paint(Role::Notice, warning));
            writeln!(self.out, "{}", wrapped(&warning, Some(width), 2))?;
        }
        write_failures(self.out, plan, outcome, &self.context, Some(width), &BTreeSet::new())?;
        if self.context.is_not_the_end(outcome) {
            // The live lines that said so are gone.
            if self.context.after_cancel == AfterCancel::Stop {
                writeln!(self.out, "{}", look.paint(Role::Notice, self.context.words_of_cancel()))?;
            }
            return self.out.flush();
        }
        let (mark, role) = match (outcome.is_success(), outcome.is_cancelled) {
            (true, _) => (Mark::Done, Role::Strong),
            (false, true) => (Mark::Dropped, Role::Notice),
            (false, false) => (Mark::Failed, Role::Bad),
        };
        let line = end_line(plan, outcome, &self.context.scoped_goal);
        let line = format!("{} {}", look.mark(mark), look.paint(role, &line));
        writeln!(self.out, "{}", wrapped(&line, Some(width), 2))?;
        self.out.flush()
    }
}

impl Report for Terminal<'_> {
    fn event(&mut self, plan: &Plan, event: &Event) {
        let progress = self.progress.get_or_insert_with(|| ProgressModel::new(plan));
        let now = Instant::now();
        progress.note(event, now);
        if let Event::StepProgress { step, progress: Progress::Warning(words) } = event {
            self.warnings.push(format!("{}: {}", object(&plan.steps[*step].action), sanitize(words)));
        }
        if self.drawn.is_none_or(|drawn| now.duration_since(drawn) >= SHORTEST_PERIOD) {
            self.draw(plan);
        }
    }

    fn tick(&mut self, plan: &Plan) {
        self.draw(plan);
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(PERIOD)
    }

    fn go_on(&mut self, plan: &Plan, seen: &LastLook) {
        self.clear();
        let _ = self.write_objects(plan);
        let look = self.context.look;
        for line in meanwhile::lines(seen) {
            let _ = writeln!(self.out, "{} {}", look.mark(Mark::Dropped), look.paint(Role::Notice, &line));
        }
    }

    fn finish(&mut self, plan: &Plan, outcome: &Outcome) {
        self.clear();
        let _ = self.write_last(plan, outcome);
    }
}

fn line_style() -> ProgressStyle {
    ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar())
}
