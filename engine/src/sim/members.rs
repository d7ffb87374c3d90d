//! The nodes of a shard: which is the primary, which follow it, which are away.

use crate::order::sort_by;

/// How a node of a shard is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// Alive: the primary, or a replica in step with it.
    InStep,
    /// A replica that is being brought up to date, by the attempt of this number.
    Joining(u32),
    /// A replica that nobody reaches.
    CutOff,
    /// Dead.
    Dead,
    /// Not there any more.
    Gone,
}

/// The nodes of a shard, numbered as [`zone_of`](crate::cluster::zone_of) has them.
pub(super) struct Members {
    nodes: Vec<Member>,
    primary: u32,
    attempts: u32,
}

impl Members {
    /// A primary and so many replicas in step.
    pub(super) fn new(replicas: u32) -> Self {
        Self {
            nodes: vec![Member::InStep; replicas as usize + 1],
            primary: 0,
            attempts: 0,
        }
    }

    pub(super) fn get(&self, node: u32) -> Member {
        self.nodes.get(node as usize).copied().unwrap_or(Member::Gone)
    }

    pub(super) fn set(&mut self, node: u32, member: Member) {
        if let Some(place) = self.nodes.get_mut(node as usize) {
            *place = member;
        }
    }

    /// Number of the primary, dead or alive.
    pub(super) fn primary(&self) -> u32 {
        self.primary
    }

    /// Makes a node the primary.
    pub(super) fn promote(&mut self, node: u32) {
        self.primary = node;
        self.set(node, Member::InStep);
    }

    /// Has a node try to come into step; returns the number of the attempt, by which later ones are told apart.
    pub(super) fn begin_joining(&mut self, node: u32) -> u32 {
        self.attempts += 1;
        self.set(node, Member::Joining(self.attempts));
        self.attempts
    }

    /// Adds a node, which is not in step yet; returns its number.
    pub(super) fn add(&mut self) -> u32 {
        let gone = self.nodes.iter().position(|member| *member == Member::Gone);
        let node = gone.unwrap_or(self.nodes.len());
        if gone.is_none() {
            self.nodes.push(Member::Gone);
        }
        self.set(node as u32, Member::CutOff);
        node as u32
    }

    /// Has so many replicas from now on, besides a node that is to be the primary's successor. Returns those that are new;
    /// of those there are, replicas that are not in step go first.
    pub(super) fn resize(&mut self, replicas: u32, successor: Option<u32>) -> Vec<u32> {
        let primary = self.primary;
        let others = self
            .iter()
            .filter(|(node, _)| *node != primary && Some(*node) != successor);
        let mut there: Vec<(bool, u32)> = others
            .map(|(node, member)| (member != Member::InStep, node))
            .collect();
        sort_by(&mut there, |(away, node)| {
            u64::from(*away) << 32 | u64::from(*node)
        });
        for (_, node) in there.iter().skip(replicas as usize) {
            self.set(*node, Member::Gone);
        }
        (there.len()..replicas as usize).map(|_| self.add()).collect()
    }

    /// All nodes that are there, by their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Member)> {
        let there = (0..).zip(self.nodes.iter().copied());
        there.filter(|(_, member)| *member != Member::Gone)
    }

    /// Replicas in step, the first of them first.
    pub(super) fn in_step(&self) -> impl Iterator<Item = u32> {
        let primary = self.primary;
        let followers = self
            .iter()
            .filter(move |(node, member)| *node != primary && *member == Member::InStep);
        followers.map(|(node, _)| node)
    }

    /// Replicas that are alive and come into step.
    pub(super) fn joining(&self) -> impl Iterator<Item = u32> {
        let joining = self
            .iter()
            .filter(|(_, member)| matches!(member, Member::Joining(_)));
        joining.map(|(node, _)| node)
    }
}
