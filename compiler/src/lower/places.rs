//! What is known of the variables and layers that are made, one by one: those of a family differ from turn to turn.

use std::collections::HashMap;

use crate::ir::{Index, Place};

/// What is known of each that is made.
pub struct Places<T> {
    list: Vec<T>,
    /// The first that was made of each field.
    of_field: HashMap<usize, usize>,
    /// That of each place.
    of_place: HashMap<(usize, Vec<usize>), usize>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { list: Vec::new(), of_field: HashMap::new(), of_place: HashMap::new() }
    }
}

impl<T> Places<T> {
    /// Notes what is made at a place, the first time.
    pub fn note(&mut self, place: &Place<usize>, known: T) {
        let next = self.list.len();
        let number = match turns(place) {
            Some(turns) => *self.of_place.entry((place.id, turns)).or_insert(next),
            None => *self.of_field.entry(place.id).or_insert(next),
        };
        self.of_field.entry(place.id).or_insert(number);
        if number == next {
            self.list.push(known);
        }
    }

    /// What was made at a place, to be completed.
    pub fn get_mut(&mut self, place: &Place<usize>) -> Option<&mut T> {
        let own = turns(place).and_then(|turns| self.of_place.get(&(place.id, turns)));
        own.or_else(|| self.of_field.get(&place.id)).map(|&number| &mut self.list[number])
    }

    /// What was made at a place; where its turn is known only in a run, the first of its family, which is as all are.
    pub fn get(&self, place: &Place<usize>) -> Option<&T> {
        let own = turns(place).and_then(|turns| self.of_place.get(&(place.id, turns)));
        own.or_else(|| self.of_field.get(&place.id)).map(|&number| &self.list[number])
    }
}

/// The turns of unrolled loops on the way to a place; `None` where there are others.
fn turns(place: &Place<usize>) -> Option<Vec<usize>> {
    let turn = |index: &Index| if let Index::Turn(number) = index { Some(*number) } else { None };
    place.indices.iter().map(turn).collect()
}
