//! Threads that help the one that computes: they wait for it for a while, and sleep when it does not call.
//!
//! A phase of work is a number of tasks and a closure. The caller opens the gate, does tasks like everybody else, closes
//! the gate when no task is left, and waits for those helpers that are still inside. A helper that comes too late, since
//! it slept or its core is busy with something else, finds the gate closed; nobody waits for it. So handing work to a
//! helper that is awake takes a fraction of a microsecond, allocates nothing, and costs little where it does not help.
//!
//! Each member has a stretch of the tasks, and takes over others' when it is done: so the same part of a tensor is as a
//! rule computed by the same thread in one phase after the other, and stays in the caches of its core.
//!
//! There is one team for the whole process. A caller that finds it taken does its tasks alone.

#![expect(unsafe_code, reason = "helpers call a closure that the caller lends them until all are done")]

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// The most threads that compute together, the caller among them.
pub const MOST: usize = 64;

/// How long a helper waits for the next phase before it sleeps. Waking it takes some 20 to 50 µs, so that it should not
/// sleep between the phases of one step.
const PATIENCE: Duration = Duration::from_micros(150);

/// Elementary operations that are worth waking a thread for: of one phase, or of a run of short ones, none of which comes
/// later than [`PATIENCE`] after the one before.
const WORTH_WAKING: usize = 1 << 21;

/// How often something is looked at before the core is offered to others.
const LOOKS: usize = 64;

/// In a gate: a helper that is inside, the bit that lets one in, and a phase.
const INSIDE: usize = 1;
const OPEN: usize = 1 << 16;
const PHASE: usize = 1 << 17;

/// What is called with the number of a member and that of a task.
pub type Work<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// What the members of a team do.
#[derive(Clone, Copy)]
struct Phase {
    work: *const Work<'static>,
    tasks: usize,
    members: usize,
}

impl Phase {
    /// The first task of a member's stretch.
    fn first(&self, member: usize) -> usize {
        self.tasks * member / self.members
    }
}

/// On cache lines of its own, so that looking at one thing does not disturb another.
#[repr(align(128))]
struct Apart<T>(T);

struct Helper {
    thread: OnceLock<Option<Thread>>,
    is_asleep: AtomicBool,
    has_begun: AtomicBool,
}

/// A run of short phases that were done without helpers, since these slept.
struct Run {
    /// Their elementary operations so far.
    operations: AtomicUsize,
    /// When the last of them was, in microseconds since the first of all.
    last: AtomicU64,
}

impl Run {
    /// Adds a phase, and says whether the run has become so long that helpers should be woken.
    fn add(&self, operations: usize) -> bool {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let now = FIRST.get_or_init(Instant::now).elapsed().as_micros() as u64;
        let pause = now.saturating_sub(self.last.swap(now, Ordering::Relaxed));
        let before = if pause > PATIENCE.as_micros() as u64 { 0 } else { self.operations.load(Ordering::Relaxed) };
        let is_long = before + operations >= WORTH_WAKING;
        self.operations.store(if is_long { 0 } else { before + operations }, Ordering::Relaxed);
        is_long
    }
}

struct Team {
    is_taken: Apart<AtomicBool>,
    gate: Apart<AtomicUsize>,
    /// The next task of each member's stretch.
    next: [Apart<AtomicUsize>; MOST],
    phase: Apart<UnsafeCell<Phase>>,
    has_failed: AtomicBool,
    run: Run,
    helpers: [Helper; MOST - 1],
}

// SAFETY: all but `phase` can be shared as it is. `phase` is written by the one thread that has taken the team, while the
// gate is closed and nobody is inside; it is read by that thread, and by helpers from entering the open gate to leaving
// it, which the writer waits for. The closure in it is `Sync` (`run`).
unsafe impl Sync for Team {}

static TEAM: Team = Team {
    is_taken: Apart(AtomicBool::new(false)),
    gate: Apart(AtomicUsize::new(0)),
    next: [const { Apart(AtomicUsize::new(0)) }; MOST],
    phase: Apart(UnsafeCell::new(Phase { work: &|_, _| {}, tasks: 0, members: 1 })),
    has_failed: AtomicBool::new(false),
    run: Run { operations: AtomicUsize::new(0), last: AtomicU64::new(0) },
    helpers: [const {
        Helper { thread: OnceLock::new(), is_asleep: AtomicBool::new(false), has_begun: AtomicBool::new(false) }
    }; MOST - 1],
};

