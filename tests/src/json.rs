//! Reading JSON of a known form: whatever does not fit is named with its place.

use std::fmt;

use serde_json::Value;

/// Why a file cannot be judged, with the place in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Error(String);

impl Error {
    /// An error with this text.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// A value of a file and its place there: `ops[3].inputs.x`.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    value: &'a Value,
    place: String,
}

impl<'a> Node<'a> {
    /// The whole file.
    pub fn root(value: &'a Value) -> Self {
        Self { value, place: String::new() }
    }

    /// What is wrong with this value.
    pub fn wrong(&self, message: impl fmt::Display) -> Error {
        if self.place.is_empty() {
            Error::new(message.to_string())
        } else {
            Error(format!("{}: {message}", self.place))
        }
    }

    /// The field of this name, if it is there and not null.
    ///
    /// # Errors
    ///
    /// This is no object.
    pub fn get(&self, name: &str) -> Result<Option<Self>, Error> {
        let object = self.value.as_object().ok_or_else(|| self.wrong("an object should stand here"))?;
        Ok(object.get(name).filter(|value| !value.is_null()).map(|value| self.at(name, value)))
    }

    /// The field of this name.
    ///
    /// # Errors
    ///
    /// This is no object, or has no such field.
    pub fn field(&self, name: &str) -> Result<Self, Error> {
        self.get(name)?.ok_or_else(|| self.wrong(format!("`{name}` is missing")))
    }

    /// All fields, in the order of the file.
    ///
    /// # Errors
    ///
    /// This is no object.
    pub fn fields(&self) -> Result<Vec<(&'a str, Self)>, Error> {
        let object = self.value.as_object().ok_or_else(|| self.wrong("an object should stand here"))?;
        Ok(object.iter().map(|(name, value)| (name.as_str(), self.at(name, value))).collect())
    }

    /// The items of a list.
    ///
    /// # Errors
    ///
    /// This is no list.
    pub fn items(&self) -> Result<Vec<Self>, Error> {
        let list = self.value.as_array().ok_or_else(|| self.wrong("a list should stand here"))?;
        let item = |(n, value)| Self { value, place: format!("{}[{n}]", self.place) };
        Ok(list.iter().enumerate().map(item).collect())
    }

    fn at(&self, name: &str, value: &'a Value) -> Self {
        let dot = if self.place.is_empty() { "" } else { "." };
        Self { value, place: format!("{}{dot}{name}", self.place) }
    }

    /// The same value, its place followed by a name in brackets.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        self.place = format!("{} ({name})", self.place);
        self
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// Whether this is a list.
    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// A number.
    ///
    /// # Errors
    ///
    /// This is none.
    pub fn number(&self) -> Result<f64, Error> {
        self.value.as_f64().ok_or_else(|| self.wrong(format!("{} is no number", self.value)))
    }

    /// A number without a fraction.
    ///
    /// # Errors
    ///
    /// This is none.
    pub fn integer(&self) -> Result<i64, Error> {
        self.value.as_i64().ok_or_else(|| self.wrong(format!("{} is no integer", self.value)))
    }

    /// A size: an integer from 0 on.
    ///
    /// # Errors
    ///
    /// This is none.
    pub fn size(&self) -> Result<usize, Error> {
        usize::try_from(self.integer()?).map_err(|_| self.wrong(format!("{} is no size", self.value)))
    }

    /// A boolean.
    ///
    /// # Errors
    ///
    /// This is none.
    pub fn boolean(&self) -> Result<bool, Error> {
        self.value.as_bool().ok_or_else(|| self.wrong(format!("{} is neither true nor false", self.value)))
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// This is none.
    pub fn text(&self) -> Result<&'a str, Error> {
        self.value.as_str().ok_or_else(|| self.wrong(format!("{} is no text", self.value)))
    }

    /// A list of numbers; a boolean is 0 or 1.
    ///
    /// # Errors
    ///
    /// This is none.
    pub fn numbers(&self) -> Result<Vec<f64>, Error> {
        let number = |node: &Self| node.value.as_bool().map_or_else(|| node.number(), |is| Ok(f64::from(u8::from(is))));
        self.items()?.iter().map(number).collect()
    }

    /// A list of sizes.
    ///
    /// # Errors
    ///
    /// This is none.
    pub fn sizes(&self) -> Result<Vec<usize>, Error> {
        self.items()?.iter().map(Self::size).collect()
    }

    /// A list of lists of numbers, all of one length.
    ///
    /// # Errors
    ///
    /// This is none.
    pub fn rows(&self) -> Result<Vec<Vec<f64>>, Error> {
        let rows = self.items()?.iter().map(Self::numbers).collect::<Result<Vec<_>, _>>()?;
        let is_even = rows.windows(2).all(|pair| pair[0].len() == pair[1].len());
        if is_even { Ok(rows) } else { Err(self.wrong("the rows are not of one length")) }
    }
}
