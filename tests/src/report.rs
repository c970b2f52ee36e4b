//! What came out of each case.

use std::fmt;

/// What came out of a case.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// The library computes what the file says.
    Ok,
    /// The library does not have what the case needs, which is named.
    NotThereYet(String),
    /// The library computes something else, or fails.
    Wrong(String),
}

/// The verdicts on all cases of a file.
#[derive(Clone, Debug, Default)]
pub struct Report {
    lines: Vec<(String, Verdict)>,
}

impl Report {
    /// Adds the verdict on a case.
    pub fn add(&mut self, id: impl Into<String>, verdict: Verdict) {
        self.lines.push((id.into(), verdict));
    }

    /// The cases and the verdicts on them, in the order of the file.
    pub fn lines(&self) -> &[(String, Verdict)] {
        &self.lines
    }

    /// The cases that are wrong.
    pub fn wrong(&self) -> Vec<&str> {
        self.ids(|verdict| matches!(verdict, Verdict::Wrong(_)))
    }

    /// The cases that are right.
    pub fn ok(&self) -> Vec<&str> {
        self.ids(|verdict| *verdict == Verdict::Ok)
    }

    fn ids(&self, is: impl Fn(&Verdict) -> bool) -> Vec<&str> {
        self.lines.iter().filter(|(_, verdict)| is(verdict)).map(|(id, _)| id.as_str()).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, verdict) in &self.lines {
            match verdict {
                Verdict::Ok => writeln!(f, "ok {id}")?,
                Verdict::NotThereYet(missing) => writeln!(f, "not there yet {id}: {missing}")?,
                Verdict::Wrong(what) => writeln!(f, "WRONG {id}: {what}")?,
            }
        }
        let (all, ok, wrong) = (self.lines.len(), self.ok().len(), self.wrong().len());
        writeln!(f, "{all} cases: {ok} ok, {} not there yet, {wrong} WRONG", all - ok - wrong)
    }
}
