//! A layer of embeddings.

use crate::model;

model! {
    /// `gather(table, ids)`: a row of numbers for each id.
    ///
    /// Takes `u32[..]`, gives `[.., width]`. An id that is not below `vocabulary` is an error. Variables:
    /// `table [vocabulary, width]`, which starts uniform between -0.05 and 0.05, as Keras' does.
    ///
    /// ```
    /// use varscope::layers::Embedding;
    /// use varscope::prelude::*;
    /// use ndarray::array;
    ///
    /// model! {
    ///     struct Words {
    ///         fn vectors(ids: u32[batch, time]) -> [batch, time, 16] {
    ///             scope words: Embedding(ids, vocabulary = 1000, width = 16)
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Error> {
    /// let net = Words::seeded(1)?;
    /// let vectors = net.vectors(array![[3, 999], [0, 3]].view())?;
    /// assert_eq!(vectors.shape(), [2, 2, 16]);
    /// assert_eq!(vectors[[1, 1, 5]], net.words.table.read()[[3, 5]]);
    /// assert!(net.vectors(array![[1000]].view()).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub struct Embedding<T>(
        /// How many ids there are.
        vocabulary: usize,
        /// How many numbers stand for one.
        width: usize,
    ) {
        fn forward(ids: u32[..]) -> [.., width] {
            var table: [vocabulary, width] = random_uniform(low = -0.05, high = 0.05);
            gather(table, ids)
        }
    }
}
