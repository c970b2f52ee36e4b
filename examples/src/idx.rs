//! Files in the IDX format, that of MNIST (<http://yann.lecun.com/exdb/mnist/>): a magic number, the sizes of the axes,
//! the elements.

use std::io::Read;

use anyhow::{Context, Result, ensure};
use flate2::read::MultiGzDecoder;
use ndarray::{ArrayD, IxDyn};

/// Reads an array of bytes; a file that gzip has packed is unpacked first.
///
/// # Errors
///
/// What is wrong with the file: another magic number, another element type than bytes, too few or too many of them.
pub fn read(mut file: impl Read) -> Result<ArrayD<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let packed = std::mem::take(&mut bytes);
        MultiGzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).context("it cannot be unpacked")?;
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Result<ArrayD<u8>> {
    let [0, 0, kind, axes, rest @ ..] = bytes else {
        anyhow::bail!("it is no IDX file: one begins with two zero bytes, its element type and its number of axes");
    };
    ensure!(*kind == 0x08, "its elements are of type {kind:#04x}, and images and labels are bytes, 0x08");
    let head = usize::from(*axes) * 4;
    ensure!(rest.len() >= head, "it ends within the sizes of its {axes} axes");
    let (sizes, elements) = rest.split_at(head);
    let sizes: Vec<usize> =
        sizes.chunks_exact(4).map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize).collect();
    let count = sizes.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    ensure!(
        count == Some(elements.len()),
        "its axes {sizes:?} ask for another number of elements than the {} that follow",
        elements.len()
    );
    Ok(ArrayD::from_shape_vec(IxDyn(&sizes), elements.to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: [u8; 18] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6];

    #[test]
    fn an_array_is_read() {
        let array = read(FILE.as_slice()).unwrap();
        assert_eq!(array, ndarray::array![[1, 2, 3], [4, 5, 6]].into_dyn());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert!(message(b"PNG").starts_with("it is no IDX file"));
        assert!(message(&[0, 0, 0x0d, 1, 0, 0, 0, 0]).starts_with("its elements are of type 0x0d"));
        assert!(message(&FILE[..9]).starts_with("it ends within the sizes of its 2 axes"));
        assert!(message(&FILE[..17]).contains("[2, 3] ask for another number of elements than the 5"));
    }
}
