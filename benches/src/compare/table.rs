//! The table, in Markdown.

use super::{Answer, Peer};

/// Prints who is compared, and the first lines of the table.
pub fn print_head(peers: &[Peer], peak: f64) {
    for peer in peers {
        println!("- {} {}", peer.name, peer.version);
    }
    println!("- peak: {peak:.0} GFLOP/s\n");
    let names: Vec<&str> = peers.iter().map(|peer| peer.name.as_str()).collect();
    println!("| workload | {} | to the best peer | of the peak |", names.join(" | "));
    println!("| --- |{}", " --- |".repeat(peers.len() + 2));
}

/// What all say of one workload; varscope is the first.
pub struct Row {
    /// The workload.
    pub name: String,
    /// Its multiplications and additions.
    pub operations: f64,
    /// The answers of each, one for each round.
    pub answers: Vec<Vec<Answer>>,
}

impl Row {
    /// Prints the row; `peak` is in GFLOP/s.
    pub fn print(&self, peak: f64) {
        let medians: Vec<Option<f64>> = self.answers.iter().map(|answers| middle(answers)).collect();
        let cells: Vec<String> = self.answers.iter().zip(&medians).map(|(all, median)| cell(all, *median)).collect();
        let own = medians.first().copied().flatten();
        let best = medians.iter().skip(1).flatten().copied().min_by(f64::total_cmp);
        let ratio = own.zip(best).map_or_else(String::new, |(own, best)| format!("{:.2}", own / best));
        let share =
            own.map_or_else(String::new, |own| format!("{:.0} %", 100.0 * self.operations / (own * 1e6) / peak));
        println!("| {} | {} | {ratio} | {share} |", self.name, cells.join(" | "));
    }
}

/// The median of what was measured.
fn middle(answers: &[Answer]) -> Option<f64> {
    let median = |answer: &Answer| if let Answer::Median(median) = answer { Some(*median) } else { None };
    let mut medians: Vec<f64> = answers.iter().filter_map(median).collect();
    medians.sort_by(f64::total_cmp);
    medians.get(medians.len() / 2).copied()
}

fn cell(answers: &[Answer], median: Option<f64>) -> String {
    match (median, answers.first()) {
        (Some(median), _) => format!("{median:.4}"),
        (None, Some(Answer::Error(_))) => "error".to_string(),
        (None, _) => String::new(),
    }
}
