//! Checks the application, the database and what happens during the run.

use super::{Bounds, Checks, Integer, Number, Quoted};
use crate::scenario::{
    Client, Database, Guard, Happening, Reads, Scenario, ServiceTime, Warming, What, Workload, Writes, limits,
};

impl Checks {
    pub(super) fn client(&mut self, client: &Client) {
        let mut whole =
            |field: &str, value: u64, limit| self.integer(&format!("client.{field}"), value, limit);
        whole(
            "round_trip_us",
            client.round_trip_us.into(),
            &limits::ROUND_TRIP_US,
        );
        whole("connections", client.connections.into(), &limits::CONNECTIONS);
        whole("instances", client.instances.into(), &limits::INSTANCES);
        if let Some(users) = client.users {
            whole("users.count", users.count.into(), &limits::USERS);
            whole("users.think_ms", users.think_ms.into(), &limits::THINK_MS);
        }
        if let Writes::Behind { flush_ms } = client.writes {
            whole("writes.flush_ms", flush_ms.into(), &limits::FLUSH_MS);
        }
        match client.guard {
            Guard::Lock { poll_ms } => whole("guard.poll_ms", poll_ms.into(), &limits::POLL_MS),
            Guard::StaleWhileRevalidate { grace_s } => whole("guard.grace_s", grace_s.0, &limits::GRACE_S),
            Guard::Early { .. } | Guard::None | Guard::Coalesce => {}
        }
        if let Some(seconds) = client.negative_ttl_s {
            whole("negative_ttl_s", seconds.0, &limits::NEGATIVE_TTL_S);
        }
        if let Some(pool) = client.pool {
            whole("pool.size", pool.size.into(), &limits::POOL_SIZE);
            whole("pool.wait_ms", pool.wait_ms.into(), &limits::TIMEOUT_MS);
        }
        if let Some(prefetch) = client.prefetch {
            whole("prefetch.depth", prefetch.depth.into(), &limits::PREFETCH_DEPTH);
        }
        if let Some(near) = client.near {
            whole("near.keys", near.keys, &limits::NEAR_KEYS);
            whole("near.ttl_ms", near.ttl_ms.into(), &limits::NEAR_TTL_MS);
        }
        whole("timeout_ms", client.timeout_ms.into(), &limits::TIMEOUT_MS);
        if let Some(breaker) = client.breaker {
            whole(
                "breaker.failures",
                breaker.failures.into(),
                &limits::BREAKER_FAILURES,
            );
            whole("breaker.open_ms", breaker.open_ms.into(), &limits::TIMEOUT_MS);
        }
        self.number("client.new_connections", client.new_connections.0, &limits::SHARE);
        if let Reads::RefreshAhead { after } = client.reads {
            self.number("client.reads.after", after.0, &limits::REFRESH_AFTER);
        }
        if let Guard::Early { beta } = client.guard {
            self.number("client.guard.beta", beta, &limits::BETA);
        }
        if let Warming::Throttled { keys_per_s } = client.warming {
            self.number("client.warming.keys_per_s", keys_per_s.0, &limits::WARMING_PER_S);
        }
        if let Some(prefetch) = client.prefetch {
            self.number("client.prefetch.accuracy", prefetch.accuracy.0, &limits::SHARE);
        }
        let most = limits::CONNECTIONS.max as u32 / client.instances.max(1);
        if let Some(pool) = client.pool
            && pool.size > most
            && limits::POOL_SIZE.contains(pool.size.into())
        {
            let bounds = format!(
                "at most {most}, as a node takes {} connections of all client.instances",
                Number(limits::CONNECTIONS.max)
            );
            self.report(
                "client.pool.size",
                Integer(pool.size.into()),
                Bounds::Rule(bounds),
            );
        }
    }

    /// Users who wait make every request themselves: none may stand for others, and none follows by itself.
    pub(super) fn users(&mut self, scenario: &Scenario) {
        let (Some(users), Workload::Synthetic { classes }) = (scenario.client.users, &scenario.workload)
        else {
            return;
        };
        let seconds = scenario.run.duration_s.0 as f64;
        let requests = f64::from(users.count) * seconds * 1e3 / f64::from(users.think_ms.max(1));
        if requests > limits::USER_REQUESTS {
            let bounds = format!(
                "so few that they make at most {} requests in the run; with no time for answers these make {}",
                Number(limits::USER_REQUESTS),
                Number(libm::round(requests)),
            );
            self.report(
                "client.users.count",
                Integer(users.count.into()),
                Bounds::Rule(bounds),
            );
        }
        let keys: u64 = classes
            .iter()
            .map(|class| class.keys)
            .fold(0, u64::saturating_add);
        if keys > limits::USER_KEYS {
            let bounds = format!(
                "left out where classes have more than {} keys",
                Integer(limits::USER_KEYS)
            );
            self.report(
                "client.users.count",
                Integer(users.count.into()),
                Bounds::Rule(bounds),
            );
        }
        for (index, class) in classes.iter().enumerate() {
            if let Some(follow) = &class.follows {
                let path = format!("workload.classes[{index}].follows.class");
                let bounds = "left out where client.users make the requests";
                self.report(&path, Quoted(&follow.class), Bounds::Rule(bounds.into()));
            }
        }
    }

