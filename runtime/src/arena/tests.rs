use super::*;
use crate::shape::{Dim, Shape};

fn slot(offset: usize, length: usize) -> Slot {
    Slot::new(Place::Arena(offset), &Shape::new(DType::F32, &[Dim::known(length)]))
}

fn wanted(slot: Slot) -> Vec<Target> {
    vec![Some((slot, Update::Set))]
}

#[test]
fn disjoint_places_are_lent_together() {
    let access = Access::new(vec![vec![slot(0, 16)]], vec![wanted(slot(64, 16))]).unwrap();
    let (mut arena, mut gradients) = (Arena::new(128).unwrap(), Arena::new(0).unwrap());
    arena.write::<f32>(0, 16).unwrap().fill(2.0);
    let mut memory = Memory::new(&mut arena, &mut gradients, &[], &[]);
    let (mut arguments, _) = memory.lend(&access);
    let (mut y, x) = (arguments.write::<f32>().unwrap(), arguments.read::<f32>().unwrap());
    y.data().copy_from_slice(x.data());
    assert!(arguments.read::<f32>().is_err() && arguments.write::<f32>().is_err());
    assert_eq!(arena.read::<f32>(64, 16).unwrap(), [2.0; 16]);
}

#[test]
fn what_is_written_overlaps_nothing() {
    assert!(Access::new(vec![vec![slot(0, 17)]], vec![wanted(slot(64, 1))]).is_err());
    assert!(Access::new(vec![], vec![wanted(slot(0, 17)), wanted(slot(64, 1))]).is_err());
    assert!(Access::new(vec![vec![slot(0, 17)], vec![slot(64, 1)]], vec![]).is_ok());
    let input = Slot::new(Place::Input(0), &Shape::scalar(DType::F32));
    assert!(Access::new(vec![], vec![wanted(input)]).is_err());
}

#[test]
fn places_stay_inside_the_block() {
    let mut arena = Arena::new(64).unwrap();
    assert!(arena.write::<f64>(0, 9).is_err());
    assert!(arena.write::<f64>(8, 1).is_err());
    assert!(arena.read::<u8>(64, 0).is_ok());
    assert!(arena.read::<u8>(128, 0).is_err());
}

#[test]
fn booleans_are_read_only_where_they_were_written() {
    let mut arena = Arena::new(64).unwrap();
    arena.write::<u8>(0, 1).unwrap()[0] = 7;
    assert!(arena.read::<bool>(0, 1).is_err());
    assert_eq!(arena.write::<bool>(0, 1).unwrap(), [false]);
    assert!(arena.read::<bool>(0, 1).is_ok());
}
