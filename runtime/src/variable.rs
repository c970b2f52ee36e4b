//! Variables: named values that models share.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ndarray::{Array, ArrayBase, Data, Dimension};

use crate::arena::Buffer;
use crate::element::{DType, Element, Slice, SliceMut};
use crate::error::{Error, Result};
use crate::kernels::gemm::Packs;
use crate::store::About;

/// A handle on one shared value, which has a name.
///
/// There is no `Clone` whose meaning has to be guessed: [`Variable::share`] is another handle on the same value, and a
/// copy of the value is `variable.read().clone()`.
///
/// ```
/// use varscope::prelude::*;
/// use varscope::init::ones;
///
/// let store = VariableStore::new(1);
/// let scale = store.scope("net").get_variable("scale", [3], &ones())?;
/// let same = scale.share();
/// same.assign(&ndarray::arr1(&[1.0, 2.0, 3.0]))?;
/// assert_eq!(scale.name(), "net/scale");
/// assert_eq!(scale.read()[1], 2.0);
/// assert!(scale.is_same(&same));
/// # Ok::<(), varscope::Error>(())
/// ```
pub struct Variable<T: Element, D: Dimension + 'static> {
    shared: Arc<Shared<T, D>>,
}

struct Shared<T, D: Dimension + 'static> {
    name: String,
    shape: Vec<usize>,
    about: About,
    trainable: AtomicBool,
    /// How often it was made or found by its name.
    owners: AtomicUsize,
    /// Always in standard layout. Readers take a share of the array and give the lock back at once, so a guard never
    /// blocks anybody; a writer changes the array in place unless some guard still looks at it.
    value: Mutex<Arc<Held<T, D>>>,
}

/// A value, with the packed copies that kernels keep of it.
#[derive(Debug)]
struct Held<T, D: Dimension> {
    array: Array<T, D>,
    packs: Option<Packs<T>>,
}

impl<T: Element, D: Dimension> Held<T, D> {
    fn new(array: Array<T, D>, about: &About) -> Self {
        Self { array, packs: about.is_packed.then(Packs::default) }
    }

    /// The array, to be changed: what is kept of it is old from now on.
    fn array_mut(&mut self) -> &mut Array<T, D> {
        self.packs.iter_mut().for_each(Packs::stale);
        &mut self.array
    }
}

impl<T: Element, D: Dimension> Clone for Held<T, D> {
    fn clone(&self) -> Self {
        Self { array: self.array.clone(), packs: self.packs.as_ref().map(|_| Packs::default()) }
    }
}

impl<T: Element, D: Dimension + 'static> Shared<T, D> {
    fn lock(&self) -> MutexGuard<'_, Arc<Held<T, D>>> {
        // A writer that panicked left finished elements behind, so the value can be used.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Element, D: Dimension + 'static> Variable<T, D> {
    pub(crate) fn new(name: String, trainable: bool, value: Array<T, D>) -> Self {
        Self::with(name, trainable, About::default(), value)
    }

    /// A variable of which this is known.
    pub(crate) fn with(name: String, trainable: bool, about: About, value: Array<T, D>) -> Self {
        let value = value.as_standard_layout().into_owned();
        let shape = value.shape().to_vec();
        let shared = Shared {
            name,
            shape,
            trainable: AtomicBool::new(trainable),
            owners: AtomicUsize::new(1),
            value: Mutex::new(Arc::new(Held::new(value, &about))),
            about,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The name with its scopes: `layer1/weights`.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The sizes.
    pub fn shape(&self) -> &[usize] {
        &self.shared.shape
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        T::DTYPE
    }

    /// Whether gradients are computed for it.
    pub fn trainable(&self) -> bool {
        self.shared.trainable.load(Ordering::Relaxed)
    }

    /// The value as it is now. The guard derefs to the array; what is written meanwhile, it does not see.
    pub fn read(&self) -> ReadGuard<T, D> {
        ReadGuard { held: Arc::clone(&self.shared.lock()) }
    }

    /// Replaces the value.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] where the array has another shape.
    pub fn assign<S: Data<Elem = T>>(&self, value: &ArrayBase<S, D>) -> Result<()> {
        if value.shape() != self.shape() {
            return Err(Error::ShapeMismatch {
                variable: self.name().to_string(),
                expected: value.shape().to_vec(),
                found: self.shape().to_vec(),
            });
        }
        Arc::make_mut(&mut self.shared.lock()).array_mut().assign(value);
        Ok(())
    }

    /// Another handle on the same value.
    #[must_use]
    pub fn share(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }

    /// Whether both are handles on one value.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    pub(crate) fn erase(&self) -> Arc<dyn AnyVariable> {
        self.shared.clone()
    }

    /// The handle behind an erased one, if it is of this element type and rank.
    pub(crate) fn of(variable: Arc<dyn AnyVariable>) -> Option<Self> {
        let variable: Arc<dyn Any + Send + Sync> = variable;
        variable.downcast().ok().map(|shared| Self { shared })
    }
}

impl<T: Element, D: Dimension + 'static> fmt::Debug for Variable<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable({} {}{:?})", self.name(), T::DTYPE, self.shape())
    }
}

/// The value of a variable at the moment it was read.
#[derive(Debug)]
pub struct ReadGuard<T: Element, D: Dimension + 'static> {
    held: Arc<Held<T, D>>,
}