/// Calls `work` with a member and a task, for each of so many tasks: at most so many members at the same time, numbered
/// from 0, each one task at a time. Helpers that sleep are woken only if the work, of so many elementary operations, is
/// worth it.
///
/// # Panics
///
/// Where `work` does; a caller's defect.
pub fn run(members: usize, tasks: usize, operations: usize, work: &Work<'_>) {
    let members = members.min(tasks).min(MOST);
    let alone = || (0..tasks).for_each(|task| work(0, task));
    if members < 2 {
        return alone();
    }
    let helpers = &TEAM.helpers[..members - 1];
    // In the first phase that could have helpers, whether or not it has: which one does depends on the time that phases
    // take, and a thread that began in a later step would allocate there.
    helpers.iter().enumerate().for_each(|(number, helper)| helper.begin(number));
    let mut is_long = operations >= WORTH_WAKING;
    if !is_long && !helpers.iter().any(Helper::is_awake) {
        is_long = TEAM.run.add(operations);
        if !is_long {
            return alone();
        }
    }
    let Some(turn) = Turn::take() else { return alone() };
    // SAFETY: a pointer to the same closure; for how long it may be called is for `Team::work` to say.
    let work = unsafe { std::mem::transmute::<&Work<'_>, *const Work<'static>>(work) };
    turn.open(Phase { work, tasks, members });
    if is_long {
        helpers.iter().for_each(Helper::wake);
    }
    // SAFETY: the caller lends the closure until the end of this function, and `turn` closes the gate before it, even in a
    // panic.
    unsafe { TEAM.work(0) };
    let has_failed = turn.end();
    assert!(!has_failed, "a task on another thread panicked");
}

/// The right to open the gate. When it is given back, the gate is closed and nobody is inside.
struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        let free = TEAM.is_taken.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        free.ok().map(|_| Self)
    }

    fn open(&self, phase: Phase) {
        // SAFETY: this thread has taken the team, the gate is closed, and nobody is inside (`close`).
        unsafe { *TEAM.phase.0.get() = phase };
        for (member, next) in TEAM.next[..phase.members].iter().enumerate() {
            next.0.store(phase.first(member), Ordering::Relaxed);
        }
        TEAM.has_failed.store(false, Ordering::Relaxed);
        let before = TEAM.gate.0.load(Ordering::Relaxed);
        // In one order with a helper's looks at the gate and at whether it is asleep (`Helper::wait`).
        TEAM.gate.0.store((before | OPEN).wrapping_add(PHASE), Ordering::SeqCst);
    }
}

impl Turn {
    /// Ends the phase, and says whether a helper has failed in it.
    fn end(self) -> bool {
        Self::close();
        TEAM.has_failed.load(Ordering::Relaxed)
    }

    fn close() {
        TEAM.gate.0.fetch_and(!OPEN, Ordering::Relaxed);
        // Helpers that are inside do their last tasks: there is no bound, but the core is offered to them.
        while !look(|| TEAM.gate.0.load(Ordering::Acquire).is_multiple_of(OPEN)) {
            thread::yield_now();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        Self::close();
        TEAM.is_taken.0.store(false, Ordering::Release);
    }
}

/// Waits for something for a very short while.
fn look(is_there: impl Fn() -> bool) -> bool {
    (0..LOOKS).any(|_| {
        let is_there = is_there();
        if !is_there {
            std::hint::spin_loop();
        }
        is_there
    })
}

impl Team {
    /// Does tasks until there are no more.
    ///
    /// # Safety
    ///
    /// This thread has taken the team and opened the gate, or is inside; and what the phase names lives until it has done
    /// this.
    unsafe fn work(&self, member: usize) {
        // SAFETY: the phase was written before the gate was opened, and is not written again before this is done.
        let phase = unsafe { *self.phase.0.get() };
        if member >= phase.members {
            return;
        }
        for whose in (member..phase.members).chain(0..member) {
            loop {
                let task = self.next[whose].0.fetch_add(1, Ordering::Relaxed);
                if task >= phase.first(whose + 1) {
                    break;
                }
                // SAFETY: the closure lives, as the caller vouches.
                unsafe { (*phase.work)(member, task) };
            }
        }
    }

    /// Helps with a phase unless its gate is closed.
    fn help(&self, member: usize) {
        let open = |gate: usize| (gate & OPEN != 0).then_some(gate + INSIDE);
        if self.gate.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, open).is_err() {
            return;
        }
        // SAFETY: this thread is inside, until it is counted off below; until then the caller of `run` does not return.
        let work = AssertUnwindSafe(|| unsafe { self.work(member) });
        if catch_unwind(work).is_err() {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        self.gate.0.fetch_sub(INSIDE, Ordering::Release);
    }
}

impl Helper {
    fn is_awake(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed) && !self.is_asleep.load(Ordering::Relaxed)
    }

    /// Begins its thread, unless there is one, or none can be had.
    fn begin(&'static self, number: usize) {
        let thread = self.thread.get_or_init(|| {
            let thread = thread::Builder::new().name(format!("varscope-{}", number + 1));
            thread.spawn(move || self.live(number + 1)).ok().map(|handle| handle.thread().clone())
        });
        // A thread allocates when it begins. That is over before the first phase is, so that a repeated one does not.
        while thread.is_some() && !self.has_begun.load(Ordering::Acquire) {
            thread::yield_now();
        }
    }