    pub(super) fn database(&mut self, database: &Database) {
        let mut whole =
            |field: &str, value: u64, limit| self.integer(&format!("database.{field}"), value, limit);
        whole(
            "latency_us",
            database.latency_us.into(),
            &limits::DATABASE_LATENCY_US,
        );
        if let Some(queue) = database.queue {
            whole("queue", queue.into(), &limits::DATABASE_QUEUE);
        }
        if let Some(timeout) = database.timeout_ms {
            whole("timeout_ms", timeout.into(), &limits::TIMEOUT_MS);
        }
        whole("replicas", database.replicas.into(), &limits::DATABASE_REPLICAS);
        whole(
            "replica_lag_ms",
            database.replica_lag_ms.into(),
            &limits::REPLICA_LAG_MS,
        );
        whole("retries", database.retries.into(), &limits::RETRIES);
        whole("backoff_ms", database.backoff_ms.into(), &limits::BACKOFF_MS);
        self.number(
            "database.capacity_per_s",
            database.capacity_per_s.0,
            &limits::DATABASE_CAPACITY_PER_S,
        );
        if let ServiceTime::Lognormal { sigma } = database.service {
            self.number("database.service.sigma", sigma, &limits::SIGMA);
        }
        if let Some(share) = database.retry_budget {
            self.number("database.retry_budget", share.0, &limits::SHARE);
        }
        self.number(
            "database.usd_per_million_reads",
            database.usd_per_million_reads.0,
            &limits::USD_PER_MILLION_READS,
        );
    }

    pub(super) fn timeline(&mut self, scenario: &Scenario) {
        self.integer("timeline", scenario.timeline.len() as u64, &limits::TIMELINE);
        for (index, happening) in scenario.timeline.iter().enumerate() {
            self.happening(scenario, &format!("timeline[{index}]"), happening);
        }
    }

