//! The section `conv_sizes`: how many positions a window has along an axis, and the padding around it.

use varscope::op::{Dim, Padding, Window};

use crate::compare::{Comparison, Tolerances};
use crate::json::{Error, Node};
use crate::report::Report;

/// Judges the section `conv_sizes`.
///
/// # Errors
///
/// A case that does not have the form of one.
pub fn judge(section: &Node<'_>, _: &Tolerances, report: &mut Report) -> Result<(), Error> {
    for case in section.items()? {
        let [length, size, stride] = [case.field("in")?.size()?, case.field("k")?.size()?, case.field("s")?.size()?];
        let window = Window { size, stride, dilation: 1 };
        let positions = |padding| window.positions(Dim::known(length), padding, 0).ok().and_then(Dim::size);
        let mut comparison = Comparison::new(0.0);
        let mut compare = |what: &str, found: Option<usize>, name: &str| -> Result<(), Error> {
            let wanted = case.get(name)?.map(|wanted| wanted.size()).transpose()?;
            if found != wanted {
                comparison.fail(format!("{what}: {found:?}, not {wanted:?}"));
            }
            Ok(())
        };
        let same = positions(Padding::Same);
        let before = same.map(|same| window.before(length, same, Padding::Same, 0));
        let after = same.zip(before).map(|(same, before)| {
            let covered = same.saturating_sub(1).saturating_mul(stride).saturating_add(window.extent());
            covered.saturating_sub(length.saturating_add(before))
        });
        compare("positions with padding", same, "same")?;
        compare("padding before", before, "pad_before")?;
        compare("padding after", after, "pad_after")?;
        compare("positions without padding", positions(Padding::Valid), "valid")?;
        report.add(format!("conv_size_{length}_k{size}_s{stride}"), comparison.verdict());
    }
    Ok(())
}
