//! Handwritten digits: those of the repository, or those of a folder.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use ndarray::{Array1, Array4, ArrayD, Axis, Ix1, Ix3};

use crate::idx;

/// Images and what they show.
pub struct Split {
    /// `[images, height, width, 1]`, from 0 for paper to 1 for ink.
    pub images: Array4<f32>,
    /// The digit of each image.
    pub labels: Array1<u32>,
}

/// Digits to learn from and digits to be tested with.
pub struct Digits {
    /// What a model is trained on.
    pub train: Split,
    /// What it has not seen.
    pub test: Split,
}

/// The files of the repository; `data/SOURCE.md` says where they come from.
const FILES: [&[u8]; 4] = [
    include_bytes!("../data/train-images-idx3-ubyte"),
    include_bytes!("../data/train-labels-idx1-ubyte"),
    include_bytes!("../data/test-images-idx3-ubyte"),
    include_bytes!("../data/test-labels-idx1-ubyte"),
];

impl Digits {
    /// The 1,797 digits of the repository, 8×8 pixels each.
    ///
    /// # Errors
    ///
    /// None, unless the files were changed.
    pub fn embedded() -> Result<Self> {
        let [train_images, train_labels, test_images, test_labels] = FILES.map(idx::read);
        Self::new([train_images?, train_labels?, test_images?, test_labels?])
    }

    /// The digits of a folder with files named as MNIST's are, packed or not: `train-images-idx3-ubyte`,
    /// `t10k-images-idx3-ubyte.gz`, …
    ///
    /// # Errors
    ///
    /// The file that is missing or wrong, and what is wrong with it.
    pub fn read(folder: &Path) -> Result<Self> {
        Self::new([
            read_one(folder, &["train"], "images-idx3-ubyte")?,
            read_one(folder, &["train"], "labels-idx1-ubyte")?,
            read_one(folder, &["t10k", "test"], "images-idx3-ubyte")?,
            read_one(folder, &["t10k", "test"], "labels-idx1-ubyte")?,
        ])
    }

    fn new([train_images, train_labels, test_images, test_labels]: [ArrayD<u8>; 4]) -> Result<Self> {
        // 16 in the digits of the repository, 255 in MNIST.
        let ink = train_images.iter().copied().max().unwrap_or(0).max(1);
        let train = Split::new(train_images, train_labels, ink).context("the training images")?;
        let test = Split::new(test_images, test_labels, ink).context("the test images")?;
        let (ours, theirs) = (train.images.shape(), test.images.shape());
        ensure!(ours[1..] == theirs[1..], "training images are {:?} and test images {:?}", &ours[1..3], &theirs[1..3]);
        Ok(Self { train, test })
    }

    /// Height and width of an image, in pixels.
    pub fn size(&self) -> (usize, usize) {
        let shape = self.train.images.shape();
        (shape[1], shape[2])
    }
}

impl Split {
    fn new(images: ArrayD<u8>, labels: ArrayD<u8>, ink: u8) -> Result<Self> {
        let images = images.into_dimensionality::<Ix3>().context("images have three axes: number, height, width")?;
        let labels = labels.into_dimensionality::<Ix1>().context("labels have one axis")?;
        let (count, of_labels) = (images.len_of(Axis(0)), labels.len());
        ensure!(count == of_labels, "there are {count} images and {of_labels} labels");
        ensure!(count > 0, "there is none");
        if let Some(label) = labels.iter().find(|&&label| label > 9) {
            anyhow::bail!("a label is {label}, and digits are 0 to 9");
        }
        let images = images.mapv(|pixel| f32::from(pixel) / f32::from(ink)).insert_axis(Axis(3));
        Ok(Self { images, labels: labels.mapv(u32::from) })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Reads the first file that there is: under each of these names, as it is or packed.
fn read_one(folder: &Path, prefixes: &[&str], name: &str) -> Result<ArrayD<u8>> {
    let names = prefixes.iter().flat_map(|prefix| [format!("{prefix}-{name}"), format!("{prefix}-{name}.gz")]);
    let paths: Vec<_> = names.map(|name| folder.join(name)).collect();
    let Some(path) = paths.iter().find(|path| path.exists()) else {
        let list: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        anyhow::bail!("there is none of these files: {}", list.join(", "));
    };
    let place = || path.display().to_string();
    idx::read(File::open(path).with_context(place)?).with_context(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_the_repository() {
        let digits = Digits::embedded().unwrap();
        assert_eq!((digits.train.len(), digits.test.len()), (1437, 360));
        assert_eq!(digits.size(), (8, 8));
        assert!(digits.train.images.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
    }

    #[test]
    fn a_folder_without_digits_is_named() {
        let error = Digits::read(Path::new("no/such/folder")).err().unwrap().to_string();
        assert!(error.contains("no/such/folder/train-images-idx3-ubyte.gz"), "{error}");
    }

    #[test]
    fn the_folder_of_the_repository_is_read_too() {
        let digits = Digits::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/data"))).unwrap();
        assert_eq!(digits.train.images, Digits::embedded().unwrap().train.images);
    }
}
