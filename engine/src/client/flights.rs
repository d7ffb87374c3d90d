//! Rebuilds under way: values that were missed, asked from the database, and are not in the cache yet.

use crate::places;
use crate::units::Micros;

const NONE: u32 = u32::MAX;

/// The rebuilds of one key that are under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Flight {
    /// When the first of them is in the cache, as far as is known.
    pub(crate) first: Micros,
    /// How many there are.
    pub(crate) pending: u32,
    /// Processes that take part, where each asks for itself only once.
    pub(crate) processes: u32,
    /// Other requests for the key that met the flight, for each key that it stands for.
    met: f64,
}

/// All rebuilds under way, by key.
pub(crate) struct Flights {
    of_key: Vec<u32>,
    flights: Vec<Flight>,
    free: Vec<u32>,
}

impl Flights {
    /// None yet, of keys numbered below `keys`.
    pub(crate) fn new(keys: usize) -> Self {
        Self {
            of_key: vec![NONE; keys],
            flights: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Whether a key is rebuilt; brings that into the processor's cache.
    pub(crate) fn glance(&self, key: u32) -> bool {
        self.of_key
            .get(key as usize)
            .is_some_and(|number| *number != NONE)
    }

    /// The rebuilds of a key, if any.
    pub(crate) fn get(&self, key: u32) -> Option<Flight> {
        let number = *self.of_key.get(key as usize)?;
        self.flights.get(number as usize).copied()
    }

    /// Another rebuild of a key begins, by so many processes, that will be in the cache at this time.
    pub(crate) fn begin(&mut self, key: u32, processes: u32, lands: Micros) {
        let Some(number) = self.of_key.get_mut(key as usize) else {
            return;
        };
        if let Some(flight) = self.flights.get_mut(*number as usize) {
            flight.pending += 1;
            flight.processes += processes;
            flight.first = flight.first.min(lands);
            return;
        }
        let flight = Flight {
            first: lands,
            pending: 1,
            processes,
            met: 0.0,
        };
        *number = places::put(&mut self.flights, &mut self.free, flight);
    }

    /// So many other requests met the flight of a key.
    pub(crate) fn met(&mut self, key: u32, requests: f64) {
        if let Some(number) = self.of_key.get(key as usize)
            && let Some(flight) = self.flights.get_mut(*number as usize)
        {
            flight.met += requests;
        }
    }

    /// A rebuild of a key is over, for better or worse. Returns how many other requests met its flight.
    pub(crate) fn end(&mut self, key: u32) -> f64 {
        let Some(number) = self.of_key.get_mut(key as usize) else {
            return 0.0;
        };
        let Some(flight) = self.flights.get_mut(*number as usize) else {
            return 0.0;
        };
        flight.pending -= 1;
        if flight.pending == 0 {
            self.free.push(*number);
            *number = NONE;
        }
        flight.met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_lasts_until_its_last_rebuild_is_over() {
        let mut flights = Flights::new(3);
        flights.begin(1, 1, Micros(70));
        flights.begin(1, 2, Micros(50));
        flights.begin(2, 1, Micros(90));
        let expected = Flight {
            first: Micros(50),
            pending: 2,
            processes: 3,
            met: 0.0,
        };
        assert_eq!(flights.get(1), Some(expected));
        flights.end(1);
        assert_eq!(flights.get(1).map(|flight| flight.pending), Some(1));
        flights.end(1);
        flights.end(1);
        assert_eq!(flights.get(1), None);
        flights.begin(0, 1, Micros(10));
        assert_eq!(flights.get(0).map(|flight| flight.first), Some(Micros(10)));
        assert_eq!(flights.get(2).map(|flight| flight.first), Some(Micros(90)));
        assert_eq!(flights.flights.len(), 2, "places are used again");
    }
}