impl<T: Element, D: Dimension + 'static> Deref for ReadGuard<T, D> {
    type Target = Array<T, D>;

    fn deref(&self) -> &Array<T, D> {
        &self.held.array
    }
}

/// A variable of any element type and rank.
pub trait AnyVariable: Any + Send + Sync {
    /// The name with its scopes.
    fn name(&self) -> &str;
    /// The sizes.
    fn shape(&self) -> &[usize];
    /// The element type.
    fn dtype(&self) -> DType;
    /// What else is known of it.
    fn about(&self) -> &About;
    /// Whether gradients are computed for it.
    fn trainable(&self) -> bool;
    /// Says whether gradients are computed for it.
    fn set_trainable(&self, trainable: bool);
    /// How often it was made or found by its name.
    fn owners(&self) -> usize;
    /// Notes that it was found by its name once more.
    fn add_owner(&self);
    /// A variable of this name with the same value, of which this is known.
    fn copy(&self, name: String, about: About) -> Arc<dyn AnyVariable>;
    /// A number that no other variable has while this one lives.
    fn id(&self) -> usize;
    /// The value as it is now.
    fn snapshot(&self) -> Arc<dyn Buffer>;
    /// Changes the elements.
    fn change(&self, change: &mut dyn FnMut(SliceMut<'_>));
}

impl<T: Element, D: Dimension + 'static> AnyVariable for Shared<T, D> {
    fn name(&self) -> &str {
        &self.name
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn dtype(&self) -> DType {
        T::DTYPE
    }

    fn about(&self) -> &About {
        &self.about
    }

    fn trainable(&self) -> bool {
        self.trainable.load(Ordering::Relaxed)
    }

    fn set_trainable(&self, trainable: bool) {
        self.trainable.store(trainable, Ordering::Relaxed);
    }

    fn owners(&self) -> usize {
        self.owners.load(Ordering::Relaxed)
    }

    fn add_owner(&self) {
        self.owners.fetch_add(1, Ordering::Relaxed);
    }

    fn copy(&self, name: String, about: About) -> Arc<dyn AnyVariable> {
        let value = self.lock().array.clone();
        Variable::with(name, self.trainable(), about, value).erase()
    }

    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn snapshot(&self) -> Arc<dyn Buffer> {
        Arc::clone(&*self.lock()) as Arc<dyn Buffer>
    }

    fn change(&self, change: &mut dyn FnMut(SliceMut<'_>)) {
        let mut value = self.lock();
        if let Some(elements) = Arc::make_mut(&mut value).array_mut().as_slice_mut() {
            change(T::wrap_mut(elements));
        }
    }
}

impl<T: Element, D: Dimension + 'static> Buffer for Held<T, D> {
    fn slice(&self) -> Slice<'_> {
        // `Variable::new` stores standard layout, and nothing that writes to it changes the layout.
        T::wrap(self.array.as_slice().unwrap_or_default())
    }

    fn packs(&self) -> Option<&dyn Any> {
        self.packs.as_ref().map(|packs| packs as &dyn Any)
    }
}

impl dyn AnyVariable {
    /// Whether it is of this element type and shape.
    ///
    /// # Errors
    ///
    /// [`Error::DTypeMismatch`], [`Error::ShapeMismatch`].
    pub(crate) fn check_like(&self, dtype: DType, shape: &[usize]) -> Result<()> {
        let variable = || self.name().to_string();
        if self.dtype() != dtype {
            return Err(Error::DTypeMismatch { variable: variable(), expected: dtype, found: self.dtype() });
        }
        if self.shape() != shape {
            let (expected, found) = (shape.to_vec(), self.shape().to_vec());
            return Err(Error::ShapeMismatch { variable: variable(), expected, found });
        }
        Ok(())
    }
}

impl fmt::Debug for dyn AnyVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Variable({} {}{:?})", self.name(), self.dtype(), self.shape())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{arr1, arr2};

    fn variable() -> Variable<f32, ndarray::Ix1> {
        Variable::new("a/v".into(), true, arr1(&[1.0, 2.0]))
    }

    #[test]
    fn handles_share_one_value() {
        let first = variable();
        let second = first.share();
        second.assign(&arr1(&[3.0, 4.0])).unwrap();
        assert_eq!(*first.read(), arr1(&[3.0, 4.0]));
        assert!(first.is_same(&second) && !first.is_same(&variable()));
    }

    #[test]
    fn a_guard_keeps_the_value_it_saw() {
        let v = variable();
        let before = v.read();
        v.assign(&arr1(&[5.0, 6.0])).unwrap();
        assert_eq!((before[0], v.read()[0]), (1.0, 5.0));
    }

    #[test]
    fn writing_without_readers_stays_in_place() {
        let v = variable();
        let address = v.read().as_ptr();
        v.assign(&arr1(&[5.0, 6.0])).unwrap();
        assert_eq!(v.read().as_ptr(), address);
    }

    #[test]
    fn another_shape_is_refused() {
        let error = variable().assign(&arr1(&[1.0])).unwrap_err();
        assert_eq!(error.to_string(), "variable `a/v` has the shape [2], and is asked for as [1]");
    }

    #[test]
    fn values_are_stored_row_by_row() {
        let transposed = arr2(&[[1.0_f64, 2.0], [3.0, 4.0]]).reversed_axes();
        let v = Variable::new("t".into(), true, transposed);
        assert_eq!(f64::unwrap(v.erase().snapshot().slice()).unwrap(), [1.0, 3.0, 2.0, 4.0]);
    }
}