    fn happening(&mut self, scenario: &Scenario, path: &str, happening: &Happening) {
        self.integer(&format!("{path}.at_s"), happening.at_s.0, &limits::HAPPENS_S);
        self.integer(
            &format!("{path}.duration_s"),
            happening.duration_s.0,
            &limits::HAPPENS_S,
        );
        let field = |name: &str| format!("{path}.what.{name}");
        let unfit = match happening.what {
            _ if scenario.cluster.serverless.is_some() && happening.what.is_of_nodes() => {
                "something else, as Serverless has no nodes that its user sees"
            }
            What::Snapshot if scenario.cluster.engine.is_memcached() => {
                "left out, as Memcached keeps nothing on disk"
            }
            What::RegionLoss { .. } if scenario.cluster.global.is_none() => {
                "left out without secondary regions: cluster.global"
            }
            _ => "",
        };
        if !unfit.is_empty() {
            self.report(
                &format!("{path}.what"),
                Quoted(happening.what.name()),
                Bounds::Rule(unfit.into()),
            );
            return;
        }
        match &happening.what {
            What::Load { class, factor } => {
                self.class(scenario, &field("class"), class.as_deref());
                if matches!(scenario.workload, Workload::Trace(_)) {
                    let bounds = "left out where a trace is replayed, whose rate is recorded";
                    self.report(&field("factor"), Number(*factor), Bounds::Rule(bounds.into()));
                }
                self.number(&field("factor"), *factor, &limits::LOAD_FACTOR);
            }
            What::Deploy {
                class,
                value_factor,
                ttl_s,
            } => {
                self.class(scenario, &field("class"), class.as_deref());
                self.number(&field("value_factor"), *value_factor, &limits::VALUE_FACTOR);
                if let Some(ttl) = ttl_s {
                    self.integer(&field("ttl_s"), ttl.0, &limits::TTL_S);
                }
            }
            What::NodeFailure { shard } | What::Partition { shard } => {
                self.shard(scenario, &field("shard"), Some(*shard));
            }
            What::SlowNode { shard, factor } => {
                self.shard(scenario, &field("shard"), *shard);
                self.number(&field("factor"), *factor, &limits::SLOW_FACTOR);
            }
            What::SlowCommand {
                shard,
                milliseconds,
                every_s,
            } => {
                self.shard(scenario, &field("shard"), *shard);
                self.integer(&field("milliseconds"), (*milliseconds).into(), &limits::STALL_MS);
                self.integer(&field("every_s"), every_s.0, &limits::STALL_EVERY_S);
            }
            What::Flush { shard } | What::Restart { shard } => {
                self.shard(scenario, &field("shard"), *shard);
            }
            What::ReplicaFailure { shard } | What::ReplicaPartition { shard } => {
                self.shard(scenario, &field("shard"), Some(*shard));
            }
            What::ZoneLoss { zone } => {
                let zones = scenario.cluster.zones;
                if *zone >= zones {
                    let bounds = format!("below cluster.zones, {zones}: they are numbered from 0");
                    self.report(&field("zone"), Integer((*zone).into()), Bounds::Rule(bounds));
                }
            }
            What::Connections { count } => {
                self.integer(&field("count"), (*count).into(), &limits::OTHER_CONNECTIONS);
            }
            What::Snapshot => {}
            What::RegionLoss { promotion_s } => {
                self.integer(&field("promotion_s"), promotion_s.0, &limits::HAPPENS_S);
            }
            What::Reshard { shards } => self.shards_become(scenario, &field("shards"), *shards),
            What::Replicas { replicas } => {
                self.integer(&field("replicas"), (*replicas).into(), &limits::REPLICAS);
                if scenario.cluster.engine.is_memcached() && *replicas > 0 {
                    let bounds = Bounds::Rule("0, as Memcached does not replicate".into());
                    self.report(&field("replicas"), Integer((*replicas).into()), bounds);
                }
            }
            What::NodeType { node_type } => {
                self.other_node_type(&field("node_type"), node_type, &scenario.cluster);
            }
            What::DatabaseSlow { factor } => self.number(&field("factor"), *factor, &limits::SLOW_FACTOR),
            What::DatabaseDown => {}
            What::LoadShedding { share }
            | What::LostInvalidations { share }
            | What::WrongShard { share }
            | What::AuthFailures { share } => {
                self.number(&field("share"), share.0, &limits::SHARE);
            }
        }
    }

    /// Checks a number of shards that the cluster is to have.
    fn shards_become(&mut self, scenario: &Scenario, path: &str, shards: u32) {
        let cluster = &scenario.cluster;
        let memcached = cluster.engine.is_memcached();
        let limit = if memcached {
            &limits::MEMCACHED_NODES
        } else {
            &limits::SHARDS
        };
        self.integer(path, shards.into(), limit);
        let nodes = u64::from(shards) * (1 + u64::from(cluster.replicas));
        if limit.contains(f64::from(shards)) && !limits::NODES.contains(nodes as f64) {
            let bounds = format!("so few that they have at most {} nodes", limits::NODES.max as u32);
            self.report(path, Integer(shards.into()), Bounds::Rule(bounds));
        }
        if !memcached && !cluster.has_bus() {
            let bounds = "left out unless cluster mode is enabled: cluster.cluster_mode";
            self.report(path, Integer(shards.into()), Bounds::Rule(bounds.into()));
        }
    }

    /// Checks that the shard exists, if one is named.
    fn shard(&mut self, scenario: &Scenario, path: &str, shard: Option<u32>) {
        let shards = scenario.cluster.shards;
        if let Some(shard) = shard.filter(|shard| *shard >= shards) {
            let bounds = format!("below cluster.shards, {shards}: they are numbered from 0");
            self.report(path, Integer(shard.into()), Bounds::Rule(bounds));
        }
    }

    /// Checks that the class exists, if one is named.
    fn class(&mut self, scenario: &Scenario, path: &str, class: Option<&str>) {
        let Some(name) = class else { return };
        let classes = match &scenario.workload {
            Workload::Synthetic { classes } => classes.as_slice(),
            Workload::Trace(_) => &[],
        };
        if !classes.iter().any(|class| class.name == name) {
            let names = classes.iter().map(|class| class.name.as_str());
            if classes.is_empty() {
                let bounds = "left out, as a trace has no classes";
                self.report(path, Quoted(name), Bounds::Rule(bounds.into()));
            } else {
                self.one_of(path, name, names);
            }
        }
    }
}