    fn live(&self, member: usize) {
        self.has_begun.store(true, Ordering::Release);
        let mut seen = 0;
        loop {
            seen = self.wait(seen);
            TEAM.help(member);
        }
    }

    /// Waits for a phase that was not seen before, and gives it.
    fn wait(&self, seen: usize) -> usize {
        let is_new = || TEAM.gate.0.load(Ordering::SeqCst) / PHASE != seen;
        let start = Instant::now();
        while !look(is_new) {
            if start.elapsed() < PATIENCE {
                thread::yield_now();
                continue;
            }
            // Either this sees the gate that was opened, or who opens it sees that this one is asleep.
            self.is_asleep.store(true, Ordering::SeqCst);
            while !is_new() && self.is_asleep.load(Ordering::SeqCst) {
                thread::park();
            }
            self.is_asleep.store(false, Ordering::SeqCst);
        }
        TEAM.gate.0.load(Ordering::Relaxed) / PHASE
    }

    fn wake(&self) {
        if self.is_asleep.load(Ordering::SeqCst)
            && let Some(Some(thread)) = self.thread.get()
        {
            self.is_asleep.store(false, Ordering::SeqCst);
            thread.unpark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_task_is_done_once() {
        for members in [1, 2, 3, 5] {
            for tasks in [0, 1, 2, 7, 100] {
                for operations in [0, WORTH_WAKING] {
                    let done: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                    let busy: Vec<AtomicBool> = (0..members).map(|_| AtomicBool::new(false)).collect();
                    run(members, tasks, operations, &|member, task| {
                        assert!(!busy[member].swap(true, Ordering::SeqCst), "a member does one task at a time");
                        done[task].fetch_add(1, Ordering::SeqCst);
                        busy[member].store(false, Ordering::SeqCst);
                    });
                    assert!(done.iter().all(|done| done.load(Ordering::SeqCst) == 1));
                }
            }
        }
    }

    #[test]
    fn phases_follow_one_another_and_what_was_written_is_seen() {
        let mut numbers = vec![0_usize; 64];
        for round in 0..2000 {
            let address = numbers.as_mut_ptr().expose_provenance();
            run(3, 64, if round % 5 == 0 { WORTH_WAKING } else { 0 }, &|_, task| {
                let number = std::ptr::with_exposed_provenance_mut::<usize>(address).wrapping_add(task);
                // SAFETY: each task has a number of its own, inside `numbers`, which nobody touches meanwhile.
                unsafe { *number += task };
            });
            assert!(numbers.iter().enumerate().all(|(task, &number)| number == task * (round + 1)), "round {round}");
            if round % 500 == 0 {
                thread::sleep(2 * PATIENCE);
            }
        }
    }

    #[test]
    fn a_run_of_short_phases_is_long() {
        let run = Run { operations: AtomicUsize::new(0), last: AtomicU64::new(0) };
        assert!(run.add(WORTH_WAKING));
        let is_long: Vec<bool> = (0..8).map(|_| run.add(WORTH_WAKING / 4)).collect();
        // A pause of this thread between two of them would begin a new run.
        assert!(is_long.iter().filter(|&&is_long| is_long).count() <= 2 && !is_long[0]);
        thread::sleep(2 * PATIENCE);
        assert!(!run.add(WORTH_WAKING - 1));
        thread::sleep(2 * PATIENCE);
        assert!(!run.add(WORTH_WAKING - 1));
    }

    #[test]
    fn work_within_work_is_done_alone() {
        let count = AtomicUsize::new(0);
        run(2, 4, WORTH_WAKING, &|_, _| {
            run(2, 3, WORTH_WAKING, &|member, _| {
                assert_eq!(member, 0);
                count.fetch_add(1, Ordering::SeqCst);
            });
        });
        assert_eq!(count.into_inner(), 12);
    }

    #[test]
    fn callers_do_not_wait_for_each_other() {
        let sums: Vec<_> = (0..4)
            .map(|_| {
                thread::spawn(|| {
                    let sum = AtomicUsize::new(0);
                    for _ in 0..200 {
                        run(2, 10, WORTH_WAKING, &|_, task| {
                            sum.fetch_add(task, Ordering::Relaxed);
                        });
                    }
                    sum.into_inner()
                })
            })
            .collect();
        assert!(sums.into_iter().all(|sum| sum.join().unwrap() == 200 * 45));
    }

    #[test]
    fn a_panic_is_the_callers() {
        let result = catch_unwind(|| run(2, 100, WORTH_WAKING, &|_, task| assert!(task < 50, "task {task}")));
        assert!(result.is_err());
        let count = AtomicUsize::new(0);
        run(2, 10, WORTH_WAKING, &|_, _| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(count.into_inner(), 10);
    }
}
